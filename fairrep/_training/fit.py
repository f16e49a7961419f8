"""A training makes nets of a problem and a spec, and says what they leave of S."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import RLock

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from .._problem.problem import Problem
from .._utils.warnings import warn_user
from ..nn._conditioning import LambdaScale
from .build import build_net
from .net import FairNet
from .spec import Given, Spec

# Critics are trained once more on so many rows at most.
REFIT_ROWS = 200_000
USERS_ENCODER = RLock()


def fit(
    problem: Problem, spec: Spec, given: Given, *, allow_tf32: bool = False
) -> tuple[FairNet, float]:
    """The trained net, and its estimate of I(Z; S) on held-out rows; NaN without any.

    Raises
    ------
    FloatingPointError
        If a term of the loss becomes non-finite.
    KeyboardInterrupt
        If it is interrupted before the first epoch is over.
    """
    with torch_settings(problem, given, allow_tf32=allow_tf32):
        net = train(problem, spec, given)
        held_out = problem.unused(spec.early_stopping or net.interrupted_)
        mi_estimate = np.nan
        if problem.guarded and len(held_out):
            net.refit_critics(problem.train_rows(REFIT_ROWS))
            mi_estimate = net.estimate_mi(problem.occurring(held_out))
    net.drop_training_state()
    return net, mi_estimate


def train(
    problem: Problem, spec: Spec, given: Given, scale: LambdaScale | None = None
) -> FairNet:
    """The trained net; with a scale, one that is conditioned on lambda."""
    valid = problem.rows(problem.choosing)
    net = build_net(
        spec,
        problem.inputs.layout,
        given,
        generator=problem.generator,
        critics_generator=problem.critics_generator,
        valid=valid if len(valid) else None,
        scale=scale,
    )
    rows = problem.train_rows()
    net.fit(rows, None)
    if net.interrupted_ and net.best_epoch() == 0:
        raise KeyboardInterrupt
    net.refit_head(rows)
    return net


@contextmanager
def torch_settings(
    problem: Problem, given: Given, *, allow_tf32: bool
) -> Iterator[None]:
    """Settings of torch that hold for one fit and are then put back."""
    own_encoder = given.encoder is not None
    # The layers of a user's encoder may read torch's global random state, which all
    # threads share: such fits run one after another.
    one_at_a_time = USERS_ENCODER if own_encoder else nullcontext()
    device, seed = problem.generator.device, problem.generator.initial_seed()
    precision = torch.get_float32_matmul_precision()
    # Layers of a hundred units gain nothing from a second thread, and on a busy
    # machine lose much.
    n_threads = None if own_encoder else 1
    torch.set_float32_matmul_precision("high" if allow_tf32 else "highest")
    try:
        # Our own layers take a generator. Those of a user's encoder get a global state
        # of their own, for the time of the fit.
        devices = [device] if device.type == "cuda" else []
        with (
            one_at_a_time,
            threadpool_limits(n_threads, user_api="openmp"),
            torch.random.fork_rng(devices, enabled=own_encoder),
        ):
            if own_encoder:
                torch.manual_seed(seed)
            yield
    finally:
        torch.set_float32_matmul_precision(precision)


def warn_if_interrupted(net: FairNet) -> None:
    """Warn of a fit that ended by Ctrl-C, and say which epoch it kept."""
    if net.interrupted_:
        warn_user(
            f"The fit was interrupted in epoch {len(net.history)} of "
            f"{net.max_epochs}; the weights of epoch {net.best_epoch()}, "
            "the best so far, are kept.",
            ConvergenceWarning,
        )


def warn_of_divergence(net: FairNet, problem: Problem, mi_estimate: float) -> None:
    """Warn of critics whose estimate is above what there is to tell."""
    entropy = sum(part.entropy for part in problem.guarded)
    if mi_estimate > entropy and net.critics_learn:
        warn_user(
            f"The estimate of the mutual information, {mi_estimate:.3f} "
            f"nats, is above the entropy of the sensitive features, {entropy:.3f} "
            "nats, which it cannot exceed: the critic has diverged, or a group has "
            "too few held-out rows. Try a smaller critic_learning_rate, a larger "
            "validation_fraction, or merge rare groups.",
            ConvergenceWarning,
        )
