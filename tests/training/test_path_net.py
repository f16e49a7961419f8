"""PathNet: how task and MI term share the loss of rows at any lambda."""

from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from fairrep._training.path_net import BALANCED_EVERY, PathNet
from fairrep.nn._batches import GuardedRows, Targets, TensorTable
from fairrep.nn._bottleneck import make_bottleneck
from fairrep.nn._conditioning import ConditionedLinear, LambdaScale
from fairrep.nn._encoder import MLP
from fairrep.nn._module import FairModule, cross_entropy
from fairrep.nn.dependence.protocol import MeasureSpec, SensitiveShape
from fairrep.nn.dependence.registry import make_measure

N_FEATURES = 4
RANGE = LambdaScale(0.0, 100.0, 1.0)


def table_of(separation, n=512):
    """Rows whose first column tells s and whose second one tells y."""
    rng = np.random.default_rng(0)
    s, y = rng.integers(2, size=(2, n))
    x = rng.normal(size=(n, N_FEATURES))
    x[:, 0] += separation * (s - 0.5)
    x[:, 1] += 2 * y - 1
    return TensorTable(
        torch.tensor(x, dtype=torch.float32),
        Targets(
            y=torch.tensor(y),
            stratum=torch.zeros(n, dtype=torch.int64),
            weight=None,
            guarded=(GuardedRows(torch.tensor(s), torch.ones(n)),),
        ),
    )


def trained(table, scale=RANGE, n_steps=2 * BALANCED_EVERY):
    noise = torch.Generator().manual_seed(0)
    module = FairModule(
        MLP(N_FEATURES, (16,), generator=noise, make_layer=ConditionedLinear),
        make_bottleneck("gaussian", N_FEATURES, 0.3, noise),
        n_components=6,
        n_outputs=2,
        generator=noise,
        make_project=ConditionedLinear,
        make_head=partial(ConditionedLinear, gated=True),
    )
    shape = SensitiveShape(1, ((0.5, 0.5),))
    spec = MeasureSpec(6, shape, 1, (16,), noise, ConditionedLinear)
    net = PathNet(
        module,
        scale=scale,
        critics=[make_measure("auto", spec)],
        task_loss=cross_entropy,
        mi_target="representation",
        critic_steps=1,
        critic_batches=1,
        critic_lr=1e-2,
        warmup_epochs=0,
        gradient_rescaling=False,
        generator=noise,
        lr=1e-3,
        max_epochs=n_steps // 4,
        batch_size=128,
        train_split=None,
    )
    return net.fit(table, None)


def test_the_less_x_tells_of_s_the_more_the_mi_term_counts():
    """Or its gradient would be lost beside that of the task."""
    plain, faint = (
        trained(table_of(separation), n_steps=5 * BALANCED_EVERY)
        for separation in (4.0, 0.4)
    )
    for net in (plain, faint):
        net.module_.train()
    assert 1 <= 3 * plain.balanced_lambda() < faint.balanced_lambda() < RANGE.largest


@pytest.mark.parametrize("n_steps", [4, 2 * BALANCED_EVERY])
def test_both_terms_are_divided_by_the_same(n_steps):
    table = table_of(0.4)
    net = trained(table, LambdaScale(3.0, 3.0, 3.0), n_steps)
    net.module_.train()
    balanced = net.balanced_lambda()
    # Known only after some steps, and never beyond the range.
    assert balanced == 1 if n_steps < BALANCED_EVERY else 1 < balanced <= 3
    targets = net.placed(table.x, table.targets)
    view = torch.randn(len(table), 6)
    with torch.no_grad():
        assert_allclose(
            net.mi_term(view, targets),
            3 / (1 + 3 / balanced) * net.mutual_info(view, targets),
            rtol=1e-5,
        )
        output = torch.randn(len(table), 2)
        expected = cross_entropy(output, targets.y) / (1 + 3 / balanced)
        assert_allclose(net.row_term(output, view, targets), expected, rtol=1e-5)


def test_validation_weighs_all_epochs_alike():
    net = trained(table_of(0.4))
    net.module_.train()
    assert net.balanced_lambda() > 1
    net.module_.eval()
    assert net.balanced_lambda() == 1
