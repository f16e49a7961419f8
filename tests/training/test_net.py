"""Each term of the loss alone, and the steps that play them against each other."""

import pickle
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import trapezoid
from scipy.stats import norm
from skorch.callbacks import Callback
from skorch.helper import predefined_split
from torch.nn import functional as F

from fairrep._training.callbacks import BestEpoch
from fairrep._training.net import FairNet
from fairrep.nn._batches import (
    GuardedRows,
    SlicingIterator,
    Targets,
    TensorTable,
    even_runs,
)
from fairrep.nn._bottleneck import make_bottleneck
from fairrep.nn._encoder import MLP
from fairrep.nn._layers import linear
from fairrep.nn._module import FairModule, cross_entropy, squared_error
from fairrep.nn.dependence.protocol import MeasureSpec, SensitiveShape
from fairrep.nn.dependence.registry import make_measure

N_FEATURES = 4
TWO_GROUPS = SensitiveShape(1, ((0.5, 0.5),))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def leaky_table(n=512, seed=0, separation=2.0):
    """Rows whose first column tells s and whose second one tells y."""
    rng = np.random.default_rng(seed)
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


def make_net(
    lambda_mi=1.0,
    *,
    bottleneck="gaussian",
    dropout=0.1,
    mi_estimator="auto",
    mi_target="representation",
    **kwargs,
):
    noise = generator()
    module = FairModule(
        MLP(N_FEATURES, (16,), dropout=dropout, generator=noise),
        make_bottleneck(bottleneck, N_FEATURES, 0.3, noise),
        n_components=6,
        n_outputs=2,
        generator=noise,
    )
    critic = make_measure(
        mi_estimator,
        MeasureSpec(
            6 if mi_target == "representation" else 2,
            TWO_GROUPS,
            1,
            hidden_layer_sizes=(16,),
            generator=noise,
        ),
    )
    defaults = {
        "task_loss": cross_entropy,
        "critic_steps": 3,
        "critic_batches": 1,
        "critic_lr": 1e-2,
        "warmup_epochs": 0,
        "gradient_rescaling": False,
        "lr": 1e-2,
        "max_epochs": 3,
        "batch_size": 128,
        "train_split": None,
    }
    return FairNet(
        module,
        critics=[critic],
        lambda_mi=lambda_mi,
        mi_target=mi_target,
        generator=noise,
        **(defaults | kwargs),
    )


def started(net, table):
    """The net as it is in the first epoch, before its first step."""
    net.initialize()
    net.fit_loop(table, epochs=0)
    net.history.new_epoch()
    return net


def terms(net, table, seed=0):
    """Task loss and the estimate of I(Z; S) of all rows, their noise from the seed."""
    noise = generator(seed)
    output, z = net.module_(table.x, noise)
    task = net.task_term(output, z, table.targets)
    mi = net.mutual_info(net.critic_view(output, z), table.targets, noise)
    return task, mi


