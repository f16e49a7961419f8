"""Debias tabular models by minimising mutual information with a sensitive attribute."""

__version__ = "0.1.0"
