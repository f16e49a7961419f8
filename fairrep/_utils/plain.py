"""Figures become values as JSON has them: NaN and infinity are None."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """A value as JSON has it: NaN and infinity are None."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (bool, int, str, type(None))) else str(value)


def plain_tree(tree: Any) -> Any:
    """Whatever is no dict, list, string or number, as JSON has it."""
    if isinstance(tree, Mapping):
        return {str(key): plain_tree(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [plain_tree(value) for value in tree]
    return plain(tree)