def copies(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(module, before):
    return {
        name
        for name, value in module.state_dict().items()
        if not torch.equal(value, before[name])
    }


def gradients(value, net):
    """The gradient of one term, by the name of the weight; None where it has none."""
    named = dict(net.module_.named_parameters())
    grads = torch.autograd.grad(
        value, list(named.values()), retain_graph=True, allow_unused=True
    )
    return dict(zip(named, grads, strict=True))


# -- losses --------------------------------------------------------------------


def test_cross_entropy_by_hand():
    output, target = torch.tensor([[0.0, 1.0], [2.0, -1.0]]), torch.tensor([1, 1])
    expected = [np.log1p(np.exp(-1)), np.log1p(np.exp(3))]
    assert_allclose(cross_entropy(output, target), expected, rtol=1e-6)


def test_squared_error_by_hand():
    output = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    target = torch.tensor([[1.0, 4.0], [3.0, 1.0]])
    assert_array_equal(squared_error(output, target), [2, 5])


def test_task_loss_is_weighted():
    table = leaky_table(8)
    net = make_net().initialize()
    output, z = net.module_(table.x)
    weight = torch.tensor([2.0, 0, 0, 1, 1, 1, 3, 0])
    loss = net.task_term(output, z, replace(table.targets, weight=weight))
    rows = F.cross_entropy(output, table.targets.y, reduction="none")
    assert_allclose(loss.detach(), (rows * weight).mean().detach(), rtol=1e-6)


# -- each term alone -----------------------------------------------------------


def test_task_gradient_reaches_encoder_and_head():
    table = leaky_table()
    net = started(make_net(), table)
    task, _ = terms(net, table)
    for name, grad in gradients(task, net).items():
        assert grad.norm() > 0, name


def test_mi_gradient_reaches_the_encoder_alone_where_the_critic_sees_z():
    table = leaky_table()
    net = started(make_net(), table)
    _, mi = terms(net, table)
    grads = gradients(mi, net)
    reached = {name for name, grad in grads.items() if grad is not None}
    assert reached == {name for name in grads if not name.startswith("head")}
    assert all(grads[name].norm() > 0 for name in reached)


def test_mi_gradient_reaches_the_head_where_the_critic_sees_predictions():
    table = leaky_table()
    net = started(make_net(mi_target="prediction"), table)
    _, mi = terms(net, table)
    for name, grad in gradients(mi, net).items():
        assert grad.norm() > 0, name


def test_critics_see_probabilities_where_the_target_is_the_prediction():
    net = make_net(mi_target="prediction").initialize()
    output, z = net.module_(leaky_table().x)
    view = net.critic_view(output, z)
    assert_allclose(view.detach(), F.softmax(output, 1).detach())
    assert make_net().initialize().critic_view(output, z) is z


def test_without_lambda_the_critics_are_left_alone():
    table = leaky_table()
    net = make_net(0.0).initialize()
    critics, module = copies(net.critics_), copies(net.module_)
    net.fit(table, None)
    assert changed(net.critics_, critics) == set()
    assert changed(net.module_, module) == set(module) - {"bottleneck.key"}
    assert net.history[:, "train_mi"] == [0.0] * 3
    assert net.history[-1, "train_task_loss"] < net.history[0, "train_task_loss"]


def test_with_lambda_everything_learns():
    table = leaky_table()
    net = make_net(1.0).initialize()
    critics, module = copies(net.critics_), copies(net.module_)
    net.fit(table, None)
    assert changed(net.critics_, critics) == set(critics) - {"0.log_prior"}
    assert changed(net.module_, module) == set(module) - {"bottleneck.key"}


def test_the_critics_step_raises_the_estimate():
    table = leaky_table()
    net = started(make_net(critic_steps=100, dropout=0.0), table)
    module = copies(net.module_)
    _, z = net.module_(table.x)
    before = net.mutual_info(z, table.targets).item()
    net.train_critics(z.detach(), table.targets)
    after = net.mutual_info(z, table.targets).item()
    assert before < 0.02
    assert after > before + 0.1
    assert changed(net.module_, module) == set()


def test_the_encoders_step_lowers_the_estimate():
    table = leaky_table()
    net = started(make_net(100.0, critic_steps=100, lr=1e-3), table)
    _, z = net.module_(table.x)
    net.train_critics(z.detach(), table.targets)
    critics = copies(net.critics_)
    estimates = []
    for _ in range(20):
        task, mi = terms(net, table)
        estimates.append(mi.item())
        net.train_encoder(task, mi)
    assert estimates[0] > 0.05
    assert estimates[-1] < 0.5 * estimates[0]
    assert (np.diff(estimates[:5]) < 0).all()
    assert changed(net.critics_, critics) == set()


def test_the_critics_train_on_recent_batches():
    """As many steps as asked, each on all rows of the last batches."""
    table = leaky_table(96)
    net = started(make_net(critic_steps=2, critic_batches=3), table)
    seen = []

    def remember(critic, args):
        seen.append(len(args[0]))

    net.critics_[0].register_forward_pre_hook(remember)
    for n in (10, 20, 30, 40):
        z = torch.randn(n, 6, generator=generator())
        net.train_critics(z, table.rows(torch.arange(n)).targets)
    assert seen == [10, 10, 30, 30, 60, 60, 90, 90]


def test_estimates_of_several_parts_add_up():
    table = leaky_table()
    (first,) = table.targets.guarded
    second = GuardedRows(1 - first.s, torch.ones(512))
    table.targets = replace(table.targets, guarded=(first, second))
    net = make_net()
    net.critics = [net.critics[0], make_net(mi_estimator="mine").critics[0]]
    net.initialize()
    _, z = net.module_(table.x)
    stratum, ones = table.targets.stratum, torch.ones(512)
    alone = [
        critic(z, part.s, stratum, ones)
        for critic, part in zip(net.critics_, (first, second), strict=True)
    ]
    total = net.mutual_info(z, table.targets)
    assert_allclose(total.item(), sum(value.item() for value in alone), rtol=1e-6)
    net.fit(table, None)


# -- lambda and the update -----------------------------------------------------


class Recorder(Callback):
    def __init__(self, what):
        self.what = what

    def on_train_begin(self, net, **kwargs):
        self.seen = []

    def on_batch_end(self, net, training, **kwargs):
        if training:
            self.seen.append(self.what(net))


def test_warm_up():
    def schedule(net):
        return len(net.history), net.current_lambda(), net.is_warming_up()

    recorder = Recorder(schedule)
    net = make_net(6.0, warmup_epochs=2, max_epochs=5, callbacks=[recorder])
    net.fit(leaky_table(64), None)
    assert recorder.seen == [
        (1, pytest.approx(2.0), True),
        (2, pytest.approx(4.0), True),
        (3, 6.0, False),
        (4, 6.0, False),
        (5, 6.0, False),
    ]


@pytest.mark.parametrize(("epoch", "expected"), [(1, 1.0), (2, 2.0), (3, 3.0)])
def test_loss_of_the_encoder_is_task_plus_lambda_mi(epoch, expected):
    table = leaky_table()
    net = started(make_net(3.0, warmup_epochs=2), table)
    for _ in range(epoch - 1):
        net.history.new_epoch()
    task, mi = terms(net, table)
    wanted = gradients(task + expected * mi, net)
    got = {}
    net.optimizer_.register_step_pre_hook(
        lambda *_: got.update({k: v.grad for k, v in net.module_.named_parameters()})
    )
    net.train_encoder(task, mi)
    for name, grad in wanted.items():
        assert_allclose(got[name], grad, atol=1e-7)


@pytest.mark.parametrize("critic_scale", [1e-3, 1.0, 1e3])
def test_gradient_rescaling(critic_scale):
    """Two Adams; in each tensor the MI gradient is no longer than the task's."""
    table = leaky_table()
    net = make_net(0.5, gradient_rescaling=True, warmup_epochs=1, lr=4e-3)
    started(net, table)
    with torch.no_grad():
        net.critics_[0].scores.weight.mul_(critic_scale)
    task, mi = terms(net, table)
    task_grads, mi_grads = gradients(task, net), gradients(mi, net)
    steps = []

    def remember(optimizer, *_):
        named = net.module_.named_parameters()
        grads = {k: None if v.grad is None else v.grad.clone() for k, v in named}
        steps.append((optimizer, grads))

    for optimizer in (net.optimizer_, net.mi_optimizer_):
        optimizer.register_step_pre_hook(remember)
    net.train_encoder(task, mi)

    (first, of_task), (second, of_mi) = steps
    assert first is net.optimizer_
    assert second is net.mi_optimizer_
    # lambda * lr: half of the warm-up, lambda = 0.5.
    assert second.param_groups[0]["lr"] == pytest.approx(4e-3 * 0.25)
    shortened = Counter()
    for name, grad in task_grads.items():
        assert_allclose(of_task[name], grad, atol=1e-7)
        if mi_grads[name] is None:
            assert of_mi[name] is None
            continue
        assert of_mi[name].norm() <= grad.norm() * (1 + 1e-5), name
        ratio = min(1.0, float(grad.norm() / mi_grads[name].norm()))
        assert_allclose(of_mi[name], ratio * mi_grads[name], rtol=1e-4, atol=1e-7)
        shortened[ratio < 1] += 1
    if critic_scale != 1.0:
        assert shortened == {critic_scale > 1: 4}


def test_gradient_rescaling_trains_with_unused_weights():
    """A user's encoder may hold layers that its forward does not use."""
    net = make_net(1.0, gradient_rescaling=True)
    net.module.encoder.unused = MLP(2, (3,), generator=generator())
    before = copies(net.module)
    net.fit(leaky_table(), None)
    assert changed(net.module_, before) >= {"head.weight", "project.weight"}
    assert not any("unused" in name for name in changed(net.module_, before))


@pytest.mark.parametrize(("gradient_rescaling", "lr"), [(False, 1e-2), (True, 3e-3)])
def test_a_larger_lambda_leaves_less_information(gradient_rescaling, lr):
    estimates = []
    for lambda_mi in (0.0, 5.0):
        net = make_net(
            lambda_mi,
            gradient_rescaling=gradient_rescaling,
            lr=lr,
            max_epochs=15,
        )
        train, held_out = leaky_table(1024), leaky_table(2048, seed=1)
        net.fit(train, None)
        net.refit_critics(train)
        estimates.append(net.estimate_mi(held_out))
        accuracy = (net.forward(held_out)[0].argmax(1) == held_out.targets.y).float()
        assert accuracy.mean() > 0.8
    assert estimates[0] > 0.05
    assert estimates[1] < 0.3 * estimates[0]


# -- batches -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_rows", "batch_size"),
    [(1, 5), (10, 3), (33, 32), (64, 32), (101, 10), (1025, 512), (7, 1), (50, 7)],
)
def test_batches_cover_each_row_once(n_rows, batch_size):
    rows = torch.arange(n_rows)
    table = TensorTable(rows.unsqueeze(1), Targets(rows, rows, None, ()))
    for noise in (None, generator()):
        batches = SlicingIterator(table, batch_size, noise)
        drawn = list(batches)
        assert len(drawn) == len(batches)
        for x, targets in drawn:
            assert_array_equal(x.squeeze(1), targets.y)
        order = torch.cat([x.squeeze(1) for x, _ in drawn])
        assert_array_equal(order.sort().values, rows)
        sizes = [len(x) for x, _ in drawn]
        assert max(sizes) <= batch_size
        # Of nearly equal size, so that none is a few left-over rows.
        assert max(sizes) - min(sizes) <= 1
        if noise is None:
            assert_array_equal(order, rows)


