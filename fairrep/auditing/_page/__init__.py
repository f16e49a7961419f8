"""Findings become a page or a model card here, in the words of `_showing`."""
