"""The HTML report of training runs and comparisons: one file that needs no network."""

from skillflow_gym.report.comparison import ComparisonRecord, is_comparison, read_comparison
from skillflow_gym.report.page import write_report
from skillflow_gym.report.runs import ReportError, RunRecord, read_run

__all__ = [
    "ComparisonRecord",
    "ReportError",
    "RunRecord",
    "is_comparison",
    "read_comparison",
    "read_run",
    "write_report",
]
