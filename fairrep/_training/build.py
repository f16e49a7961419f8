"""Networks, and the net that trains them, are built of a spec."""

import copy
from collections import deque
from collections.abc import Callable
from functools import partial
from inspect import signature
from math import prod
from typing import Any

import safetensors.torch
import torch
from skorch.callbacks import LRScheduler, PrintLog
from skorch.helper import predefined_split
from torch import Generator, Tensor, nn
from tqdm.auto import tqdm

from .._problem.task import LOSSES
from ..nn._batches import TensorTable
from ..nn._bottleneck import make_bottleneck
from ..nn._conditioning import ConditionedFeatures, ConditionedLinear, LambdaScale
from ..nn._encoder import MLP, UserEncoder
from ..nn._layers import linear
from ..nn._lookup import Features, Layout, LookupLinear, without_bins
from ..nn._module import CodeModule, FairModule, RowLoss, coded_error
from ..nn.dependence.protocol import Dependence, MeasureSpec
from ..nn.dependence.registry import make_measure
from .callbacks import Annealing, BestEpoch, EpochProgress
from .net import FairNet
from .path_net import PathNet
from .spec import Given, Spec

SAFETENSORS_TYPES = {dtype: name for name, dtype in safetensors.torch._TYPES.items()}

# Where a row has so many times as many features as it looks up, lookups are faster.
LOOKUP_RATIO = 3


def build_net(
    spec: Spec,
    layout: Layout | None,
    given: Given,
    *,
    generator: Generator,
    critics_generator: Generator,
    valid: TensorTable | None = None,
    scale: LambdaScale | None = None,
) -> FairNet:
    """The net, its schedule and its callbacks; with a scale, conditioned on lambda.

    Parameters
    ----------
    spec : Spec
    layout : Layout or None
        What the columns of a coded row are; None where rows are arrays.
    given : Given
    generator, critics_generator : Generator
        Of the initial weights, of batches and noise; on the device of the net.
    valid : TensorTable, default=None
        Rows that may choose the epoch.
    scale : LambdaScale, default=None
        The lambdas to train for, in place of that of the spec.
    """
    conditioned = scale is not None
    settings: dict[str, Any] = {
        "critics": build_critics(spec, critics_generator, conditioned),
        "task_loss": _task_loss(spec, layout, generator.device),
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
    module = build_module(spec, layout, given.encoder, generator, conditioned)
    if scale is None:
        return FairNet(module, lambda_mi=spec.lambda_mi, **settings)
    return PathNet(module, scale=scale, shared=spec.is_discrete, **settings)


def _task_loss(spec: Spec, layout: Layout | None, device: torch.device) -> RowLoss:
    if spec.shapes.task == "reconstruction" and layout is not None:
        return partial(coded_error, features=Features(without_bins(layout), device))
    return LOSSES[spec.shapes.task]


def bare_net(
    spec: Spec, layout: Layout | None, encoder: Any, device: torch.device
) -> FairNet:
    """The net as a fit leaves it, but for its weights, which are random."""
    # The module of a callable may draw its weights from torch's global generator.
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices, enabled=encoder is not None):
        net = build_net(
            spec,
            layout,
            Given(encoder),
            generator=Generator(device),
            critics_generator=Generator(device),
        )
    net.initialize()
    net.recent_batches_ = deque()
    net.drop_training_state()
    net._set_training(False)
    return net


class _Shapeless(Generator):
    """A generator of networks that have shapes and no numbers."""

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return torch.device("meta")


def bare_shapes(
    spec: Spec, layout: Layout | None
) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Dtype and shape of each tensor of the built-in nets, which take no memory."""
    nothing = _Shapeless()
    module = build_module(spec, layout, None, nothing, conditioned=False)
    critics = nn.ModuleList(build_critics(spec, nothing, conditioned=False))
    return shapes_of(tensors_of(module, critics))


def tensors_of(module: nn.Module, critics: nn.Module) -> dict[str, Tensor]:
    """Everything that is trained or drawn, by name."""
    named = {}
    for part, net in [("module", module), ("critics", critics)]:
        for name, tensor in net.state_dict().items():
            if not isinstance(tensor, Tensor):
                raise ValueError(
                    f"The state {name!r} of the encoder is no tensor but "
                    f"{type(tensor).__name__}, which cannot be saved."
                )
            named[f"{part}.{name}"] = tensor
    return named


def shapes_of(tensors: dict[str, Tensor]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Dtype, as safetensors has it, and shape of each."""
    return {
        name: (SAFETENSORS_TYPES.get(t.dtype, str(t.dtype)), tuple(t.shape))
        for name, t in tensors.items()
    }


def build_module(
    spec: Spec,
    layout: Layout | None,
    encoder: Any,
    generator: Generator,
    conditioned: bool,
) -> FairModule:
    """Encoder, bottleneck and head."""
    # A gate scales a layer's inputs. Those that come from a conditioned layer are.
    make_layer = ConditionedLinear if conditioned else linear
    make_gated = partial(ConditionedLinear, gated=True) if conditioned else linear
    device, row = generator.device, spec.shapes.row
    features = None if layout is None else Features(layout, device)
    if features is not None:
        row = (features.n_features,)
    has_layers = encoder is None and len(spec.hidden_layer_sizes) > 0
    make_first: Callable[[int, Generator], nn.Module] | None = None
    if has_layers:
        make_first = partial(make_gated, row[0])
    if has_layers and features is not None and _is_sparse(features):
        make_lookup = ConditionedFeatures if conditioned else LookupLinear
        make_first, features = partial(make_lookup, features), None
    layers: nn.Module
    if encoder is None:
        layers = MLP(
            row[0],
            spec.hidden_layer_sizes,
            n_members=spec.n_members,
            dropout=spec.dropout,
            generator=generator,
            make_layer=make_layer,
            make_first=make_first,
        )
    else:
        module = _users_module(encoder, row).to(device)
        layers = UserEncoder(module, example=torch.zeros(2, *row, device=device))
    n_inputs = prod(spec.shapes.row)
    make_module = CodeModule if spec.is_discrete else FairModule
    return make_module(
        layers,
        make_bottleneck(spec.bottleneck, n_inputs, spec.noise_std, generator),
        n_components=spec.n_released,
        n_outputs=spec.shapes.n_outputs,
        n_members=spec.n_members,
        generator=generator,
        make_project=make_layer if has_layers else make_gated,
        make_head=make_gated,
        features=features,
    )


def _is_sparse(features: Features) -> bool:
    """Whether a first layer of lookups gains anything: few features are not zero."""
    return features.n_features > LOOKUP_RATIO * features.n_parts


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
    spec: Spec, generator: Generator, conditioned: bool
) -> list[Dependence]:
    """A measure for each part of S: a critic, or a formula."""
    sees_z = spec.mi_target == "representation"
    n_view = spec.n_released if sees_z else spec.shapes.n_outputs
    specs = [
        MeasureSpec(
            n_view,
            part,
            spec.shapes.n_strata,
            spec.critic_hidden_layer_sizes,
            generator,
            ConditionedLinear if conditioned else linear,
        )
        for part in spec.shapes.guarded
    ]
    return [
        make_measure(spec.mi_estimator, part, of_codes=spec.is_discrete)
        for part in specs
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
