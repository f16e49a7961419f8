"""Rows are stored as codes, and what is made of them is looked up.

A coded row holds one number for each column of a table: a number as it was
standardised, NaN where it is missing, or which category. As features, which a dense
layer takes, that is

- of a number: itself, whether it is missing, and with knots b_0 < ... < b_T its
  piecewise-linear encoding clip((x - b_t) / (b_t+1 - b_t), 0, 1) in T columns [1]_,
- of a category: one of its columns is 1, or none is where it is unknown.

Nearly all of these are 0 or 1, and of the bins of a number those below its own are 1
and those above are 0. So a product with weights is a product of the few numbers, as
ever, and a sum of few rows of a table: of the category, and, for the bins, of the two
knots that a number lies between. A knot's row is the sum of the weights of the bins
below it, made once a step. That takes memory and time by columns, not by features.

References
----------
.. [1] Y. Gorishniy, I. Rubachev and A. Babenko, "On Embeddings for Numerical Features
       in Tabular Deep Learning", NeurIPS, 2022.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn
from torch.nn import functional as F

from ._layers import start


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers: the value, NaN where it is missing.

    Parameters
    ----------
    has_missing : bool
        Whether a missing value has a feature; it is zero in any case.
    knots : tuple of float
        Ascending; at least two, or none without bins.
    """

    has_missing: bool = False
    knots: tuple[float, ...] = ()

    @property
    def n_features(self) -> int:
        return 1 + self.has_missing + self.n_bins

    @property
    def n_bins(self) -> int:
        return max(0, len(self.knots) - 1)

    def without_bins(self) -> "NumberColumn":
        return NumberColumn(self.has_missing)


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories: codes from 0, those from ``n_features`` on unknown."""

    n_features: int

    def without_bins(self) -> "CategoryColumn":
        return self


Layout: TypeAlias = tuple[NumberColumn | CategoryColumn, ...]


class Parts(NamedTuple):
    """What features of coded rows are, for a product with weights.

    Parameters
    ----------
    numbers : Tensor of shape (n, n_numbers)
        Numbers, and which of them are missing.
    row, value : Tensor of shape (n, n_pairs)
        Rows of a `Features.table`, and what each counts.
    """

    numbers: Tensor
    row: Tensor
    value: Tensor


class Features(nn.Module):
    """From coded rows to features, or to the parts of a product with weights.

    Features are column by column, but for the bins, which come last: those of each
    binned column, of as many as the column with the most has. Bins that a column lacks
    are always 0.

    Parameters
    ----------
    layout : sequence of NumberColumn and CategoryColumn
        The columns of a coded row.
    device : torch.device
    """

    numbers: Tensor
    missing: Tensor
    binned: Tensor
    categories: Tensor
    of_number: Tensor
    of_missing: Tensor
    of_numbers: Tensor
    of_category: Tensor
    n_categories: Tensor
    knots: Tensor
    n_bins: Tensor
    starts: Tensor

    def __init__(self, layout: Layout, device: torch.device | str) -> None:
        super().__init__()
        self.layout = tuple(layout)
        numbers = _places(layout, lambda c: isinstance(c, NumberColumn))
        categories = _places(layout, lambda c: isinstance(c, CategoryColumn))
        missing = _places(layout, lambda c: getattr(c, "has_missing", False))
        binned = _places(layout, lambda c: getattr(c, "n_bins", 0) > 0)
        widths = np.array([c.without_bins().n_features for c in layout], dtype=np.int64)
        first = np.cumsum(widths) - widths
        n_bins = np.array([layout[i].n_bins for i in binned], dtype=np.int64)
        most = int(n_bins.max(initial=0))
        knots = np.full((len(binned), most + 1), np.inf)
        for i, place in enumerate(binned):
            knots[i, : n_bins[i] + 1] = layout[place].knots
        self.n_plain, self.most = int(widths.sum()), most
        self.n_features = n_features(layout)
        self.n_rows = self.n_features + len(binned)
        # Numbers that `parts` makes of a row.
        self.n_parts = len(layout) + len(missing) + 2 * len(binned)
        tensors = {
            "numbers": numbers,
            "missing": missing,
            "binned": binned,
            "categories": categories,
            # The features of each column.
            "of_number": first[numbers],
            "of_missing": first[missing] + 1,
            "of_numbers": np.concatenate([first[numbers], first[missing] + 1]),
            "of_category": first[categories].astype(np.int32),
            "n_categories": widths[categories],
            "knots": knots.astype(np.float32),
            "n_bins": n_bins[:, None],
            "starts": (self.n_plain + (most + 1) * np.arange(len(binned))).astype(
                np.int32
            ),
        }
        for name, values in tensors.items():
            tensor = torch.from_numpy(values).to(device)
            self.register_buffer(name, tensor, persistent=False)

    def used(self) -> list[int]:
        """The features that are not always 0: of bins those that each column has."""
        has_bin = self.knots[:, 1:].isfinite().flatten()
        bins = self.n_plain + has_bin.nonzero().flatten()
        return [*range(self.n_plain), *bins.tolist()]

    def forward(self, coded: Tensor) -> Tensor:
        """The features, (n, n_features)."""
        features = coded.new_zeros(len(coded), self.n_features)
        known = coded.nan_to_num(0.0)
        features[:, self.of_number] = known[:, self.numbers]
        features[:, self.of_missing] = coded[:, self.missing].isnan().to(coded.dtype)
        if len(self.categories):
            index, is_known = self._categories(coded)
            features.scatter_(1, index.long(), is_known)
        if not len(self.binned):
            return features
        bins = features[:, self.n_plain :].unflatten(1, (-1, self.most))
        for i, (place, n_bins) in enumerate(zip(self.binned, self.n_bins, strict=True)):
            knots = self.knots[i, : n_bins + 1]
            position = (known[:, place, None] - knots[:-1]) / knots.diff()
            bins[:, i, :n_bins] = position.clamp(0.0, 1.0)
        return features

    def parts(self, coded: Tensor) -> Parts:
        """What `product` takes of the rows."""
        known = coded.nan_to_num(0.0)
        numbers = known[:, self.numbers]
        if len(self.missing):
            is_missing = coded[:, self.missing].isnan().to(coded.dtype)
            numbers = torch.cat([numbers, is_missing], dim=1)
        index, value = self._categories(coded)
        if len(self.binned):
            left, position = self._bins(known[:, self.binned])
            index = torch.cat([index, left, left + 1], dim=1)
            value = torch.cat([value, 1 - position, position], dim=1)
        return Parts(numbers, index, value)

    def table(self, weight: Tensor) -> Tensor:
        """The weights, but for each knot in place of bins: the sum of those below."""
        if not len(self.binned):
            return weight
        table = weight.new_empty(self.n_rows, weight.shape[1])
        table[: self.n_plain] = weight[: self.n_plain]
        knots = table[self.n_plain :].unflatten(0, (-1, self.most + 1))
        knots[:, 0] = 0.0
        of_bins = weight[self.n_plain :].unflatten(0, (-1, self.most))
        torch.cumsum(of_bins, 1, out=knots[:, 1:])
        return table

    def weight_of(self, table: Tensor) -> Tensor:
        """The weights that give this table."""
        if not len(self.binned):
            return table
        knots = table[self.n_plain :].unflatten(0, (-1, self.most + 1))
        return torch.cat([table[: self.n_plain], knots.diff(dim=1).flatten(0, 1)])

    def of_weight(self, of_table: Tensor) -> Tensor:
        """The gradient of the weights, from that of the table."""
        if not len(self.binned):
            return of_table
        of_weight = of_table.new_empty(self.n_features, of_table.shape[1])
        of_weight[: self.n_plain] = of_table[: self.n_plain]
        knots = of_table[self.n_plain :].unflatten(0, (-1, self.most + 1))
        of_bins = of_weight[self.n_plain :].unflatten(0, (-1, self.most))
        # A bin is in the sums of all knots above it.
        torch.sub(knots.sum(1, keepdim=True), knots[:, :-1].cumsum(1), out=of_bins)
        return of_weight

    def _categories(self, coded: Tensor) -> tuple[Tensor, Tensor]:
        code = coded[:, self.categories].int()
        is_known = code < self.n_categories
        return self.of_category + code * is_known, is_known.to(coded.dtype)

    def _bins(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """The knot below each number, a row of the table, and how far it is beyond."""
        known = known.T.contiguous()
        after = torch.searchsorted(self.knots, known, right=True)
        right = after.clamp_min(1).minimum(self.n_bins)
        left = self.knots.gather(1, right - 1)
        position = (known - left) / (self.knots.gather(1, right) - left)
        return (right - 1).int().T + self.starts, position.clamp_(0.0, 1.0).T


def _places(layout: Layout, holds: Any) -> np.ndarray:
    return np.array([i for i, c in enumerate(layout) if holds(c)], dtype=np.int64)


class _Product(torch.autograd.Function):
    """Product of weights with the features that these parts are.

    On a CPU torch's own gradient takes some three times as long.
    """

    @staticmethod
    def forward(
        ctx: Any,
        weight: Tensor,
        numbers: Tensor,
        index: Tensor,
        value: Tensor,
        features: Features,
    ) -> Tensor:
        table = features.table(weight)
        ctx.features = features
        ctx.save_for_backward(table, numbers, index, value)
        with torch.set_grad_enabled(ctx.needs_input_grad[3]):
            # Of the values torch's own gradient serves.
            ctx.value = value.detach().requires_grad_(ctx.needs_input_grad[3])
            ctx.looked_up = _bag(table, index, ctx.value)
        looked_up = ctx.looked_up.detach()
        return torch.addmm(looked_up, numbers, table[features.of_numbers])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        table, numbers, index, value = ctx.saved_tensors
        features, gradient = ctx.features, gradient.contiguous()
        of_weight, of_numbers, of_value = None, None, None
        if ctx.needs_input_grad[0]:
            of_table = _scattered(gradient, index, value, len(table))
            of_table[features.of_numbers] = numbers.T @ gradient
            of_weight = features.of_weight(of_table)
        if ctx.needs_input_grad[1]:
            of_numbers = gradient @ table[features.of_numbers].T
        if ctx.needs_input_grad[3]:
            (of_value,) = torch.autograd.grad(ctx.looked_up, ctx.value, gradient)
        return of_weight, of_numbers, None, of_value, None


def _bag(table: Tensor, index: Tensor, value: Tensor) -> Tensor:
    n, k = index.shape
    starts = k * torch.arange(n, dtype=index.dtype, device=index.device)
    return F.embedding_bag(
        index.flatten(), table, starts, mode="sum", per_sample_weights=value.flatten()
    )


def _scattered(gradient: Tensor, index: Tensor, value: Tensor, n_rows: int) -> Tensor:
    """What each row of the table gets of the gradient of the sums.

    It is a sum again, over the rows of the batch that looked it up.
    """
    n, k = index.shape
    if gradient.device.type != "cpu":
        rows = torch.arange(n, device=index.device).repeat_interleave(k)
        places = torch.stack([index.flatten().long(), rows])
        by_row = torch.sparse_coo_tensor(
            places, value.flatten(), (n_rows, n), check_invariants=False
        )
        return torch.sparse.mm(by_row, gradient)
    ends = k * np.arange(n + 1, dtype=np.int32)
    pairs = value.numpy().ravel(), index.numpy().ravel(), ends
    by_column = csr_matrix(pairs, shape=(n, n_rows)).tocsc()
    return F.embedding_bag(
        torch.from_numpy(by_column.indices),
        gradient,
        torch.from_numpy(by_column.indptr[:-1]),
        mode="sum",
        per_sample_weights=torch.from_numpy(by_column.data),
    )


def looked_up(features: Features, weight: Tensor, coded: Tensor) -> Tensor:
    """What ``features(coded) @ weight`` is, without the features.

    Parameters
    ----------
    features : Features
    weight : Tensor of shape (n_features, n_out)
    coded : Tensor of shape (n, n_columns)
    """
    return product(features, weight, features.parts(coded))


def product(features: Features, weight: Tensor, parts: Parts) -> Tensor:
    """What the features that these parts are give times the weights."""
    out: Tensor = _Product.apply(weight, *parts, features)
    return out


class LookupLinear(nn.Module):
    """A linear layer on the features of coded rows, which are looked up.

    ``weight`` has shape (n_features, n_out), the transpose of `torch.nn.Linear`'s.
    """

    def __init__(
        self, features: Features, n_out: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        device = generator.device
        self.features = features
        self.out_features = n_out
        self.weight = nn.Parameter(
            torch.empty(features.n_features, n_out, device=device)
        )
        self.bias = nn.Parameter(torch.empty(n_out, device=device))
        # As of a dense layer on the features that there are.
        n_in = sum(column.n_features for column in features.layout)
        start(self.weight, self.bias, n_in, generator)

    def forward(self, coded: Tensor) -> Tensor:
        return looked_up(self.features, self.weight, coded) + self.bias


def n_features(layout: Layout) -> int:
    """Features of a coded row, the bins that columns lack among them."""
    bins = [getattr(column, "n_bins", 0) for column in layout]
    plain = sum(column.n_features for column in layout) - sum(bins)
    return plain + max(bins, default=0) * sum(n > 0 for n in bins)


def without_bins(layout: Sequence[NumberColumn | CategoryColumn]) -> Layout:
    """The layout of rows that only say what each column holds."""
    return tuple(column.without_bins() for column in layout)