@pytest.mark.parametrize(
    ("n_rows", "batch_size"), [(1, 5), (7, 7), (100, 32), (1018, 512), (509, 512)]
)
def test_batches_in_runs_are_equal_and_leave_few_rows_for_another_epoch(
    n_rows, batch_size
):
    table = TensorTable(torch.arange(n_rows))
    batches = SlicingIterator(table, batch_size, generator(), in_runs=True)
    epochs = [[x for x, _ in batches] for _ in range(20)]
    for drawn in epochs:
        (size,) = {len(x) for x in drawn}
        assert size % even_runs(size) == 0
        n_drawn = len(torch.cat(drawn).unique())
        assert n_drawn == len(batches) * size > 0.8 * n_rows
    assert len(torch.cat([x for drawn in epochs for x in drawn]).unique()) == n_rows


@pytest.mark.parametrize("n_rows", [1, 5, 12, 16, 32, 500, 512])
def test_runs_are_as_many_as_fall_evenly(n_rows):
    assert n_rows % even_runs(n_rows) == 0
    assert min(8, n_rows) <= even_runs(n_rows) <= 16


def test_batches_are_shuffled_anew_in_each_epoch():
    table = TensorTable(torch.arange(100))
    batches = SlicingIterator(table, 10, generator())
    epochs = [torch.cat([x for x, _ in batches]) for _ in range(3)]
    assert len(torch.unique(torch.stack(epochs), dim=0)) == 3
    assert not any(torch.equal(epoch, table.x) for epoch in epochs)


