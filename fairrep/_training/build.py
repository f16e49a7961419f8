"""From a spec to networks, and to the net that trains them."""

import copy
from collections import deque
from collections.abc import Sequence
from functools import partial
from inspect import signature
from math import prod
from typing import Any

import numpy as np
import torch
from skorch.callbacks import LRScheduler, PrintLog
from skorch.helper import predefined_split
from torch import Generator, nn
from tqdm.auto import tqdm

from .._inputs import Floats
from .._problem.task import LOSSES
from ..nn._bottleneck import make_bottleneck
from ..nn._callbacks import Annealing, BestEpoch, EpochProgress
from ..nn._conditioning import ConditionedLinear, LambdaScale
from ..nn._critic import make_critic
from ..nn._encoder import MLP, UserEncoder, linear
from ..nn._module import CodeModule, FairModule
from ..nn._net import FairNet
from ..nn._path_net import PathNet
from ..nn._plug_in import PlugIn
from ..nn._table import TensorTable
from .spec import Given, GuardedShape, Spec


def build_net(
    spec: Spec,
    given: Given,
    *,
    generator: Generator,
    critics_generator: Generator,
    priors: Sequence[Floats | None],
    valid: TensorTable | None = None,
    scale: LambdaScale | None = None,
) -> FairNet:
    """The net, its schedule and its callbacks; with a scale, conditioned on lambda.

    Parameters
    ----------
    spec : Spec
    given : Given
    generator, critics_generator : Generator
        Of the initial weights, of batches and noise; on the device of the net.
    priors : list of ndarray of shape (n_strata, n_groups) or None
        p(s | stratum) of each part of S; None where it is continuous or mixed.
    valid : TensorTable, default=None
        Rows that may choose the epoch.
    scale : LambdaScale, default=None
        The lambdas to train for, in place of that of the spec.
    """
    conditioned = scale is not None
    settings: dict[str, Any] = {
        "critics": build_critics(spec, priors, critics_generator, conditioned),
        "task_loss": LOSSES[spec.shapes.task],
        "mi_target": spec.mi_target,
        "critic_steps": spec.critic_steps,
        "critic_batches": spec.critic_batches,
        "critic_lr": spec.critic_learning_rate,
        "warmup_epochs": spec.warmup_epochs,
        "gradient_rescaling": spec.gradient_rescaling,
        "generator": generator,
        "lr": spec.learning_rate,
        "max_epochs": spec.max_epochs,
        "batch_size": spec.batch_size,
        "iterator_valid__batch_size": 4 * spec.batch_size,
        "train_split": None if valid is None else predefined_split(valid),
        "callbacks": build_callbacks(spec, given, validates=valid is not None),
        "device": str(generator.device),
    }
    module = build_module(spec, given.encoder, generator, conditioned)
    if scale is None:
        return FairNet(module, lambda_mi=spec.lambda_mi, **settings)
    return PathNet(module, scale=scale, shared=spec.is_discrete, **settings)


def bare_net(spec: Spec, encoder: Any, device: torch.device) -> FairNet:
    """The net as a fit leaves it, but for its weights, which are random."""
    # The module of a callable may draw its weights from torch's global generator.
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices, enabled=encoder is not None):
        net = build_net(
            spec,
            Given(encoder),
            generator=Generator(device),
            critics_generator=Generator(device),
            priors=[_even(part, spec.shapes.n_strata) for part in spec.shapes.guarded],
        )
    net.initialize()
    net.recent_batches_ = deque()
    net.drop_training_state()
    net._set_training(False)
    return net


def _even(part: GuardedShape, n_strata: int) -> Floats | None:
    """A prior that stands for one among the weights."""
    if part.n_groups is None:
        return None
    return np.full((n_strata, part.n_groups), 1 / part.n_groups)


def build_module(
    spec: Spec, encoder: Any, generator: Generator, conditioned: bool
) -> FairModule:
    """Encoder, bottleneck and head."""
    row, device = spec.shapes.row, generator.device
    make_layer = partial(ConditionedLinear, gated=True) if conditioned else linear
    layers: nn.Module
    if encoder is None:
        layers = MLP(
            row[0],
            spec.hidden_layer_sizes,
            n_members=spec.n_members,
            dropout=spec.dropout,
            generator=generator,
            make_layer=make_layer,
        )
    else:
        module = _users_module(encoder, row).to(device)
        layers = UserEncoder(module, example=torch.zeros(2, *row, device=device))
    make_module = CodeModule if spec.is_discrete else FairModule
    return make_module(
        layers,
        make_bottleneck(spec.bottleneck, prod(row), spec.noise_std, generator),
        n_components=spec.n_released,
        n_outputs=spec.shapes.n_outputs,
        n_members=spec.n_members,
        generator=generator,
        make_layer=make_layer,
    )


def _users_module(encoder: Any, row: tuple[int, ...]) -> nn.Module:
    if isinstance(encoder, nn.Module):
        return copy.deepcopy(encoder)
    try:
        signature(encoder).bind(row)
    except TypeError as error:
        raise TypeError(
            "encoder, a callable, gets one argument, the shape of one encoded row, "
            f"here {row}; {getattr(encoder, '__name__', encoder)} takes others: "
            f"{error}. "
            "Pass a module, or lambda shape: torch.nn.Linear(shape[0], 16)."
        ) from error
    module = encoder(row)
    if not isinstance(module, nn.Module):
        raise TypeError(
            "encoder must be a torch.nn.Module, or a callable that takes the shape of "
            f"one row and returns one; it returned {type(module).__name__}."
        )
    return module


def build_critics(
    spec: Spec,
    priors: Sequence[Floats | None],
    generator: Generator,
    conditioned: bool,
) -> list[nn.Module]:
    """A critic for each part of S, or the formula that takes its place."""
    if spec.is_discrete:
        return [
            PlugIn(prior.shape[1], spec.shapes.n_strata)
            for prior in priors
            if prior is not None  # a continuous S was binned
        ]
    sees_z = spec.mi_target == "representation"
    return [
        make_critic(
            spec.mi_estimator,
            spec.n_components if sees_z else spec.shapes.n_outputs,
            prior=prior,
            n_values=part.n_values,
            n_strata=spec.shapes.n_strata,
            hidden_layer_sizes=spec.critic_hidden_layer_sizes,
            generator=generator,
            make_layer=ConditionedLinear if conditioned else linear,
        )
        for part, prior in zip(spec.shapes.guarded, priors, strict=True)
    ]


def build_callbacks(spec: Spec, given: Given, validates: bool) -> list[Any]:
    """What happens between the epochs; what the user gave comes last."""
    best_epoch = BestEpoch(
        stop=spec.early_stopping,
        monitor="valid_loss" if validates else "train_loss",
        patience=spec.n_iter_no_change if spec.early_stopping else spec.max_epochs,
        threshold=spec.tol,
    )
    callbacks: list[Any] = [
        ("learning_rate", LRScheduler("CosineAnnealingLR", T_max=spec.max_epochs)),
        ("best_epoch", best_epoch),
    ]
    if spec.is_discrete:
        callbacks.append(("annealing", Annealing()))
    if given.verbose:
        callbacks.append(("progress", EpochProgress()))
    if given.verbose > 1:
        log = PrintLog(keys_ignored=["event_lr"], sink=tqdm.write)
        callbacks.append(("print_log", log))
    return callbacks + copy.deepcopy([*given.callbacks])
