"""A spec is what the nets of a fit are built of: its parameters, resolved and plain.

Parameters may say "auto" and may be set anew after a fit. A spec says what an "auto"
came to and stays as it is: nets are built from it in `fit`, saved as it, and built from
it again in `load`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from .._problem.problem import Problem
from ..nn.dependence.protocol import SensitiveShape


@dataclass(frozen=True)
class Shapes:
    """What a fit found in the data that its nets depend on."""

    row: tuple[int, ...]  # of one encoded row
    task: str  # its kind
    n_outputs: int
    n_strata: int
    guarded: tuple[SensitiveShape, ...]

    def __post_init__(self) -> None:
        priors = [part.prior for part in self.guarded if part.prior is not None]
        if self.n_strata < 1 or any(len(prior) != self.n_strata for prior in priors):
            raise ValueError(
                f"n_strata={self.n_strata} contradicts the priors of the groups, of "
                f"{[len(prior) for prior in priors]} strata"
            )

    @classmethod
    def of(cls, problem: Problem) -> "Shapes":
        guarded = tuple(
            SensitiveShape(
                1 if part.s.ndim == 1 else part.s.shape[1],
                None if part.prior is None else tuple(map(tuple, part.prior.tolist())),
            )
            for part in problem.guarded
        )
        return cls(
            tuple(problem.table.x.shape[1:]),
            problem.task.kind,
            problem.task.n_outputs,
            problem.n_strata,
            guarded,
        )


@dataclass(frozen=True)
class Spec:
    """The nets of a fit and their training; names are those of the parameters."""

    shapes: Shapes
    lambda_mi: float
    mi_estimator: str
    mi_target: str
    bottleneck: str
    n_components: int
    n_members: int
    n_codes: int
    noise_std: float
    hidden_layer_sizes: tuple[int, ...]
    dropout: float
    critic_hidden_layer_sizes: tuple[int, ...]
    critic_steps: int
    critic_batches: int
    critic_learning_rate: float
    gradient_rescaling: bool
    learning_rate: float
    batch_size: int
    max_epochs: int
    warmup_epochs: int
    early_stopping: bool
    n_iter_no_change: int
    tol: float

    @property
    def is_discrete(self) -> bool:
        return self.bottleneck == "discrete"

    @property
    def n_released(self) -> int:
        """Width of the z that is released."""
        return self.n_codes if self.is_discrete else self.n_components

    def to_dict(self) -> dict[str, Any]:
        """The spec as dicts, tuples, strings and numbers."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Spec":
        """The spec that `to_dict` gave this of.

        Raises
        ------
        TypeError, KeyError
            If the content is none that `to_dict` gives.
        """
        shapes = dict(content["shapes"])
        shapes["guarded"] = tuple(SensitiveShape(**part) for part in shapes["guarded"])
        return cls(**{**content, "shapes": Shapes(**shapes)})


@dataclass(frozen=True)
class Given:
    """What a user hands to the training that is no plain data."""

    encoder: Any = None  # a module, or a callable that makes one
    callbacks: tuple[Any, ...] = ()
    verbose: int = 0


def resolve(params: Mapping[str, Any], problem: Problem) -> Spec:
    """The spec of a fit: the parameters, with "auto" resolved for the problem."""
    kept: dict[str, Any] = {f.name: params.get(f.name) for f in fields(Spec)}
    kept["shapes"] = Shapes.of(problem)
    kept["lambda_mi"] = float(params["lambda_mi"])
    for name in ("hidden_layer_sizes", "critic_hidden_layer_sizes"):
        kept[name] = tuple(int(size) for size in np.atleast_1d(params[name]))
    has_codes = params["bottleneck"] == "discrete"
    own_encoder = params["encoder"] is not None
    automatic = {
        "dropout": _dropout_share(len(problem.train)),
        "n_members": 1 if has_codes or own_encoder else 4,
        "batch_size": _batch_size(len(problem.table), has_codes),
        # Not most of a short training.
        "warmup_epochs": min(3, params["max_epochs"] // 3),
    }
    kept |= {name: v for name, v in automatic.items() if params[name] == "auto"}
    return Spec(**kept)


def _dropout_share(n_rows: int) -> float:
    """0.5 up to 3,000 rows, 0.2 from 20,000, a line between.

    Few rows are soon learned by heart, many are not.
    """
    return float(np.interp(n_rows, [3_000, 20_000], [0.5, 0.2]))


def _batch_size(n_rows: int, has_codes: bool) -> int:
    """Some twenty-five batches an epoch, of 32 to 512 rows, a power of 2.

    With the discrete bottleneck of 128 to 1024: the fewer rows, the more codes tell of
    S by chance. Of more rows than make a hundred such batches they have up to 2048,
    which costs less a row.
    """
    least, most = (128, 1024) if has_codes else (32, 512)
    most = max(most, min(2048, _power_of_2(n_rows / 100)))
    return int(np.clip(_power_of_2(n_rows / 25), least, most))


def _power_of_2(number: float) -> int:
    """The largest that is not above the number, from 1."""
    return 2 ** int(np.log2(max(1, number)))
