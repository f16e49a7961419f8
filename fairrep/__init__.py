"""Debias tabular models by minimising mutual information with a sensitive attribute."""

from ._classifier import MIDebiasedClassifier
from ._cv import MIDebiasedClassifierCV
from ._model_files import load_model
from ._path import LambdaPath, lambda_path
from ._storage import load
from ._tradeoff import TradeoffDisplay
from ._transformer import MIFairTransformer
from ._version import __version__ as __version__
from .auditing import AuditReport, audit, certify

__all__ = [
    "AuditReport",
    "LambdaPath",
    "MIDebiasedClassifier",
    "MIDebiasedClassifierCV",
    "MIFairTransformer",
    "TradeoffDisplay",
    "audit",
    "certify",
    "lambda_path",
    "load",
    "load_model",
]
