"""Parameters of an estimator and arrays -> tensors, networks, the net that trains."""

import copy
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from skorch.callbacks import LRScheduler, PrintLog
from skorch.helper import predefined_split
from torch import Generator, nn
from tqdm.auto import tqdm

from ._cross_fit import Inputs
from ._inputs import Codes, Floats
from ._problem.task import LOSSES, Task
from ._sensitive import Guarded, Sensitive, SensitivePart
from .nn._bottleneck import make_bottleneck
from .nn._callbacks import Annealing, BestEpoch, EpochProgress
from .nn._conditioning import ConditionedLinear, LambdaScale
from .nn._critic import make_critic
from .nn._encoder import MLP, UserEncoder, linear
from .nn._module import CodeModule, FairModule
from .nn._net import FairNet
from .nn._path_net import PathNet
from .nn._plug_in import PlugIn
from .nn._table import TensorTable

if TYPE_CHECKING:
    from ._base import BaseMIEstimator


@dataclass
class Problem:
    """The input of a fit, read: what the nets are built for and trained on."""

    inputs: Inputs
    task: Task
    sensitive: Sensitive
    guarded: list[Guarded]
    n_strata: int
    table: TensorTable
    train: Codes
    held_out: Codes
    generator: Generator
    critics_generator: Generator

    def described(self, rows: Codes) -> tuple[Task, list[SensitivePart]]:
        """The task and the groups of some rows."""
        parts = [
            replace(
                part,
                codes=part.codes[rows],
                values=part.values[rows],
                present=part.present[rows],
            )
            for part in self.sensitive.parts
        ]
        return replace(self.task, target=self.task.target[rows]), parts

    def rows(self, rows: Codes) -> TensorTable:
        index = torch.from_numpy(rows).to(self.table.x.device)
        return TensorTable(*self.table[index])


def build_table(
    x: NDArray[np.float32],
    task: Task,
    weight: Floats,
    stratum: Codes,
    guarded: list[Guarded],
    generator: Generator,
) -> TensorTable:
    """All rows on the device, with the targets that the net trains on."""
    target: dict[str, NDArray] = {"y": task.target, "stratum": stratum}
    if np.ptp(weight) > 0:
        target["weight"] = (weight / weight.mean()).astype(np.float32)
    for i, part in enumerate(guarded):
        target[f"s{i}"] = part.s
        target[f"weight{i}"] = (part.weight / part.weight.mean()).astype(np.float32)
    device = generator.device
    return TensorTable(
        torch.from_numpy(x).to(device),
        {name: torch.from_numpy(values).to(device) for name, values in target.items()},
    )


def build_module(
    params: "BaseMIEstimator", problem: Problem, conditioned: bool
) -> FairModule:
    """Encoder, bottleneck and head."""
    x, generator = problem.table.x, problem.generator
    members = n_members(params)
    make_layer = partial(ConditionedLinear, gated=True) if conditioned else linear
    encoder: nn.Module
    if params.encoder is None:
        encoder = MLP(
            x.shape[1],
            _sizes(params.hidden_layer_sizes),
            n_members=members,
            dropout=dropout_share(params, len(problem.train)),
            generator=generator,
            make_layer=make_layer,
        )
    else:
        encoder = UserEncoder(_users_module(params.encoder, x), example=x[:2])
    n_inputs = int(np.prod(x.shape[1:]))
    bottleneck = make_bottleneck(
        params.bottleneck, n_inputs, params.noise_std, generator
    )
    discrete = params.bottleneck == "discrete"
    make_module = CodeModule if discrete else FairModule
    return make_module(
        encoder,
        bottleneck,
        n_components=params.n_codes if discrete else params.n_components,
        n_outputs=problem.task.n_outputs,
        n_members=members,
        generator=generator,
        make_layer=make_layer,
    )


def _users_module(encoder: Any, x: torch.Tensor) -> nn.Module:
    if isinstance(encoder, nn.Module):
        return copy.deepcopy(encoder).to(x.device)
    shape = tuple(x.shape[1:])
    try:
        signature(encoder).bind(shape)
    except TypeError as error:
        raise TypeError(
            "encoder, a callable, gets one argument, the shape of one encoded row, "
            f"here {shape}; {getattr(encoder, '__name__', encoder)} takes others: "
            f"{error}. "
            "Pass a module, or lambda shape: torch.nn.Linear(shape[0], 16)."
        ) from error
    module = encoder(shape)
    if not isinstance(module, nn.Module):
        raise TypeError(
            "encoder must be a torch.nn.Module, or a callable that takes the shape of "
            f"one row and returns one; it returned {type(module).__name__}."
        )
    return module.to(x.device)


