"""Mutual information of two variables, from rows: estimates with their intervals.

`estimate` takes arrays and frames, and one of several methods; `MutualInformation` is
what it found.
"""

from ._estimate import estimate
from ._result import MutualInformation

__all__ = ["MutualInformation", "estimate"]
