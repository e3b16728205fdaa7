"""Scoring: one pure module per metric, each with the rules of its benchmark's official evaluator."""
