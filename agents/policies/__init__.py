"""Policies: what chooses actions, from a small scorer to a language model."""
