"""What the nets of a fit were built for, as plain data; and nets built from it again.

Parameters may be set anew after a fit, so those of the fit are kept, with what `fit`
found in the data: how many classes, groups and strata.
"""

from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Generator

from ._build import Problem, build_net, n_members
from ._cross_fit import Inputs
from ._problem.task import Task
from ._sensitive import Guarded, Sensitive
from .nn._net import FairNet
from .nn._table import TensorTable

if TYPE_CHECKING:
    from ._base import BaseMIEstimator

# Of no consequence for a trained net, or no plain data.
LEFT_OUT = {
    "callbacks",
    "class_weight",
    "device",
    "encoder",
    "estimator",
    "random_state",
    "verbose",
}


def draw_blueprint(
    params: "BaseMIEstimator", problem: Problem, net: FairNet
) -> dict[str, Any]:
    """What `net_from_blueprint` needs."""
    settings = params.get_params(deep=False)
    settings["mi_target"] = params.mi_target
    settings["batch_size"] = net.batch_size  # "auto" depends on the number of rows
    # "auto" may stand for another number in a later version.
    settings["n_members"] = n_members(params)
    return {
        "params": {k: v for k, v in settings.items() if k not in LEFT_OUT},
        "task": problem.task.kind,
        "n_outputs": problem.task.n_outputs,
        "n_strata": problem.n_strata,
        "critics": [
            {
                "n_groups": None if part.prior is None else part.prior.shape[1],
                "n_values": 1 if part.s.ndim == 1 else part.s.shape[1],
            }
            for part in problem.guarded
        ],
    }


def net_from_blueprint(
    blueprint: dict[str, Any],
    inputs: Inputs,
    encoder: Any,
    device: torch.device,
) -> FairNet:
    """The net of that fit, as after `drop_training_state`, its weights still random."""
    settings = {"n_members": 1, **blueprint["params"]}  # 1: of an earlier version
    params = SimpleNamespace(**settings, callbacks=None, encoder=encoder, verbose=0)
    # The module of a callable may draw its weights from torch's global generator.
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices, enabled=encoder is not None):
        problem = _bare_problem(blueprint, inputs, device)
        net = build_net(cast("BaseMIEstimator", params), problem)
    net.initialize()
    net.recent_batches_ = deque()
    net.drop_training_state()
    net._set_training(False)
    return net


def _bare_problem(
    blueprint: dict[str, Any], inputs: Inputs, device: torch.device
) -> Problem:
    """A problem of the same shape that holds no data."""
    n_strata = blueprint["n_strata"]
    guarded = []
    for critic in blueprint["critics"]:
        n_groups, n_values = critic["n_groups"], critic["n_values"]
        prior = None if n_groups is None else np.ones((n_strata, n_groups)) / n_groups
        guarded.append(Guarded(np.zeros((2, n_values)), np.ones(2), prior, np.nan))
    no_rows = np.empty(0, dtype=np.int64)
    x = torch.zeros(2, *inputs.out_shape, device=device)
    return Problem(
        inputs,
        Task(blueprint["task"], no_rows, blueprint["n_outputs"]),
        Sensitive([], [], []),
        guarded,
        n_strata,
        TensorTable(x, {}),
        train=no_rows,
        held_out=no_rows,
        generator=Generator(device),
        critics_generator=Generator(device),
    )
