"""Errors that more than one layer raises."""


class InfrastructureError(RuntimeError):
    """A sandbox, worker or server failed. The environment truncates the episode and marks it unscored."""
