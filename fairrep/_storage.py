"""Fitted estimators as plain data and tensors, and back: `save` and `load`.

Classes come from a list, values from JSON, weights from safetensors: nothing that is
read is ever run. A classifier of scikit-learn's inside goes through skops, which loads
types that are trusted alone; its bytes are a tensor among the weights.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sklearn
import torch
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted
from skorch.history import History
from torch import Tensor

from ._base import BaseMIEstimator
from ._blueprint import net_from_blueprint
from ._classifier import MIDebiasedClassifier
from ._cv import MIDebiasedClassifierCV
from ._model_folder import DOCUMENT, read_folder, write_folder
from ._plain import from_plain, to_plain
from ._skops import from_bytes, to_bytes, untrusted_types
from ._table_state import inputs_state, restored_inputs
from ._transformer import MIFairTransformer
from ._warnings import warn_user
from .nn._net import FairNet

CLASSES: dict[str, type[BaseMIEstimator]] = {
    cls.__name__: cls for cls in (MIDebiasedClassifier, MIFairTransformer)
}
# Name of the tensor that holds the bytes of skops.
ESTIMATOR = "estimator"
# Written apart from the other fitted attributes.
APART = {"net_", "history_"}
# What content of the wrong kind raises where it is used.
UNFIT = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


# -- save ----------------------------------------------------------------------


def save_model(estimator: BaseMIEstimator, folder: str | os.PathLike) -> None:
    """`BaseMIEstimator.save`."""
    if type(estimator) is MIDebiasedClassifierCV:
        estimator = _chosen(estimator)
    _check_class(estimator)
    check_is_fitted(estimator)
    tensors = _tensors(estimator.net_) | _estimator_tensor(estimator)
    write_folder(Path(folder), _content(estimator), tensors)


def _check_class(estimator: BaseMIEstimator) -> None:
    if CLASSES.get(type(estimator).__name__) is type(estimator):
        return
    raise TypeError(
        f"Only {' and '.join(CLASSES)} can be saved, and no subclasses, as loading "
        f"runs no code; got {type(estimator).__name__}."
    )


def _chosen(search: MIDebiasedClassifierCV) -> MIDebiasedClassifier:
    """The classifier at ``lambda_``, with the parameters as they are set now."""
    check_is_fitted(search)
    point = search.lambda_path_.at(search.lambda_)
    shared = point.get_params(deep=False)
    params = search.get_params(deep=False).items()
    point.set_params(**{name: value for name, value in params if name in shared})
    if hasattr(search, "_sklearn_output_config"):
        point._sklearn_output_config = search._sklearn_output_config
    return point


def _content(estimator: BaseMIEstimator) -> dict[str, Any]:
    """All of the estimator but its weights."""
    params = estimator.get_params(deep=False)
    net, encoder = estimator.net_, params.pop("encoder")
    params.pop("estimator", None)  # see `_estimator_tensor`
    fitted = {
        name: value
        for name, value in vars(estimator).items()
        if _is_fitted_name(name) and name not in APART
    }
    return {
        "class": type(estimator).__name__,
        "versions": _versions(),
        "params": {name: _plain_param(name, params[name]) for name in params},
        "encoder": None if encoder is None else _class_of_encoder(net),
        "set_output": getattr(estimator, "_sklearn_output_config", {}).get("transform"),
        "fitted": {name: to_plain(fitted[name], name) for name in fitted},
        "history": to_plain([*estimator.history_], "history_"),
        "inputs": to_plain(inputs_state(estimator._inputs), "the encoding of X"),
        "blueprint": to_plain(estimator._blueprint, "the blueprint of the nets"),
        "lambda_mi": to_plain(net.lambda_mi, "lambda_mi"),
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


def _is_fitted_name(name: str) -> bool:
    return name.isidentifier() and name.endswith("_") and not name.startswith("_")


def _versions() -> dict[str, str]:
    from . import __version__

    return {
        "fairrep": __version__,
        "scikit-learn": sklearn.__version__,
        "torch": str(torch.__version__),
    }


def _tensors(net: FairNet) -> dict[str, Tensor]:
    """Everything that is trained or drawn, by name."""
    named = {}
    for part, module in [("module", net.module_), ("critics", net.critics_)]:
        for name, tensor in module.state_dict().items():
            if not isinstance(tensor, Tensor):
                raise ValueError(
                    f"The state {name!r} of the encoder is no tensor but "
                    f"{type(tensor).__name__}, which cannot be saved."
                )
            named[f"{part}.{name}"] = tensor
    return named


def _estimator_tensor(estimator: BaseMIEstimator) -> dict[str, Tensor]:
    """The parameter ``estimator`` and its fitted twin, through skops."""
    fitted = getattr(estimator, "estimator_", None)
    if estimator.estimator is None and fitted is None:
        return {}
    parameter = estimator.estimator
    pair = {
        "parameter": None if parameter is None else clone(parameter),
        "fitted": fitted,
    }
    what = f"estimator={type(parameter).__name__}"
    data = to_bytes(pair, what)
    if types := untrusted_types(data):
        warn_user(
            f"{what} holds types that fairrep.load must be told to trust: trusted="
            f"{types}."
        )
    return {ESTIMATOR: torch.frombuffer(bytearray(data), dtype=torch.uint8)}


# -- load ----------------------------------------------------------------------


def load(
    folder: str | os.PathLike,
    *,
    encoder: Any = None,
    device: Any = None,
    trusted: Sequence[str] = (),
) -> BaseMIEstimator:
    """Read an estimator that `save` wrote to a folder.

    Runs no code from the folder. The hashes in it tell damage, not malice: whoever can
    write to the folder can put another model there.

    Parameters
    ----------
    folder : str or path-like
        As given to `save`.
    encoder : torch.nn.Module or callable, default=None
        For a model with an ``encoder`` of the user's, and only then: the module or
        callable that it was fitted with. It is given the saved weights.
    device : str or torch.device, default=None
        Takes the place of the parameter ``device``, say where a model was trained on a
        device that is not here. None keeps the parameter, whose default "auto" is CUDA
        where there is a device, else CPU.
    trusted : list of str, default=()
        Types that the model's ``estimator``, if it has one, may hold beyond those that
        skops trusts by itself and those of scikit-learn's trees and pipelines of
        columns; an error names those that are missing, as does a warning of `save`.

    Returns
    -------
    estimator : MIDebiasedClassifier or MIFairTransformer
        Fitted. On the same CPU, with the same version of torch, its predictions are
        those of the estimator that was saved, to the bit. Of `MIDebiasedClassifierCV`
        it is the classifier at its ``lambda_``, a `MIDebiasedClassifier`.

    Raises
    ------
    FileNotFoundError
        If the folder or a file in it is missing.
    ValueError
        If a file is damaged or of an unknown version, ``encoder`` is missing or does
        not fit, the device is not there, or a type is not trusted.
    ImportError
        If the model has an ``estimator`` and skops is missing.

    See Also
    --------
    MIDebiasedClassifier.save : Writes the folder.

    Examples
    --------
    >>> import fairrep
    >>> fairrep.load("no/such/folder")
    Traceback (most recent call last):
        ...
    FileNotFoundError: no/such/folder is no saved model: it holds no model.json
    """
    content, weights, weights_path = read_folder(Path(folder))
    document = Path(folder) / DOCUMENT
    _check_encoder(document, content.get("encoder"), encoder)
    wrapped = _wrapped(weights.pop(ESTIMATOR, None), trusted, weights_path)
    try:
        estimator = _estimator(content, encoder, wrapped, device)
        net = _net(estimator, content, encoder)
    except UNFIT as error:
        reason = error if isinstance(error, ValueError) else repr(error)
        raise ValueError(
            f"cannot build the model that {document} describes: {reason}"
        ) from error
    _give_weights(net, weights, weights_path)
    estimator.net_ = net
    return estimator


def _check_encoder(path: Path, saved: str | None, encoder: Any) -> None:
    if saved is not None and encoder is None:
        raise ValueError(
            f"{path} is of a model with an encoder of the user's, {saved}, whose code "
            "is not saved: pass fairrep.load(folder, encoder=...) what it was fitted "
            "with"
        )
    if saved is None and encoder is not None:
        raise ValueError(
            f"{path} is of a model without an encoder of the user's; got encoder="
            f"{type(encoder).__name__}"
        )


def _wrapped(data: Tensor | None, trusted: Sequence[str], path: Path) -> dict[str, Any]:
    if data is None:
        return {"parameter": None, "fitted": None}
    return from_bytes(data.numpy().tobytes(), trusted, f"The estimator in {path}")


def _estimator(
    content: dict[str, Any], encoder: Any, wrapped: dict[str, Any], device: Any
) -> BaseMIEstimator:
    """The estimator, complete but for its net."""
    params = {name: from_plain(value) for name, value in content["params"].items()}
    if device is not None:
        params["device"] = device
    if wrapped["parameter"] is not None:
        params["estimator"] = wrapped["parameter"]
    estimator = CLASSES[content["class"]](**params, encoder=encoder)
    estimator._validate_params()
    for name, value in content["fitted"].items():
        if not _is_fitted_name(name) or name in APART:
            raise ValueError(f"{name!r} is no fitted attribute")
        setattr(estimator, name, from_plain(value))
    estimator.history_ = History(from_plain(content["history"]))
    estimator._inputs = restored_inputs(
        from_plain(content["inputs"]), wrapped["fitted"]
    )
    estimator._blueprint = from_plain(content["blueprint"])
    if content["set_output"] is not None:
        estimator.set_output(transform=content["set_output"])
    return estimator


def _net(estimator: BaseMIEstimator, content: dict[str, Any], encoder: Any) -> FairNet:
    device = estimator._device()
    net = net_from_blueprint(estimator._blueprint, estimator._inputs, encoder, device)
    net.lambda_mi = from_plain(content["lambda_mi"])
    net.history_ = estimator.history_
    net.interrupted_, net.stopped_by_callback_ = estimator.interrupted_, False
    dict(net.callbacks_)["best_epoch"].best_epoch_ = content["best_epoch"]
    return net


def _give_weights(net: FairNet, weights: dict[str, Tensor], path: Path) -> None:
    expected = _tensors(net)
    if differing := sorted(set(expected) ^ set(weights)):
        name = differing[0]
        what = "lacks" if name in expected else "has the unknown"
        raise ValueError(f"{path} does not fit the model: it {what} {name!r}")
    for name, tensor in weights.items():
        target = expected[name]
        if (tensor.shape, tensor.dtype) != (target.shape, target.dtype):
            raise ValueError(
                f"{path} does not fit the model: {name!r} has shape "
                f"{tuple(tensor.shape)} and type {tensor.dtype}; expected "
                f"{tuple(target.shape)} and {target.dtype}"
            )
    with torch.no_grad():
        for name, tensor in weights.items():
            expected[name].copy_(tensor)