def build_critics(
    params: "BaseMIEstimator", problem: Problem, conditioned: bool
) -> list[nn.Module]:
    """A critic for each part of S, or the formula that takes its place."""
    if params.bottleneck == "discrete":
        return [
            PlugIn(part.prior.shape[1], problem.n_strata)
            for part in problem.guarded
            if part.prior is not None  # a continuous S was binned
        ]
    sees_z = params.mi_target == "representation"
    return [
        make_critic(
            params.mi_estimator,
            params.n_components if sees_z else problem.task.n_outputs,
            prior=part.prior,
            n_values=1 if part.s.ndim == 1 else part.s.shape[1],
            n_strata=problem.n_strata,
            hidden_layer_sizes=_sizes(params.critic_hidden_layer_sizes),
            generator=problem.critics_generator,
            make_layer=ConditionedLinear if conditioned else linear,
        )
        for part in problem.guarded
    ]


def build_net(
    params: "BaseMIEstimator", problem: Problem, scale: LambdaScale | None = None
) -> FairNet:
    """The net, its schedule and its callbacks; with a scale, conditioned on lambda."""
    n_rows = batch_size(params, len(problem.table))
    # Half of the held-out rows may choose the epoch, the other half estimates.
    valid = problem.rows(problem.held_out[::2])
    patience = params.n_iter_no_change if params.early_stopping else params.max_epochs
    callbacks: list[Any] = [
        ("learning_rate", LRScheduler("CosineAnnealingLR", T_max=params.max_epochs)),
        (
            "best_epoch",
            BestEpoch(
                stop=params.early_stopping,
                monitor="valid_loss" if len(valid) else "train_loss",
                patience=patience,
                threshold=params.tol,
            ),
        ),
    ]
    if params.bottleneck == "discrete":
        callbacks.append(("annealing", Annealing()))
    if params.verbose:
        callbacks.append(("progress", EpochProgress()))
    if params.verbose > 1:
        callbacks.append(
            ("print_log", PrintLog(keys_ignored=["event_lr"], sink=tqdm.write))
        )
    conditioned = scale is not None
    settings: dict[str, Any] = {
        "critics": build_critics(params, problem, conditioned),
        "task_loss": LOSSES[problem.task.kind],
        "mi_target": params.mi_target,
        "critic_steps": params.critic_steps,
        "critic_batches": params.critic_batches,
        "critic_lr": params.critic_learning_rate,
        "warmup_epochs": warmup_epochs(params),
        "gradient_rescaling": params.gradient_rescaling,
        "generator": problem.generator,
        "lr": params.learning_rate,
        "max_epochs": params.max_epochs,
        "batch_size": n_rows,
        "iterator_valid__batch_size": 4 * n_rows,
        "train_split": predefined_split(valid) if len(valid) else None,
        "callbacks": callbacks + copy.deepcopy(params.callbacks or []),
        "device": str(problem.generator.device),
    }
    module = build_module(params, problem, conditioned)
    if scale is None:
        return FairNet(module, lambda_mi=float(params.lambda_mi), **settings)
    shared = params.bottleneck == "discrete"
    return PathNet(module, scale=scale, shared=shared, **settings)


def dropout_share(params: "BaseMIEstimator", n_rows: int) -> float:
    """Where it is "auto": 0.5 up to 3,000 rows, 0.2 from 20,000, a line between.

    Few rows are soon learned by heart, many are not.
    """
    if params.dropout == "auto":
        return float(np.interp(n_rows, [3_000, 20_000], [0.5, 0.2]))
    return params.dropout


def n_members(params: "BaseMIEstimator") -> int:
    """Where it is "auto": 4, but 1 where they could not differ or be averaged."""
    if params.n_members != "auto":
        return params.n_members
    return 1 if params.bottleneck == "discrete" or params.encoder is not None else 4


def batch_size(params: "BaseMIEstimator", n_rows: int) -> int:
    """Some twenty-five batches an epoch, of 32 to 512 rows, where it is "auto".

    For the discrete bottleneck 128 to 1024: the fewer rows, the more codes tell of S
    by chance.
    """
    if params.batch_size == "auto":
        limits = (128, 1024) if params.bottleneck == "discrete" else (32, 512)
        return int(np.clip(2 ** int(np.log2(max(1, n_rows / 25))), *limits))
    return params.batch_size


def warmup_epochs(params: "BaseMIEstimator") -> int:
    """Where it is "auto": 3, but not most of a short training."""
    if params.warmup_epochs == "auto":
        return min(3, params.max_epochs // 3)
    return params.warmup_epochs


def _sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in np.atleast_1d(hidden_layer_sizes))
