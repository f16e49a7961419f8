"""Measures by name, and the one that "auto" stands for."""

from .contrastive import ContrastiveCritic
from .enumerated import EnumeratingCritic
from .mine import PermutingCritic
from .plug_in import PlugIn
from .protocol import Dependence, MeasureSpec, SensitiveShape

# The options of the parameter ``mi_estimator``, beside "auto".
MEASURES: dict[str, type[Dependence]] = {
    "mine": PermutingCritic,
}


def measure_for(
    name: str, sensitive: SensitiveShape, *, of_codes: bool
) -> type[Dependence]:
    """The measure of that name; "auto" is the one that suits this part of S.

    Parameters
    ----------
    name : str
        "auto" or a key of `MEASURES`.
    sensitive : SensitiveShape
    of_codes : bool
        Whether the view is the probabilities of codes.
    """
    if name != "auto":
        return MEASURES[name]
    if of_codes:
        return PlugIn
    return ContrastiveCritic if sensitive.prior is None else EnumeratingCritic


def make_measure(name: str, spec: MeasureSpec, *, of_codes: bool = False) -> Dependence:
    """The measure of that name, made."""
    return measure_for(name, spec.sensitive, of_codes=of_codes)(spec)
