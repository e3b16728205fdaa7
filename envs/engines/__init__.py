"""Engines that run in processes of their own, and the processes."""
