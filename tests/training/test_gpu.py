"""The core on a CUDA device, against the same weights on the CPU."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

import fairrep
from fairrep import MIDebiasedClassifier, MIFairTransformer
from fairrep.nn._batches import SlicingIterator, TensorTable
from fairrep.nn._bottleneck import content_noise

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(
        not torch.cuda.is_available(), reason="torch finds no CUDA device"
    ),
    # Three epochs need not teach a network more than the larger class.
    pytest.mark.filterwarnings("ignore:The classifier has collapsed"),
]

VARIANTS = {
    "auto": {},
    "mine": {"mi_estimator": "mine"},
    "the paper": {
        "mi_estimator": "mine",
        "bottleneck": "deterministic",
        "gradient_rescaling": True,
    },
    "equalized odds": {"criterion": "equalized_odds"},
    "equalized odds, mine": {"criterion": "equalized_odds", "mi_estimator": "mine"},
    "equal opportunity": {"criterion": "equal_opportunity"},
    "prediction": {"mi_target": "prediction"},
    "continuous": {},
}


def fit_on(device, quick, biased, variant="auto", **params):
    X, y, s = biased
    model = MIDebiasedClassifier(
        **{**quick, **VARIANTS[variant], **params}, device=device
    )
    s = X[:, 5] + s if variant == "continuous" else s
    return model.fit(X, y, sensitive_features=s)


def on_cpu(model):
    """A copy of a fitted model with the same weights, evaluated on the CPU."""
    twin = pickle.loads(pickle.dumps(model))
    twin.net_.module_.to("cpu")
    twin.net_.device = "cpu"
    return twin


@pytest.mark.parametrize("variant", VARIANTS)
def test_fit_on_the_gpu_evaluates_as_on_the_cpu(quick, biased, variant):
    X = biased[0]
    model = fit_on("cuda", quick, biased, variant)
    weights = [*model.net_.module_.parameters(), *model.net_.critics_.parameters()]
    assert all(weight.is_cuda for weight in weights)
    twin = on_cpu(model)
    np.testing.assert_allclose(model.predict_proba(X), twin.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(model.transform(X), twin.transform(X), atol=1e-4)
    assert 0 <= model.mi_estimate_ < 5


def test_auto_takes_the_gpu(quick, biased):
    model = fit_on("auto", quick, biased)
    assert next(model.net_.module_.parameters()).is_cuda


@pytest.mark.parametrize("cls", [MIDebiasedClassifier, MIFairTransformer])
def test_it_learns_on_the_gpu_as_on_the_cpu(biased, cls):
    X, y, s = biased
    losses = [
        cls(0.1, batch_size=32, max_epochs=12, random_state=0, device=device)
        .fit(X, y, sensitive_features=s)
        .history_[-1, "train_task_loss"]
        for device in ("cpu", "cuda")
    ]
    assert losses[1] == pytest.approx(losses[0], abs=0.1)


def test_global_random_states_stay(quick, biased):
    def dropping(row_shape):
        layers = torch.nn.Linear(*row_shape, 8), torch.nn.Dropout(0.5)
        return torch.nn.Sequential(*layers)

    for encoder in (None, dropping):
        before = torch.get_rng_state(), torch.cuda.get_rng_state()
        fit_on("cuda", quick, biased, encoder=encoder).transform(biased[0])
        assert torch.equal(torch.get_rng_state(), before[0])
        assert torch.equal(torch.cuda.get_rng_state(), before[1])


def test_model_from_the_gpu_loads_and_predicts_on_the_cpu(quick, biased, tmp_path):
    X = biased[0]
    model = fit_on("cuda", quick, biased)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    np.save(tmp_path / "X.npy", X)
    script = """
import pickle, warnings, numpy as np, torch
assert not torch.cuda.is_available()
warnings.simplefilter("ignore")  # skorch says that the device is another one
model = pickle.load(open("model.pkl", "rb"))
X = np.load("X.npy")
np.savez("out.npz", p=model.predict_proba(X), z=model.transform(X))
"""
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        check=True,
    )
    out = np.load(tmp_path / "out.npz")
    np.testing.assert_allclose(out["p"], model.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(out["z"], model.transform(X), atol=1e-4)


def test_model_saved_on_the_gpu_loads_on_the_cpu(quick, biased, tmp_path):
    X = biased[0]
    model = fit_on("auto", quick, biased)
    model.save(tmp_path / "model")
    assert next(fairrep.load(tmp_path / "model").net_.module_.parameters()).is_cuda
    np.save(tmp_path / "X.npy", X)
    script = """
import numpy as np, torch, fairrep
assert not torch.cuda.is_available()
model = fairrep.load("model")
X = np.load("X.npy")
np.savez("out.npz", p=model.predict_proba(X), z=model.transform(X))
"""
    subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        check=True,
    )
    out = np.load(tmp_path / "out.npz")
    np.testing.assert_allclose(out["p"], model.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(out["z"], model.transform(X), atol=1e-4)


def test_pickle_of_the_gpu_is_small(quick, biased):
    assert len(pickle.dumps(fit_on("cuda", quick, biased))) < 1_000_000


def test_noise_of_a_row_is_the_same_on_both_devices():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(500, 7, generator=generator)
    key = torch.empty(7, dtype=torch.int64).random_(generator=generator)
    noise = content_noise(x, key, 6)
    on_gpu = content_noise(x.cuda(), key.cuda(), 6).cpu()
    torch.testing.assert_close(on_gpu, noise, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_training_never_waits_for_the_gpu(quick, biased, variant):
    class NoSync(Callback):
        """Any wait between the first batch of an epoch and its last is an error."""

        def on_batch_begin(self, net, training, **kwargs):
            if len(net.history) > 1 and training:  # the first epoch may set things up
                torch.cuda.set_sync_debug_mode("error")

        def on_batch_end(self, net, **kwargs):
            torch.cuda.set_sync_debug_mode("default")

    try:
        fit_on("cuda", quick, biased, variant, callbacks=[NoSync()])
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_slicing_batches_never_waits_for_the_gpu():
    x = torch.zeros(1000, 3, device="cuda")
    table = TensorTable(x)
    batches = SlicingIterator(table, 64, torch.Generator("cuda"))
    next(iter(batches))
    try:
        torch.cuda.set_sync_debug_mode("error")
        assert sum(len(rows) for rows, _ in batches) == 1000
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("allowed", [True, False])
def test_tf32_by_choice_and_restored(quick, biased, allowed):
    class Note(Callback):
        def on_batch_begin(self, net, **kwargs):
            net.tf32_seen = torch.get_float32_matmul_precision()

    before = torch.get_float32_matmul_precision()
    model = fit_on("cuda", quick, biased, allow_tf32=allowed, callbacks=[Note()])
    assert model.net_.tf32_seen == ("high" if allowed else "highest")
    assert torch.get_float32_matmul_precision() == before
