"""What the user has set in torch changes no result, and is there again afterwards."""

import os
import subprocess
import sys
from threading import Thread

import numpy as np
import pytest
import torch

import fairrep
from fairrep import MIDebiasedClassifier, lambda_path

STATES = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "default device": lambda: torch.device("meta"),
}


def results(biased, quick, folder):
    X, y, s = biased
    clf = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=s)
    clf.save(folder)
    path = lambda_path(X, y, sensitive_features=s, lambdas=[0, 3], **quick)
    return [
        clf.predict_proba(X),
        clf.transform(X),
        fairrep.load(folder).predict_proba(X),
        path.figures().to_numpy(),
        path.at(1.0).predict_proba(X),
        np.array(clf.mi_estimate_),
    ]


@pytest.mark.filterwarnings("ignore:The classifier")
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_users_state_changes_nothing(biased, quick, state, tmp_path):
    expected = results(biased, quick, tmp_path / "expected")
    with state():
        got = results(biased, quick, tmp_path / "got")
    for values, others in zip(got, expected, strict=True):
        np.testing.assert_array_equal(values, others)


@pytest.mark.filterwarnings("ignore:The classifier")
def test_the_users_default_dtype_changes_nothing(biased, quick, tmp_path):
    expected = results(biased, quick, tmp_path / "expected")
    torch.set_default_dtype(torch.float64)
    try:
        got = results(biased, quick, tmp_path / "got")
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    for values, others in zip(got, expected, strict=True):
        np.testing.assert_array_equal(values, others)


def test_fits_in_threads_with_a_users_dropout(biased, quick):
    X, y, s = biased

    def encoder(shape):
        return torch.nn.Sequential(torch.nn.Linear(shape[0], 8), torch.nn.Dropout(0.5))

    def fitted():
        clf = MIDebiasedClassifier(encoder=encoder, **quick)
        return clf.fit(X, y, sensitive_features=s).predict_proba(X)

    expected, got = fitted(), []
    threads = [Thread(target=lambda: got.append(fitted())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 2
    for values in got:
        np.testing.assert_array_equal(values, expected)


FORK = """
import os, time, numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from fairrep import MIDebiasedClassifier
rng = np.random.default_rng(0)
X, S = rng.normal(size=(20_000, 5)), rng.integers(0, 2, 20_000)
y = (X[:, 0] > 0).astype(int)
estimator = HistGradientBoostingClassifier(max_iter=5) if {scored} else None
clf = MIDebiasedClassifier(0.1, estimator=estimator, max_epochs=1, random_state=0)
clf.fit(X[:1000], y[:1000], sensitive_features=S[:1000])
expected = clf.predict(X)
child = os.fork()
if child == 0:
    os._exit(not (np.array_equal(clf.predict(X[:1]), expected[:1])
                  and np.array_equal(clf.predict(X), expected)))
for _ in range(300):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        raise SystemExit(os.waitstatus_to_exitcode(status))
    time.sleep(0.1)
os.kill(child, 9)
raise SystemExit("the child hangs")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("scored", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_predict_in_a_forked_process(scored):
    """As of gunicorn --preload, or multiprocessing: the threads are the parent's."""
    command = [sys.executable, "-W", "ignore", "-c", FORK.format(scored=scored)]
    env = os.environ | {"OMP_NUM_THREADS": "2"}
    subprocess.run(command, env=env, check=True, timeout=120)
