from . import auditing as auditing
from . import datasets as datasets
from . import metrics as metrics
from . import nn as nn
from ._estimators.classifier import MIDebiasedClassifier
from ._estimators.load import load, load_model
from ._estimators.transformer import MIFairTransformer
from ._tradeoff.cv import MIDebiasedClassifierCV
from ._tradeoff.display import TradeoffDisplay
from ._tradeoff.path import LambdaPath
from ._tradeoff.train import lambda_path
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
