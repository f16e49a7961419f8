"""Measures of what a view of the rows tells of S: one a file, and a registry."""
