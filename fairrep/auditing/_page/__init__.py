"""Findings become one page of HTML here; words and pictures are those of `_showing`."""
