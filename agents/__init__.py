"""Agents: one readable main each, trained and compared on identical environments."""