def test_modules_of_the_user_train_and_evaluate():
    """Ours go by the generator; a user's dropout goes by its mode."""
    net = make_net(train_split=predefined_split(leaky_table(seed=1)), max_epochs=2)
    modes = {True: [], False: []}
    net.module.encoder.register_forward_hook(
        lambda module, args, _: modes[args[1] is not None].append(module.training)
    )
    net.fit(leaky_table(), None)
    assert modes == {True: [True] * 8, False: [False] * 8}
    modes[False].clear()
    net.refit_critics(leaky_table())
    net.estimate_mi(leaky_table(seed=1))
    net.forward(leaky_table())
    assert len(modes[False]) >= 6
    assert not any(modes[False])


def test_history_is_the_mean_over_the_batches():
    valid = leaky_table(300, seed=1)
    net = make_net(2.0, train_split=predefined_split(valid), max_epochs=1, lr=0.0)
    net.fit(leaky_table(), None)
    record = net.history[-1]
    output, z = net.module_.eval()(valid.x)
    chunks = [valid.rows(torch.arange(i, i + 100)).targets for i in (0, 100, 200)]
    mi = [
        net.mutual_info(z[100 * i : 100 * (i + 1)], chunk).item()
        for i, chunk in enumerate(chunks)
    ]
    task = net.task_term(output, z, valid.targets).item()
    assert record["valid_task_loss"] == pytest.approx(task, rel=1e-5)
    assert record["valid_mi"] == pytest.approx(np.mean(mi), rel=1e-4)
    expected = task + 2 * max(np.mean(mi), 0)
    assert record["valid_loss"] == pytest.approx(expected, rel=1e-4)


