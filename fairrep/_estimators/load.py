"""`load` reads a fitted estimator from a folder, `load_model` a model from any file.

Classes come from a list, values from JSON, weights from safetensors.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import joblib
import torch
from skorch.history import History
from torch import Tensor

from .._inputs.classifier_scores import Scorers, restored_inputs, restored_layout
from .._storage.folder import DOCUMENT, Shapes, Weights, read_folder
from .._storage.plain import from_plain
from .._storage.skops import from_bytes
from .._training.build import bare_net, bare_shapes, shapes_of
from .._training.fitted import Fitted
from .._training.net import FairNet
from .._training.spec import Spec
from .._utils.torch_state import plain_torch
from ..nn._lookup import Layout, n_features
from .base import BaseMIEstimator
from .classifier import MIDebiasedClassifier
from .regressor import MIDebiasedRegressor
from .save import APART, ESTIMATOR, WRAPPED, net_tensors
from .transformer import MIFairTransformer

CLASSES: dict[str, type[BaseMIEstimator]] = {
    cls.__name__: cls
    for cls in (MIDebiasedClassifier, MIDebiasedRegressor, MIFairTransformer)
}
# Critics may be formulas, which have no weights.
MAX_UNWEIGHTED = 1000
# Numbers in a row of a user's encoder: an image of sixteen million.
MAX_ROW = 2**24
# What content of the wrong kind raises where it is used.
UNFIT = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


@plain_torch()
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
    estimator : MIDebiasedClassifier, MIDebiasedRegressor or MIFairTransformer
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
    document = Path(folder) / DOCUMENT
    with read_folder(Path(folder)) as (content, weights):
        _check_encoder(document, content.get("encoder"), encoder)
        with _unfit_is_named(document):
            spec = Spec.from_dict(from_plain(content["spec"]))
            layout = restored_layout(from_plain(content["inputs"]))
            _check_sizes(spec, layout, weights.shapes, own_encoder=encoder is not None)
            expected = None if encoder is not None else bare_shapes(spec, layout)
        if expected is not None:
            _check_shapes(expected, weights)
        tensors = weights.read()
    wrapped = _wrapped(tensors.pop(ESTIMATOR, None), trusted, weights.path)
    with _unfit_is_named(document):
        estimator = _bare_estimator(content, encoder, wrapped["parameters"], device)
        found = _found(content)
        scorers = Scorers(wrapped["estimator"], tuple(wrapped["of_sensitive"]))
        fitted = _fitted(content, estimator, spec, scorers, found)
    _give_weights(fitted.net, tensors, weights)
    estimator._keep(fitted, **found)
    return estimator


@contextmanager
def _unfit_is_named(document: Path) -> Iterator[None]:
    """Content that does not go together becomes one error, of that document."""
    try:
        yield
    except UNFIT as error:
        reason = error if isinstance(error, ValueError) else repr(error)
        raise ValueError(
            f"cannot build the model that {document} describes: {reason}"
        ) from error


def _check_sizes(
    spec: Spec, layout: Layout | None, shapes: Shapes, *, own_encoder: bool
) -> None:
    """Raise where nets are declared that the weights could not fill.

    Before any are built: to build layers takes time, and a row of a user's encoder
    memory.
    """
    critics = len(spec.shapes.guarded) * (2 + len(spec.critic_hidden_layer_sizes))
    if len(spec.hidden_layer_sizes) + critics > len(shapes) + MAX_UNWEIGHTED:
        raise ValueError(f"it has more layers than the {len(shapes)} weights there are")
    n_wide = 0 if layout is None else n_features(layout)
    largest = max((prod(shape) for _, shape in shapes.values()), default=0)
    if not own_encoder and n_wide > largest:
        raise ValueError(f"rows have {n_wide:,} features, more than there are weights")
    if own_encoder and max(prod(spec.shapes.row), n_wide) > MAX_ROW:
        raise ValueError(
            f"a row has the shape {spec.shapes.row}; expected at most {MAX_ROW:,} "
            "numbers"
        )


def _check_shapes(expected: Shapes, weights: Weights) -> None:
    """Raise where the weights are not those of the nets, by name, type and shape."""
    found = {name: it for name, it in weights.shapes.items() if name != ESTIMATOR}
    if differing := sorted(set(expected) ^ set(found)):
        name = differing[0]
        what = "lacks" if name in expected else "has the unknown"
        raise ValueError(f"{weights.path} does not fit the model: it {what} {name!r}")
    for name, (dtype, shape) in found.items():
        if (dtype, shape) != expected[name]:
            raise ValueError(
                f"{weights.path} does not fit the model: {name!r} has shape {shape} "
                f"and type {dtype}; expected {expected[name][1]} and "
                f"{expected[name][0]}"
            )


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
        return {"parameters": {}, "estimator": None, "of_sensitive": []}
    return from_bytes(data.numpy().tobytes(), trusted, f"The estimator in {path}")


def _bare_estimator(
    content: dict[str, Any], encoder: Any, wrapped: dict[str, Any], device: Any
) -> BaseMIEstimator:
    """The estimator with its parameters, not fitted."""
    params = {name: from_plain(value) for name, value in content["params"].items()}
    if device is not None:
        params["device"] = device
    params |= {name: wrapped[name] for name in wrapped if name in WRAPPED}
    estimator = CLASSES[content["class"]](**params, encoder=encoder)
    estimator._validate_params()
    if content["set_output"] is not None:
        estimator.set_output(transform=content["set_output"])
    return estimator


def _found(content: dict[str, Any]) -> dict[str, Any]:
    """The fitted attributes that were saved, by name."""
    for name in content["fitted"]:
        is_fitted_name = name.isidentifier() and name.endswith("_")
        if not is_fitted_name or name.startswith("_") or name in APART:
            raise ValueError(f"{name!r} is no fitted attribute")
    return {name: from_plain(value) for name, value in content["fitted"].items()}


def _fitted(
    content: dict[str, Any],
    estimator: BaseMIEstimator,
    spec: Spec,
    scorers: Scorers,
    found: dict[str, Any],
) -> Fitted:
    """What the fit found, but for the weights of its nets."""
    inputs = restored_inputs(from_plain(content["inputs"]), scorers)
    if inputs.row_shape != spec.shapes.row:
        raise ValueError(
            f"rows are encoded to shape {inputs.row_shape}, and the nets take "
            f"{spec.shapes.row}"
        )
    net = bare_net(spec, inputs.layout, estimator.encoder, estimator._device())
    net.history_ = History(from_plain(content["history"]))
    net.interrupted_, net.stopped_by_callback_ = found["interrupted_"], False
    dict(net.callbacks_)["best_epoch"].best_epoch_ = content["best_epoch"]
    return Fitted(
        inputs=inputs,
        spec=spec,
        net=net,
        sensitive_names=[*found["sensitive_names_in_"]],
        sensitive_categories=found["sensitive_categories_"],
    )


def _give_weights(net: FairNet, tensors: dict[str, Tensor], weights: Weights) -> None:
    targets = net_tensors(net)
    _check_shapes(shapes_of(targets), weights)
    with torch.no_grad():
        for name, tensor in tensors.items():
            targets[name].copy_(tensor)


# -- models of other makers ------------------------------------------------------

PICKLES = {".pkl", ".pickle", ".joblib"}


def load_model(
    path: str | os.PathLike,
    *,
    trusted: Sequence[str] = (),
    trust_pickle: bool = False,
) -> Any:
    """Read a fitted model of fairrep, or another one of scikit-learn's kind.

    Parameters
    ----------
    path : str or path-like
        A folder written by `save` of fairrep's estimators; a file ``.skops``, written
        by `skops.io.dump` [1]_; or a pickle, ``.pkl``, ``.pickle`` or ``.joblib``.
    trusted : list of str, default=()
        Types that skops may load beyond those that it trusts by itself and those of
        scikit-learn's trees and pipelines of columns: of a skops file, or of the
        ``estimator`` of a model of fairrep.
    trust_pickle : bool, default=False
        Whether pickles may be loaded. Whoever wrote a pickle has their code run by
        whoever loads it: True is for files whose author you would let do so.

    Returns
    -------
    model : estimator

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is of another kind, damaged, a pickle that is not trusted, or holds
        types that are not.
    ImportError
        If skops is missing: ``pip install "fairrep[skops]"``.

    See Also
    --------
    load : Of fairrep's own, with more options.

    References
    ----------
    .. [1] https://skops.readthedocs.io/en/stable/persistence.html

    Examples
    --------
    >>> import fairrep
    >>> fairrep.load_model("model.skops")
    Traceback (most recent call last):
        ...
    FileNotFoundError: there is no model model.skops
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no model {path}")
    if path.is_dir():
        return load(path, trusted=trusted)
    ending = path.suffix.lower()
    if ending == ".skops":
        return from_bytes(path.read_bytes(), trusted, str(path))
    if ending not in PICKLES:
        raise ValueError(
            f"cannot tell what {path} is: expected a folder that fairrep saved, or a "
            f"file that ends in .skops, {', '.join(sorted(PICKLES))}"
        )
    if not trust_pickle:
        raise ValueError(
            f"{path} is a pickle, and loading one runs whatever code is in it. Say so "
            "if you trust who wrote it (--trust-pickle, trust_pickle=True), or have "
            "them write it with skops.io.dump"
        )
    return _load_pickle(path)


def _load_pickle(path: Path) -> Any:
    try:
        return joblib.load(path)
    except Exception as error:  # unpickling can raise anything
        raise ValueError(
            f"cannot load {path}: {type(error).__name__}: {error}"
        ) from error
