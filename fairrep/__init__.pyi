from . import auditing as auditing
from . import datasets as datasets
from . import metrics as metrics
from . import mutual_info as mutual_info
from . import nn as nn
from ._estimators.classifier import MIDebiasedClassifier as MIDebiasedClassifier
from ._estimators.load import load as load
from ._estimators.load import load_model as load_model
from ._estimators.regressor import MIDebiasedRegressor as MIDebiasedRegressor
from ._estimators.transformer import MIFairTransformer as MIFairTransformer
from ._tradeoff.cv import MIDebiasedClassifierCV as MIDebiasedClassifierCV
from ._tradeoff.display import TradeoffDisplay as TradeoffDisplay
from ._tradeoff.information_plane import (
    InformationPlaneDisplay as InformationPlaneDisplay,
)
from ._tradeoff.path import LambdaPath as LambdaPath
from ._tradeoff.train import lambda_path as lambda_path
from ._version import __version__ as __version__
from .auditing import AuditReport as AuditReport
from .auditing import audit as audit
from .auditing import certify as certify
from .auditing import model_card as model_card
