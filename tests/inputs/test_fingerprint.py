"""What tells whether a model has seen some rows."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import fairrep
from fairrep import MIDebiasedClassifierCV, MIFairTransformer, lambda_path
from fairrep._inputs.fingerprint import N_KEPT, fingerprint, share_seen


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)


def test_share_of_rows_seen(rows):
    kept = fingerprint(rows[:800])
    assert len(kept) == N_KEPT
    assert share_seen(kept, rows[:500]) == 1
    assert share_seen(kept, rows[800:]) == 0
    assert share_seen(kept, rows) == pytest.approx(0.8, abs=0.05)
    assert np.isnan(share_seen(kept, rows[:4]))  # too few


def test_rows_that_are_often_equal_tell_nothing(rows):
    few_values = np.sign(rows)
    kept = fingerprint(few_values[:800])
    assert len(kept) == 0
    assert np.isnan(share_seen(kept, few_values[800:]))


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_every_estimator_keeps_it(biased, quick, tmp_path):
    X, y, s = biased
    lambdas = [0, 1]
    models = [
        MIFairTransformer(**quick).fit(X[:200], y[:200], sensitive_features=s[:200]),
        lambda_path(
            X[:200], y[:200], sensitive_features=s[:200], lambdas=lambdas, **quick
        ).at(0.5),
        MIDebiasedClassifierCV(max_gap=1, lambdas=lambdas, n_bootstrap=2, **quick).fit(
            X[:200], y[:200], sensitive_features=s[:200]
        ),
    ]
    for i, model in enumerate(models):
        model.save(tmp_path / str(i))
        again = fairrep.load(tmp_path / str(i))
        assert_array_equal(again.fingerprint_, model.fingerprint_)
        assert again._share_seen(X[:200]) == 1
        assert again._share_seen(X[200:]) == 0


def test_a_model_without_it_loads_and_is_audited(biased, quick, tmp_path):
    X, y, s = biased
    transformer = MIFairTransformer(**quick).fit(X, y, sensitive_features=s)
    del transformer.fingerprint_
    transformer.save(tmp_path / "model")
    again = fairrep.load(tmp_path / "model")
    fairrep.audit(again, X, y, sensitive_features=s, leakage=False)
