"""`save` writes fitted estimators as plain data and tensors.

Values go into JSON, weights into safetensors, so that nothing that is read is ever run.
A classifier of scikit-learn's inside goes through skops, which loads types that are
trusted alone; its bytes are a tensor among the weights.
"""

import os
from pathlib import Path
from typing import Any

import sklearn
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .._inputs.classifier_scores import ScoredInputs, Scorers, inputs_state
from .._storage.folder import write_folder
from .._storage.plain import to_plain
from .._storage.skops import to_bytes, untrusted_types
from .._training.build import tensors_of
from .._training.fitted import Fitted
from .._training.net import FairNet
from .._utils.warnings import warn_user
from .._version import __version__
from ..nn._encoder import UserEncoder

# Name of the tensor that holds the bytes of skops.
ESTIMATOR = "estimator"
# The parameters that are classifiers.
WRAPPED = ("estimator", "sensitive_estimator")
# Written apart from the other fitted attributes.
APART = {"net_", "history_"}


def save_model(estimator: Any, folder: str | os.PathLike) -> None:
    """Write a fitted estimator of fairrep's to a folder, see `BaseMIEstimator.save`."""
    _check_class(estimator)
    check_is_fitted(estimator)
    fitted: Fitted = estimator._fitted
    tensors = net_tensors(fitted.net) | _estimator_tensor(estimator)
    write_folder(Path(folder), _content(estimator, fitted), tensors)


def _check_class(estimator: BaseEstimator) -> None:
    # Of the class itself: one that is derived from it would be loaded as another.
    if vars(type(estimator)).get("_can_be_saved"):
        return
    raise TypeError(
        "Only fairrep's own estimators can be saved, and no subclasses, as loading "
        f"runs no code; got {type(estimator).__name__}."
    )


def _content(estimator: Any, fitted: Fitted) -> dict[str, Any]:
    """All of the estimator but its weights."""
    params = estimator.get_params(deep=False)
    net = fitted.net
    params.pop("encoder")  # of the fit, not of a parameter that was set since
    has_own_encoder = isinstance(net.module_.encoder, UserEncoder)
    for name in WRAPPED:
        params.pop(name, None)  # see `_estimator_tensor`
    found = {
        name: value
        for name, value in estimator._fitted_attributes().items()
        if name not in APART
    }
    return {
        "class": type(estimator).__name__,
        "versions": _versions(),
        "params": {name: _plain_param(name, params[name]) for name in params},
        "encoder": _class_of_encoder(net) if has_own_encoder else None,
        "set_output": getattr(estimator, "_sklearn_output_config", {}).get("transform"),
        "fitted": {name: to_plain(found[name], name) for name in found},
        "history": to_plain([*net.history], "history_"),
        "inputs": to_plain(inputs_state(fitted.inputs), "the encoding of X"),
        "spec": to_plain(fitted.spec.to_dict(), "the spec of the nets"),
        "best_epoch": net.best_epoch(),
    }


def _plain_param(name: str, value: Any) -> Any:
    try:
        return to_plain(value, f"The parameter {name}")
    except ValueError as error:
        raise ValueError(
            f"{error} Give it another value with set_params before saving."
        ) from error


def _class_of_encoder(net: FairNet) -> str:
    cls = type(net.module_.encoder.module)
    return f"{cls.__module__}.{cls.__qualname__}"


def _versions() -> dict[str, str]:
    return {
        "fairrep": __version__,
        "scikit-learn": sklearn.__version__,
        "torch": str(torch.__version__),
    }


def net_tensors(net: FairNet) -> dict[str, Tensor]:
    """Everything that is trained or drawn, by name."""
    return tensors_of(net.module_, net.critics_)


def _estimator_tensor(estimator: Any) -> dict[str, Tensor]:
    """Parameters that are classifiers, and their fitted twins, through skops."""
    given = {name: getattr(estimator, name) for name in WRAPPED}
    given = {name: value for name, value in given.items() if value is not None}
    inputs = estimator._fitted.inputs
    scorers = inputs.scorers if isinstance(inputs, ScoredInputs) else Scorers()
    if not given and not scorers.all:
        return {}
    content = {
        "parameters": {name: clone(value) for name, value in given.items()},
        "estimator": scorers.estimator,
        "of_sensitive": [*scorers.of_sensitive],
    }
    named = [f"{name}={type(value).__name__}" for name, value in given.items()]
    what = ", ".join(named) or "the classifiers whose scores are inputs"
    data = to_bytes(content, what)
    if types := untrusted_types(data):
        warn_user(
            f"{what} holds types that fairrep.load must be told to trust: trusted="
            f"{types}."
        )
    return {ESTIMATOR: torch.frombuffer(bytearray(data), dtype=torch.uint8)}
