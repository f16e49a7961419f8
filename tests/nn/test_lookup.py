"""Lookups of coded rows equal a dense layer on what the codes stand for."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fairrep.nn._conditioning import ConditionedFeatures, embed, folded
from fairrep.nn._lookup import (
    CategoryColumn,
    Features,
    LookupLinear,
    NumberColumn,
    looked_up,
    without_bins,
)

LAYOUTS = {
    "all kinds": (
        NumberColumn(True, (-1.0, 0.0, 0.5, 2.0)),
        CategoryColumn(3),
        NumberColumn(),
        NumberColumn(False, (-2.0, -1.0, 1.0, 1.5, 3.0, 4.0)),
        CategoryColumn(2),
        NumberColumn(True),
    ),
    "categories": (CategoryColumn(4), CategoryColumn(1)),
    "numbers without bins": (NumberColumn(True), NumberColumn()),
    "one number": (NumberColumn(False, (0.0, 1.0)),),
}


def rows(layout, n=60):
    """Coded rows with missing numbers, unknown categories, and knots themselves."""
    rng = np.random.default_rng(0)
    columns = []
    for column in layout:
        if isinstance(column, CategoryColumn):
            columns.append(rng.integers(column.n_features + 1, size=n))
            continue
        values = 2 * rng.normal(size=n)
        values[: len(column.knots)] = column.knots
        values[10:20] = [-99, 99] * 5
        if column.has_missing:
            values[::7] = np.nan
        columns.append(values)
    return torch.from_numpy(np.column_stack(columns).astype(np.float32))


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return LAYOUTS[request.param]


def test_features_are_those_of_the_definition():
    layout = LAYOUTS["all kinds"]
    coded = torch.tensor(
        [[np.nan, 3.0, 0.1, 1.25, 1.0, np.nan], [0.25, 0.0, -7.0, 9.0, 0.0, 2.0]]
    )
    features = Features(layout, "cpu")(coded)
    plain = [
        [0, 1, 0, 0, 0, 0.1, 1.25, 0, 1, 0, 1],
        [0.25, 0, 1, 0, 0, -7, 9, 1, 0, 2, 0],
    ]
    bins = [
        [1, 0, 0, 0, 0, 1, 1, 0.5, 0, 0],
        [1, 0.5, 0, 0, 0, 1, 1, 1, 1, 1],
    ]
    expected = torch.cat([torch.tensor(plain), torch.tensor(bins)], dim=1)
    torch.testing.assert_close(features, expected)


def test_without_bins_they_are_the_first(layout):
    coded = rows(layout)
    plain = Features(without_bins(layout), "cpu")
    of_all = Features(layout, "cpu")(coded)
    torch.testing.assert_close(plain(coded), of_all[:, : plain.n_features])


def test_lookups_equal_the_dense_product_and_its_gradient(layout):
    features = Features(layout, "cpu")
    coded = rows(layout)
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(features.n_features, 5, generator=generator).requires_grad_()
    results = features(coded) @ weight, looked_up(features, weight, coded)
    torch.testing.assert_close(*results, atol=1e-5, rtol=1e-5)
    passed = torch.randn(len(coded), 5, generator=generator)
    gradients = [torch.autograd.grad(result, weight, passed) for result in results]
    torch.testing.assert_close(*gradients, atol=1e-4, rtol=1e-5)


def test_the_layer_is_a_dense_one_on_the_features(layout):
    features = Features(layout, "cpu")
    layer = LookupLinear(features, 7, torch.Generator().manual_seed(0))
    coded = rows(layout)
    expected = F.linear(features(coded), layer.weight.T, layer.bias)
    torch.testing.assert_close(layer(coded), expected, atol=1e-5, rtol=1e-5)


def test_a_conditioned_layer_is_an_ordinary_one_at_one_lambda(layout):
    generator = torch.Generator().manual_seed(0)
    layer = ConditionedFeatures(Features(layout, "cpu"), 7, generator)
    with torch.no_grad():
        layer.film.normal_(generator=generator)
        layer.gates.normal_(generator=generator)
    coded = rows(layout)
    embedding = embed(torch.tensor([0.3]))
    by_row = layer(coded, embedding.expand(len(coded), -1))
    by_run = layer(coded, embedding.expand(4, -1))
    for found in [by_run, layer(coded, embedding), folded(layer, embedding)(coded)]:
        torch.testing.assert_close(found, by_row, atol=1e-4, rtol=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
def test_lookups_on_a_gpu_equal_those_on_a_cpu(layout):
    coded = rows(layout)
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(Features(layout, "cpu").n_features, 5, generator=generator)
    results = []
    for device in ["cpu", "cuda"]:
        leaf = weight.to(device).requires_grad_()
        out = looked_up(Features(layout, device), leaf, coded.to(device))
        (gradient,) = torch.autograd.grad(out.square().sum(), leaf)
        results.append((out.detach().cpu(), gradient.cpu()))
    torch.testing.assert_close(*results, atol=1e-4, rtol=1e-4)
