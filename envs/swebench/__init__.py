"""SWE-bench: repositories, issues, and patches that make failing tests pass."""
