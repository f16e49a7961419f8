"""A problem is the input of a fit, read, for nets to be built for and trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from .._inputs.classifier_scores import Inputs, Scorers, cross_fit
from .._inputs.encoding import TableEncoder
from .._inputs.sensitive import Sensitive, SensitivePart, cells_of
from .._inputs.splits import cells, hold_out
from .._utils.types import Codes, Floats
from ..nn._batches import GuardedRows, Part, Targets, TensorTable
from .criterion import Criterion
from .guarded import Guarded, guard
from .task import Task


@dataclass(frozen=True)
class Problem:
    """The rows of a fit on the device, what is asked of them, and who trains on which.

    Held-out rows train nothing. Where an epoch is to be chosen, every second of them
    chooses it; the others estimate, as do all of them where none is.
    """

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

    def rows(self, rows: Codes) -> TensorTable:
        index = torch.from_numpy(rows).to(self.table.x.device)
        return self.table.rows(index)

    def occurring(self, rows: Codes) -> TensorTable:
        """Rows for an estimate, where strata count as they occur."""
        table = self.rows(rows)
        assert table.targets is not None
        guarded = tuple(
            replace(of_part, weight=_scaled(part.weight)[rows].to(table.device))
            for of_part, part in zip(table.targets.guarded, self.guarded, strict=True)
        )
        return TensorTable(table.x, replace(table.targets, guarded=guarded))

    def train_rows(self, at_most: int | None = None) -> Part:
        """The rows that train, or every so many-th of them; they are not copied."""
        step = 1 if at_most is None else -(-len(self.train) // at_most)
        index = torch.from_numpy(self.train[::step])
        return Part(self.table, index.to(self.table.device))

    @property
    def choosing(self) -> Codes:
        """The held-out rows that choose the epoch, where one is chosen."""
        return self.held_out[::2]

    def unused(self, epoch_is_chosen: bool) -> Codes:
        """The held-out rows that choose nothing."""
        return self.held_out[1::2] if epoch_is_chosen else self.held_out

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
        return self.task.rows(rows), parts


def read_problem(
    raw: Any,
    task: Task,
    sensitive: Sensitive,
    *,
    mi_weight: Floats,
    task_weight: Floats,
    criterion: Criterion,
    group_weights: str,
    columns: TableEncoder,
    scorers: Scorers,
    fit_params: Mapping[str, NDArray],
    validation_fraction: float,
    early_stopping: bool,
    random_state: np.random.RandomState,
    device: torch.device,
) -> Problem:
    """The problem of fitting these rows; all that can be wrong with them is found here.

    Parameters
    ----------
    raw : DataFrame or ndarray
        X, as `read_table` returns it.
    task : Task
    sensitive : Sensitive
    mi_weight, task_weight : ndarray of shape (n_rows,)
        Weights of the rows in the MI term and in the task loss.
    criterion : Criterion
    group_weights : {"balanced", "empirical"}
    columns : TableEncoder
        Fitted on ``raw``.
    scorers : Scorers
        Whose scores are inputs beside the columns, if there are any; that of y is
        fitted with ``fit_params``.
    validation_fraction : float
        Share of the rows that are held out, if any are asked for: by S, or by
        ``early_stopping``.
    early_stopping : bool
    random_state : RandomState
    device : torch.device
    """
    stratum, n_strata, mi_weight = criterion.strata(task, mi_weight)
    guarded = [
        guard(part, stratum, n_strata, mi_weight, group_weights)
        for part in sensitive.parts
    ]
    is_needed = bool(sensitive.parts) or early_stopping
    fraction = validation_fraction if is_needed else 0.0
    train, held_out = hold_out(fraction, _cells(task, sensitive), random_state)
    if early_stopping and len(held_out) < 2:
        raise ValueError(
            f"early_stopping=True holds out {validation_fraction:.0%} of the "
            f"rows, which of {len(task.target)} rows is fewer than 2."
        )
    generator, critics_generator = (
        Generator(device).manual_seed(int(random_state.randint(2**31)))
        for _ in range(2)  # so that what S is like does not change the encoder
    )
    inputs: Inputs = columns
    if not scorers.all:
        x = columns.code(raw)
    else:
        inferred = sensitive.parts if scorers.of_sensitive else []
        groups = [np.where(part.present, cells_of(part), -1) for part in inferred]
        inputs, x = cross_fit(
            scorers, columns, raw, task.given, groups, train, fit_params, random_state
        )
    table = build_table(x, task, task_weight, stratum, guarded, device)
    return Problem(
        inputs,
        task,
        sensitive,
        guarded,
        n_strata,
        table,
        train,
        held_out,
        generator,
        critics_generator,
    )


def _cells(task: Task, sensitive: Sensitive) -> Codes:
    """The cell of each row: its group and, where y has classes, its label."""
    labels = [part.codes for part in sensitive.parts]
    if task.labels is not None:
        labels.append(task.labels)
    return cells(*labels) if labels else np.zeros(len(task.target), dtype=np.int64)


def build_table(
    x: NDArray[np.float32],
    task: Task,
    weight: Floats,
    stratum: Codes,
    guarded: list[Guarded],
    device: torch.device,
) -> TensorTable:
    """All rows on the device, with the targets that the net trains on."""
    targets = Targets(
        y=torch.from_numpy(task.target),
        stratum=torch.from_numpy(stratum),
        weight=_scaled(weight) if np.ptp(weight) > 0 else None,
        guarded=tuple(
            GuardedRows(torch.from_numpy(part.s), _scaled(part.training_weight))
            for part in guarded
        ),
    )
    return TensorTable(torch.from_numpy(x), targets).to(device)


def _scaled(weight: Floats) -> torch.Tensor:
    """Weights of mean 1."""
    return torch.from_numpy((weight / weight.mean()).astype(np.float32))
