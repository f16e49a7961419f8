"""The range of lambda goes from no effect to a gap that is lost in its noise."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.isotonic import isotonic_regression
from torch.nn import functional as F

from .._inputs.sensitive import cells_of
from .._inputs.splits import cells
from .._problem.problem import Problem
from .._training.fit import train
from .._training.path_net import PathNet
from .._training.spec import Given, Spec
from .._utils.types import Codes, Floats
from ..nn._batches import TensorTable
from ..nn._conditioning import LambdaScale

# Six decades, within which the survey looks. Where y is rare and hard to predict, a
# hundredth may be much; where the critic is slow, hundreds may be little.
WIDEST = LambdaScale(0.0, 1000.0, 0.01)
NOTHING_TO_CLOSE = LambdaScale(0.0, 10.0, 0.1)
# Where so short a training shows no effect of lambda at all.
ANYTHING = LambdaScale(0.0, 100.0, 0.1)
NEGLIGIBLE = 0.002  # a gap in the mean score, where the score hardly varies
ENDS = 0.1  # of the fall of the gap: by so little it has begun, or is not yet over
MARGIN = 4.0
SMALLEST_END = 1.0  # of a range, which costs nothing where less would do
SURVEY_SHARE = 0.15  # of the epochs
# A survey sees so many rows at least, in no fewer and no more steps than these: small
# batches, whose gradients are noisier, take more.
MIN_SURVEY_ROWS, MIN_SURVEY_STEPS = 256_000, (500, 1000)
SURVEY_ROWS = 10_000
# Of so few the curve of one member is too rough; of more it serves, at a quarter of the
# time.
FEW_ROWS = 10_000
N_POSITIONS = 33
N_SHUFFLES = 20
# A group needs some rows for its mean score to say anything.
MIN_GROUP_ROWS = 30


def read_lambdas(lambdas: Any) -> Floats:
    """The grid that a user gave, checked."""
    grid = np.asarray(lambdas, dtype=np.float64)
    if grid.ndim != 1 or not grid.size:
        raise ValueError(
            "lambdas must hold at least one number, in one dimension; got an array of "
            f"shape {grid.shape}."
        )
    if not np.isfinite(grid).all() or (grid < 0).any():
        bad = grid[~np.isfinite(grid) | (grid < 0)][0]
        raise ValueError(f"lambdas must be finite and at least 0; got {bad}.")
    if (np.diff(grid) <= 0).any():
        raise ValueError(f"lambdas must ascend, each once; got {grid.tolist()}.")
    return grid


def scale_of(lambdas: Floats) -> LambdaScale:
    """The range of such a grid."""
    unit = lambdas[lambdas > 0].min(initial=np.inf)
    return LambdaScale(
        float(lambdas[0]), float(lambdas[-1]), float(unit if unit < np.inf else 1.0)
    )


class GapCurve(NamedTuple):
    """Lambdas, the gap in the mean score at each, and what it may be without any S."""

    lambdas: Floats
    gaps: Floats
    floors: Floats


def survey(problem: Problem, spec: Spec, given: Given) -> LambdaScale:
    """The range of lambda worth training for, from a short training on all.

    It ends well after the lambda that closes the gap here, as far as so short a
    training can, and its unit is the lambda that begins to close it.
    """
    steps_of_epoch = len(problem.train) / spec.batch_size
    n_steps = np.clip(MIN_SURVEY_ROWS / spec.batch_size, *MIN_SURVEY_STEPS)
    wanted = max(SURVEY_SHARE * spec.max_epochs, n_steps / steps_of_epoch)
    brief = replace(
        spec,
        max_epochs=min(math.ceil(wanted), spec.max_epochs),
        warmup_epochs=0,
        early_stopping=False,
        n_members=spec.n_members if len(problem.train) < FEW_ROWS else 1,
    )
    net = train(problem, brief, replace(given, callbacks=()), WIDEST)
    if net.interrupted_:  # whoever interrupts so early does not want the rest
        raise KeyboardInterrupt
    lambdas, gaps, floors = gap_curve(net, problem)
    if gaps[0] <= max(floors[0], NEGLIGIBLE):
        return NOTHING_TO_CLOSE
    fall = gaps[0] - gaps[-1]
    closed = np.argmax(gaps <= np.maximum(floors, gaps[-1] + ENDS * fall))
    if closed == 0:
        return ANYTHING
    largest = np.clip(MARGIN * lambdas[closed], SMALLEST_END, WIDEST.largest)
    begins = np.argmax(gaps < gaps[0] - ENDS * fall)
    unit = np.clip(lambdas[begins], largest / 1000, largest / 10)
    return LambdaScale(0.0, float(largest), float(unit))


def choose_lambdas(curve: GapCurve, scale: LambdaScale, n_lambdas: int) -> Floats:
    """A grid from 0 to well after the gap is lost in its noise, denser where it falls.

    Neighbours are equally far apart on the curve of the gap against the position of
    lambda, both from 0 to 1.
    """
    lambdas, gaps, floors = curve
    is_closed = gaps <= floors
    end = len(lambdas)
    if is_closed.any():
        # On rows that did not train the gap of decisions may close later.
        farthest = MARGIN * lambdas[max(1, int(is_closed.argmax()))]
        end = int(np.searchsorted(lambdas, farthest, side="right"))
    fall = np.abs(np.diff(gaps[:end])) / max(np.ptp(gaps[:end]), 1e-12)
    length = np.append(0.0, np.cumsum(np.hypot(1 / (end - 1), fall)))
    at = np.interp(np.linspace(0, length[-1], n_lambdas), length, np.arange(end))
    position = torch.from_numpy(at / (len(lambdas) - 1))
    grid = scale.lambda_at(position).numpy()
    return np.minimum(grid, scale.largest)  # the last may be off by a rounding


def gap_curve(net: PathNet, problem: Problem) -> GapCurve:
    """The curve of a trained net.

    Training rows serve: they are many, and the range is no claim. The gap is that of
    the scores, since decisions on a rare class may all be the same at any lambda. It
    is the falling curve that is nearest: a dip or a bump of a net that is half trained
    must not set the range.
    """
    rows = np.sort(problem.train)[:: -(-len(problem.train) // SURVEY_ROWS)]
    table = problem.rows(rows)
    comparisons = list(_comparisons(problem, rows, table))
    positive = problem.task.positive
    of_classes = slice(1, None) if positive is None else [positive]
    positions = torch.linspace(0, 1, N_POSITIONS, dtype=torch.float64)
    lambdas = net.scale.lambda_at(positions).numpy()
    gaps, floors = np.empty(N_POSITIONS), np.empty(N_POSITIONS)
    for i, lambda_mi in enumerate(lambdas):
        output = net.at(lambda_mi).outputs(table)
        if problem.task.classes is not None:
            output = F.softmax(output, dim=1)[:, of_classes]
        scores = output.double().numpy()
        by_shuffle = np.array(
            [
                [_score_gap(scores[members], codes) for codes in shuffles]
                for members, shuffles in comparisons
            ]
        ).max(axis=0)
        gaps[i], floors[i] = by_shuffle[0], np.median(by_shuffle[1:])
    return GapCurve(lambdas, isotonic_regression(gaps, increasing=False), floors)


def _comparisons(
    problem: Problem, rows: Codes, table: TensorTable
) -> Iterator[tuple[Codes, list[Codes]]]:
    """Give the rows of each part of S and stratum, their groups, and these shuffled."""
    rng = np.random.default_rng(0)
    assert table.targets is not None
    stratum = table.targets.stratum.cpu().numpy()
    parts = zip(problem.sensitive.parts, table.targets.guarded, strict=True)
    for part, of_part in parts:
        codes = cells_of(part)[rows]
        guarded = of_part.weight.cpu().numpy() > 0
        for value in np.unique(stratum[guarded]):
            members = np.flatnonzero(guarded & (stratum == value))
            groups = cells(codes[members])
            if groups.max() == 0:  # one group alone has no gap
                continue
            shuffles = [rng.permutation(groups) for _ in range(N_SHUFFLES)]
            yield members, [groups, *shuffles]


def _score_gap(scores: Floats, codes: Codes) -> float:
    """Largest difference between groups in the mean of a column of scores."""
    counts = np.bincount(codes)
    large = counts >= min(MIN_GROUP_ROWS, np.sort(counts)[-2:].min())
    sums = [np.bincount(codes, weights=column) for column in scores.T]
    return float(max(np.ptp(total[large] / counts[large]) for total in sums))
