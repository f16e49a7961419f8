"""Estimators of scikit-learn become bytes and come back through skops, not pickle."""

from collections.abc import Sequence
from typing import Any

# What boosted trees, forests and pipelines of columns hold beyond the types that skops
# trusts by itself. None of them runs code of the file; what they hold, such as the
# function of a partial, must be trusted in turn.
HARMLESS = {
    "fairrep._inputs.encoding.TableEncoder",
    "functools.partial",
    "numpy.dtype",
    "numpy.number",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
}


def to_bytes(value: Any, what: str) -> bytes:
    """Write estimators, arrays and the like; an error calls them ``what``."""
    return _skops_io(f"saving {what}").dumps(value)


def untrusted_types(data: bytes) -> list[str]:
    """Those that `from_bytes` must be told to trust."""
    found = _skops_io("reading types").get_untrusted_types(data=data)
    return sorted({*found} - HARMLESS)


def from_bytes(data: bytes, trusted: Sequence[str], what: str) -> Any:
    """What `to_bytes` or `skops.io.dump` wrote.

    Raises
    ------
    ValueError
        If the data are damaged, or hold types that are neither among those that skops
        trusts, nor of a few of scikit-learn's, nor in ``trusted``.
    ImportError
        If skops is missing.
    """
    io = _skops_io(f"reading {what}")
    try:
        found = untrusted_types(data)
    except Exception as error:  # of zipfile, json and skops, as the damage has it
        raise ValueError(f"{what} is no file of skops: {error}") from error
    if unnamed := sorted({*found} - {*trusted}):
        raise ValueError(
            f"{what} holds types that are not trusted: {', '.join(unnamed)}. If you "
            "know what they do, name each (--trust, trusted=[...])"
        )
    try:
        return io.loads(data, trusted=[*trusted, *HARMLESS])
    except Exception as error:
        raise ValueError(f"cannot load {what}: {error}") from error


def _skops_io(doing: str) -> Any:
    try:
        from skops import io
    except ImportError as error:
        raise ImportError(
            f'{doing} needs skops: pip install "fairrep[skops]"'
        ) from error
    return io
