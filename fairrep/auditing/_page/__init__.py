"""Findings become a page or a model card here, in the words and pictures of `_showing`."""
