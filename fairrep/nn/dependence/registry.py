"""Measures by name, and the one that "auto" stands for."""

from collections.abc import Sequence

from torch import Generator

from .._layers import MakeLayer, linear
from .contrastive import ContrastiveCritic
from .enumerated import EnumeratingCritic
from .mine import PermutingCritic
from .plug_in import PlugIn
from .protocol import Dependence, SensitiveShape

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


def make_measure(
    name: str,
    n_view: int,
    sensitive: SensitiveShape,
    n_strata: int,
    *,
    hidden_layer_sizes: Sequence[int],
    generator: Generator,
    of_codes: bool = False,
    make_layer: MakeLayer = linear,
) -> Dependence:
    """The measure of that name, made; parameters are those of `Dependence`."""
    return measure_for(name, sensitive, of_codes=of_codes)(
        n_view,
        sensitive,
        n_strata,
        hidden_layer_sizes=hidden_layer_sizes,
        generator=generator,
        make_layer=make_layer,
    )
