"""Diagnostics on trajectories, in numpy: what was found, how often, by which ways."""
