"""Mutual information of two variables, from rows: estimates with their intervals.

`estimate` takes arrays and frames, and one of several methods; `MutualInformation` is
what it found.
"""

from importlib import import_module
from typing import Any

# Name -> the file that has it. Some methods load torch, which audits and figures, who
# ask for formulas here, do without.
_HOMES = {"MutualInformation": "_result", "estimate": "_estimate"}

__all__ = ["MutualInformation", "estimate"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
