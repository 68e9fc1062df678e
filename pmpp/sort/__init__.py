"""Sorting and merging (chapters 13 and 14)."""
