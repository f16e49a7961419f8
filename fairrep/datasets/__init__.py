"""Bundled and synthetic data sets with a sensitive attribute."""

from fairrep.datasets._bundled import load_adult, load_german
from fairrep.datasets._synthetic import make_biased_classification

__all__ = ["load_adult", "load_german", "make_biased_classification"]
