"""Debias tabular models by minimising mutual information with a sensitive attribute."""

from importlib import import_module
from typing import Any

from ._version import __version__ as __version__

# Where each name is from. Loaded when it is asked for: `fairrep --help` needs no torch.
_HOMES = {
    "AuditReport": "auditing",
    "InformationPlaneDisplay": "_tradeoff.information_plane",
    "LambdaPath": "_tradeoff.path",
    "MIDebiasedClassifier": "_estimators.classifier",
    "MIDebiasedClassifierCV": "_tradeoff.cv",
    "MIDebiasedRegressor": "_estimators.regressor",
    "MIFairTransformer": "_estimators.transformer",
    "TradeoffDisplay": "_tradeoff.display",
    "audit": "auditing",
    "certify": "auditing",
    "lambda_path": "_tradeoff.train",
    "load": "_estimators.load",
    "load_model": "_estimators.load",
    "model_card": "auditing",
}
_MODULES = ("auditing", "datasets", "metrics", "mutual_info", "nn")

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name in _HOMES:
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value  # the next time it is found without this
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, *_MODULES])
