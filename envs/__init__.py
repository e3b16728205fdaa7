"""Benchmarks: one module each, its mini tasks beside it."""
