"""Rows on the device, and batches of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor
from torch.utils.data import Dataset


@dataclass(frozen=True)
class GuardedRows:
    """One part of S of some rows.

    Parameters
    ----------
    s : Tensor of shape (n,) or (n, n_values)
        Group codes or values.
    weight : Tensor of shape (n,)
        How much each row counts in the MI term; 0 where it does not.
    """

    s: Tensor
    weight: Tensor


@dataclass(frozen=True)
class Targets:
    """What the net trains some rows on.

    Parameters
    ----------
    y : Tensor of shape (n,) or (n, n_outputs)
    stratum : Tensor of shape (n,)
        The class that the MI term is conditioned on; 0 where it is not.
    weight : Tensor of shape (n,) or None
        How much each row counts in the task loss; None where all do alike.
    guarded : tuple of GuardedRows
        One for each part of S.
    embedding : Tensor of shape (n_runs, EMBEDDING_SIZE) or None
        Those of the rows' lambdas: the rows fall into as many runs of equal length,
        and a run shares one. None in a net for one lambda.
    task_share : Tensor of shape (n,) or (1,), or None
        What the task has of a row's loss, from 0 to 1; the MI term has the rest.
    """

    y: Tensor
    stratum: Tensor
    weight: Tensor | None
    guarded: tuple[GuardedRows, ...]
    embedding: Tensor | None = None
    task_share: Tensor | None = None

    def map(self, change: Callable[[Tensor], Tensor]) -> "Targets":
        """The same with each tensor changed."""
        return Targets._join([self], lambda tensors: change(tensors[0]))

    @classmethod
    def cat(cls, parts: Sequence["Targets"]) -> "Targets":
        """The rows of several, one after another."""
        return cls._join(parts, torch.cat)

    @classmethod
    def _join(
        cls, parts: Sequence["Targets"], join: Callable[[list[Tensor]], Tensor]
    ) -> "Targets":
        """Several as one, field by field."""

        def joined(values: Sequence[Tensor | None]) -> Tensor | None:
            given = [value for value in values if value is not None]
            return join(given) if given else None

        first = parts[0]
        guarded = tuple(
            GuardedRows(
                join([part.guarded[i].s for part in parts]),
                join([part.guarded[i].weight for part in parts]),
            )
            for i in range(len(first.guarded))
        )
        return cls(
            y=join([part.y for part in parts]),
            stratum=join([part.stratum for part in parts]),
            weight=joined([part.weight for part in parts]),
            guarded=guarded,
            embedding=joined([part.embedding for part in parts]),
            task_share=joined([part.task_share for part in parts]),
        )

    def weighted_by(self, share: Tensor) -> "Targets":
        """The same, each row counting so much more or less in the MI term."""
        guarded = tuple(replace(g, weight=g.weight * share) for g in self.guarded)
        return replace(self, guarded=guarded)


# Coded rows, and their targets; none where rows are only predicted.
Batch = tuple[Tensor, Targets]


class TensorTable(Dataset):
    """Rows on the device: coded x, and what the net trains them on, if it does."""

    def __init__(self, x: Tensor, targets: Targets | None = None) -> None:
        self.x = x
        self.targets = targets

    def __len__(self) -> int:
        return len(self.x)

    @property
    def device(self) -> torch.device:
        return self.x.device

    def to(self, device: torch.device | str) -> "TensorTable":
        return self._map(lambda values: values.to(device))

    def rows(self, index: Tensor) -> "TensorTable":
        # `index_select` takes a third of the time of `x[index]`.
        return self._map(lambda values: values.index_select(0, index))

    def __getitem__(self, index: Tensor) -> tuple[Tensor, Targets | None]:
        rows = self.rows(index)
        return rows.x, rows.targets

    def _map(self, change: Callable[[Tensor], Tensor]) -> "TensorTable":
        targets = None if self.targets is None else self.targets.map(change)
        return TensorTable(change(self.x), targets)


class Part(Dataset):
    """Some rows of a table, which stay where they are."""

    def __init__(self, table: TensorTable, index: Tensor) -> None:
        self.table = table
        self.index = index

    def __len__(self) -> int:
        return len(self.index)

    @property
    def device(self) -> torch.device:
        return self.index.device

    def __getitem__(self, rows: Tensor) -> tuple[Tensor, Targets | None]:
        return self.table[self.index.index_select(0, rows)]


# What batches are cut from.
Rows = TensorTable | Part


def even_runs(n_rows: int) -> int:
    """Runs of equal length that leave out the fewest of the rows, from 8 to 16."""
    return max(
        range(min(8, n_rows), min(16, n_rows) + 1), key=lambda k: (-(n_rows % k), k)
    )


class SlicingIterator:
    """Batches cut from tensors by an index permutation.

    A `DataLoader` costs more than the networks on tabular data. Batches are of nearly
    equal size, so that none is a few left-over rows. If they are to fall into runs,
    they are of equal size, and the few rows left over have their turn in another epoch.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        generator: Generator | None = None,
        in_runs: bool = False,
    ) -> None:
        self.dataset = dataset
        self.n_batches = -(-len(dataset) // batch_size)
        self.generator = generator
        self.in_runs = in_runs

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[Batch]:
        n = len(self.dataset)
        if self.generator is None:
            order = torch.arange(n, device=self.dataset.device)
        else:
            device = self.generator.device
            order = torch.randperm(n, generator=self.generator, device=device)
        if self.in_runs:
            size = n // self.n_batches
            n_runs = even_runs(size)
            order = order[: self.n_batches * (size // n_runs * n_runs)]
        for rows in order.tensor_split(self.n_batches):
            yield self.dataset[rows]
