"""Rows set apart, counts of codes by group, and the limits that they give."""