# -- non-finite losses ---------------------------------------------------------


@pytest.mark.parametrize("planted", [np.nan, np.inf])
@pytest.mark.parametrize(
    ("lambda_mi", "term"),
    [(0.0, "The task loss became"), (1.0, "task loss and the mutual information term")],
)
def test_non_finite_input(planted, lambda_mi, term):
    table = leaky_table()
    table.x[100, 2] = planted
    net = make_net(lambda_mi)
    with pytest.raises(FloatingPointError, match=rf"{term}.*epoch 1 \(train, batch"):
        net.fit(table, None)


def test_non_finite_input_in_the_held_out_rows():
    valid = leaky_table(seed=1)
    valid.x[300, 2] = np.nan
    net = make_net(0.0, train_split=predefined_split(valid))
    with pytest.raises(FloatingPointError, match=r"epoch 1 \(valid, batch 3\)"):
        net.fit(leaky_table(), None)


def test_exploding_critic():
    net = make_net(1.0, critic_lr=1e30)
    message = "^The mutual information term became non-finite .*critic_learning_rate"
    with pytest.raises(FloatingPointError, match=message):
        net.fit(leaky_table(), None)


# -- the best epoch ------------------------------------------------------------


class Sabotage(Callback):
    """Ruins the weights at the start of an epoch; keeps those of every epoch's end."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_begin(self, net, **kwargs):
        self.weights = []

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            with torch.no_grad():
                net.module_.head.weight.mul_(-50)

    def on_epoch_end(self, net, **kwargs):
        self.weights.append(copies(net.module_))


def watched_net(*, stop, patience=10, warmup_epochs=0, extra=(), sabotage=4):
    watch = Sabotage(sabotage)
    best = BestEpoch(stop=stop, monitor="valid_loss", patience=patience, threshold=0.0)
    net = make_net(
        0.1,
        max_epochs=6,
        warmup_epochs=warmup_epochs,
        train_split=predefined_split(leaky_table(seed=1)),
        callbacks=[("watch", watch), ("best_epoch", best), *extra],
    )
    return net, watch


def test_best_epoch_is_restored():
    net, watch = watched_net(stop=True)
    net.fit(leaky_table(), None)
    losses = net.history[:, "valid_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == 6
    assert best == 2
    assert net.best_epoch() == best + 1
    assert changed(net.module_, watch.weights[best]) == set()
    assert changed(net.module_, watch.weights[-1])
    assert not net.interrupted_


def test_training_stops_when_patience_is_over():
    net, watch = watched_net(stop=True, patience=2)
    net.fit(leaky_table(), None)
    assert len(net.history) == 5
    assert net.best_epoch() == 3
    assert changed(net.module_, watch.weights[2]) == set()
    assert not net.interrupted_


def test_without_stopping_the_last_epoch_is_kept():
    net, watch = watched_net(stop=False)
    net.fit(leaky_table(), None)
    assert net.best_epoch() == 3
    assert changed(net.module_, watch.weights[-1]) == set()


def test_epochs_of_the_warm_up_do_not_count():
    """Their loss has a smaller lambda: they may be the lowest and mean nothing."""
    net, watch = watched_net(stop=True, warmup_epochs=4)
    net.fit(leaky_table(), None)
    losses = net.history[:, "valid_loss"]
    assert int(np.argmin(losses)) < 4
    assert net.best_epoch() == 5 + int(np.argmin(losses[4:]))
    assert changed(net.module_, watch.weights[net.best_epoch() - 1]) == set()


class Interrupt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("stop", [False, True])
def test_interrupt_keeps_the_best_epoch_so_far(stop):
    net, watch = watched_net(stop=stop, extra=[("interrupt", Interrupt(6))])
    net.fit(leaky_table(), None)
    assert net.interrupted_
    assert net.best_epoch() == 3
    assert changed(net.module_, watch.weights[2]) == set()


def test_interrupt_before_any_epoch():
    net, _ = watched_net(stop=False, extra=[("interrupt", Interrupt(1))])
    net.fit(leaky_table(), None)
    assert net.interrupted_
    assert net.best_epoch() == 0


# -- after training ------------------------------------------------------------


@pytest.mark.parametrize("mi_estimator", ["auto", "mine"])
def test_estimate_of_a_known_information(mi_estimator):
    """Columns and their negatives through a ReLU: z keeps all that x tells of s."""
    t = np.linspace(-12, 12, 20_001)
    density = (norm.pdf(t, -1) + norm.pdf(t, 1)) / 2
    truth = -trapezoid(density * np.log(density), t) - norm.entropy()
    net = make_net(0.0, bottleneck="deterministic", mi_estimator=mi_estimator, lr=0.0)
    net.module.encoder = MLP(N_FEATURES, (), generator=generator())
    net.module.project = linear(N_FEATURES, 6, generator())
    with torch.no_grad():
        net.module.project.weight.copy_(torch.eye(4)[[0, 0, 1, 1, 2, 2]])
        net.module.project.weight[1::2] *= -1
        net.module.project.bias.zero_()
    train, held_out = leaky_table(4096), leaky_table(4096, seed=1)
    net.fit(train, None)
    module = copies(net.module_)
    net.refit_critics(train)
    estimate = net.estimate_mi(held_out)
    assert_allclose(estimate, truth, atol=0.03)
    assert changed(net.module_, module) == set()


def test_estimate_without_leakage():
    net = make_net(0.0)
    train, held_out = leaky_table(2048, separation=0), leaky_table(2048, 1, 0)
    net.fit(train, None)
    net.refit_critics(train)
    assert 0 <= net.estimate_mi(held_out) < 0.01


@pytest.mark.parametrize("mi_target", ["representation", "prediction"])
def test_released_view(mi_target):
    table = leaky_table(100)
    net = make_net(mi_target=mi_target, max_epochs=1).fit(table, None)
    view = net.released_view(table)
    output, z = net.module_(table.x)
    expected = z if mi_target == "representation" else F.softmax(output, 1)
    assert_allclose(view.x, expected.detach(), atol=1e-5)
    assert_array_equal(view.targets.y, table.targets.y)


def test_output_is_that_of_the_mean_and_does_not_vary():
    table = leaky_table(100)
    net = make_net(max_epochs=1).fit(table, None)
    module = net.module_
    output, z = module(table.x)
    mean = module.bottleneck.mean(module.project(module.encoder(table.x)))
    assert_array_equal(output.detach(), module.head(mean).detach())
    assert not torch.equal(z, mean)
    noise = generator()
    noisy_output, noisy_z = module(table.x, noise)
    assert_array_equal(noisy_output[:, 0].detach(), module.head(noisy_z).detach())


def test_same_seed_same_weights():
    first, second = (make_net().fit(leaky_table(), None) for _ in range(2))
    assert changed(first.module_, copies(second.module_)) == set()
    assert changed(first.critics_, copies(second.critics_)) == set()


def test_training_leaves_the_global_random_state():
    before = torch.get_rng_state()
    train = leaky_table()
    net = make_net().fit(train, None)
    net.refit_critics(train)
    net.estimate_mi(train)
    assert_array_equal(torch.get_rng_state(), before)


def test_pickle_without_the_training_state():
    table = leaky_table()
    net = make_net().fit(table, None)
    expected = net.forward(table)
    net.drop_training_state()
    copy = pickle.loads(pickle.dumps(net))
    for a, b in zip(copy.forward(table), expected, strict=True):
        assert_array_equal(a, b)
    assert copy.optimizer_ is None
    assert copy.critics_optimizer_ is None
