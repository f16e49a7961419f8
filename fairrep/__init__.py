"""Debias tabular models by minimising mutual information with a sensitive attribute."""

from ._classifier import MIDebiasedClassifier
from ._transformer import MIFairTransformer

__all__ = ["MIDebiasedClassifier", "MIFairTransformer"]
__version__ = "0.1.0"
