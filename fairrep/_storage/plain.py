"""Values of parameters and attributes become JSON and come back without loss.

What JSON lacks is an object with one key that begins with "$": a tuple is
{"$tuple": [...]}. Reading only builds values of the kinds below; it runs no code.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch

from .._certificates.from_counts import Certificate

# In characters: text of numpy's takes the memory of the longest for each.
LONGEST_TEXT = 64

Plain = Any  # None, bool, int, float, str, list or dict of them


def to_plain(value: Any, name: str) -> Plain:
    """The value as JSON has it; ``name`` is what an error calls it.

    Raises
    ------
    ValueError
        If the value is of a kind that JSON cannot hold.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": str(value)}
    if type(value) in (list, tuple):
        values = [to_plain(item, name) for item in value]
        return values if type(value) is list else {"$tuple": values}
    if isinstance(value, dict):
        return _plain_dict(value, name)
    if isinstance(value, np.ndarray):
        items = [to_plain(item, name) for item in _counted(value).ravel().tolist()]
        return {
            "$array": {
                "dtype": str(value.dtype),
                "shape": list(value.shape),
                "items": items,
            }
        }
    if isinstance(value, np.generic):
        item = to_plain(_counted(value).item(), name)
        return {"$scalar": {"dtype": str(value.dtype), "item": item}}
    if isinstance(value, torch.device):
        return {"$device": str(value)}
    if isinstance(value, Certificate):
        return {"$certificate": to_plain(value.to_dict(), name)}
    if isinstance(value, pd.DataFrame):
        return {"$frame": to_plain(value.to_dict("tight"), name)}
    if isinstance(value, pd.Interval):
        ends = [to_plain(end, name) for end in (value.left, value.right)]
        return {"$interval": [*ends, value.closed]}
    if isinstance(value, pd.Period):
        return {"$period": [str(value), value.freqstr]}
    if isinstance(value, pd.Timestamp) and value.tz is None and value is not pd.NaT:
        return {"$timestamp": value.isoformat()}
    raise ValueError(
        f"{name} holds {_shown(value)}, of a kind that JSON cannot hold; expected "
        "numbers, strings, booleans, None, or lists, dicts and arrays of them."
    )


def _counted(value: Any) -> Any:
    """Dates and durations as the whole numbers of their unit, which JSON holds."""
    return value.astype(np.int64) if value.dtype.kind in "mM" else value


def _plain_dict(value: dict, name: str) -> Plain:
    readable = all(type(key) is str and not key.startswith("$") for key in value)
    if readable:
        return {key: to_plain(item, name) for key, item in value.items()}
    pairs = [[to_plain(part, name) for part in pair] for pair in value.items()]
    return {"$dict": pairs}


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text[:57]}..." if len(text) > 60 else text


def from_plain(plain: Plain) -> Any:
    """The value that `to_plain` made this of.

    Raises
    ------
    ValueError
        If it is nothing that `to_plain` makes.
    """
    if isinstance(plain, list):
        return [from_plain(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    tags = [key for key in plain if key.startswith("$")]
    if not tags:
        return {key: from_plain(item) for key, item in plain.items()}
    tag = tags[0]
    if len(plain) > 1 or tag not in _READERS:
        raise ValueError(f"expected one of {sorted(_READERS)}; got {sorted(plain)}")
    return _READERS[tag](plain[tag])


def _array(plain: dict) -> np.ndarray:
    items = [from_plain(item) for item in plain["items"]]
    dtype = _dtype(plain["dtype"], items)
    flat = np.empty(len(items), dtype=dtype)
    for i, item in enumerate(items):  # one by one, as an item may be a sequence
        flat[i] = item
    return flat.reshape(plain["shape"])


def _dtype(name: Any, items: list[Any]) -> np.dtype:
    """A type of numpy's that takes no more memory than the items are worth."""
    dtype = np.dtype(name)
    longest = max([LONGEST_TEXT, *(len(item) for item in items if type(item) is str)])
    # Of very wide text some versions of numpy count a size below 0.
    if dtype.kind not in "biufUOmM" or not 0 <= dtype.itemsize <= 4 * longest:
        raise ValueError(f"{name!r} is no type that an array was saved with")
    return dtype


def _scalar(plain: dict) -> np.generic:
    item = from_plain(plain["item"])
    return np.array([item], dtype=_dtype(plain["dtype"], [item]))[0]


def _interval(plain: list) -> pd.Interval:
    left, right, closed = plain
    return pd.Interval(from_plain(left), from_plain(right), closed)


def _frame(plain: dict) -> pd.DataFrame:
    return pd.DataFrame.from_dict(from_plain(plain), orient="tight")


def _certificate(plain: dict) -> Any:
    fields = from_plain(plain)
    return Certificate(**{**fields, "worst_pair": tuple(fields["worst_pair"])})


_READERS: dict[str, Callable[[Any], Any]] = {
    "$float": float,
    "$tuple": lambda items: tuple(from_plain(item) for item in items),
    "$dict": lambda pairs: {from_plain(k): from_plain(v) for k, v in pairs},
    "$array": _array,
    "$scalar": _scalar,
    "$device": torch.device,
    "$interval": _interval,
    "$frame": _frame,
    "$certificate": _certificate,
    "$timestamp": pd.Timestamp,
    "$period": lambda parts: pd.Period(parts[0], parts[1]),
}
