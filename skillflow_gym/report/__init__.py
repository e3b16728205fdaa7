"""The HTML report of training runs: one file that needs no network."""

from skillflow_gym.report.page import write_report
from skillflow_gym.report.runs import ReportError, RunRecord, read_run

__all__ = ["ReportError", "RunRecord", "read_run", "write_report"]
