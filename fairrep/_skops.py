"""Estimators of scikit-learn as bytes and back, through skops: without pickle."""

from collections.abc import Sequence
from typing import Any


def to_bytes(value: Any, what: str) -> bytes:
    """Of estimators, arrays and the like; ``what`` is what an error calls it."""
    return _skops_io(f"saving {what}").dumps(value)


def from_bytes(data: bytes, trusted: Sequence[str], what: str) -> Any:
    """What `to_bytes` or `skops.io.dump` wrote.

    Raises
    ------
    ValueError
        If the data are damaged, or hold types that are neither among those that skops
        trusts nor in ``trusted``.
    ImportError
        If skops is missing.
    """
    io = _skops_io(f"reading {what}")
    try:
        found = io.get_untrusted_types(data=data)
    except Exception as error:  # of zipfile, json and skops, as the damage has it
        raise ValueError(f"{what} is no file of skops: {error}") from error
    if untrusted := sorted({*found} - {*trusted}):
        raise ValueError(
            f"{what} holds types that skops does not trust: {', '.join(untrusted)}. If "
            "you know what they do, name each (--trust, trusted=[...])"
        )
    try:
        return io.loads(data, trusted=[*found])
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
