"""scikit-learn's own checks, on the estimators with and without the MI term."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import _num_samples

from fairrep import (
    MIDebiasedClassifier,
    MIDebiasedClassifierCV,
    MIDebiasedRegressor,
    MIFairTransformer,
)

WEIGHTS = (
    "A row of weight 2 does not draw the same mini-batches and held-out rows as the "
    "row twice, and columns are standardised without the weights."
)
# The defaults are checked without the MI term, where they are fast.
QUICK = {"max_epochs": 5, "hidden_layer_sizes": (32,), "critic_steps": 1}
QUICK_CODES = {
    **QUICK,
    "max_epochs": 40,
    "bottleneck": "discrete",
    "n_codes": 8,
    "learning_rate": 0.02,
}
# A number takes some more training than a class.
QUICK_NUMBERS = {**QUICK, "lambda_mi": 0.1, "max_epochs": 40}
QUICK_PATH = {
    "lambdas": [0, 0.1],
    "max_gap": 1,
    "validation_fraction": 0.4,
    "n_bootstrap": 5,
    "max_epochs": 6,
    "warmup_epochs": 1,
    "learning_rate": 0.01,
    "hidden_layer_sizes": (16,),
    "critic_hidden_layer_sizes": (8,),
}
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": WEIGHTS,
    "check_sample_weight_equivalence_on_sparse_data": WEIGHTS,
}


class GuardedClassifier(MIDebiasedClassifier):
    """S is derived from X, since the checks pass none."""

    def fit(self, X, y, *, sensitive_features=None, sample_weight=None):
        return super().fit(
            X, y, sensitive_features=_groups(X), sample_weight=sample_weight
        )


class GuardedRegressor(MIDebiasedRegressor):
    """S is derived from X, since the checks pass none."""

    def fit(self, X, y, *, sensitive_features=None, sample_weight=None):
        return super().fit(
            X, y, sensitive_features=_groups(X), sample_weight=sample_weight
        )


class GuardedTransformer(MIFairTransformer):
    """S is derived from X, since the checks pass none."""

    def fit(self, X, y=None, *, sensitive_features=None, sample_weight=None):
        return super().fit(
            X, y, sensitive_features=_groups(X), sample_weight=sample_weight
        )


class GuardedCV(MIDebiasedClassifierCV):
    """S is derived from X, since the checks pass none."""

    def fit(self, X, y, *, sensitive_features=None, sample_weight=None):
        return super().fit(
            X, y, sensitive_features=_groups(X), sample_weight=sample_weight
        )


def _groups(X):
    # Every third row: two groups in any X of two rows, never the y of a check. The
    # values of X would not do: some checks pass constant columns.
    return np.arange(_num_samples(X)) % 3 == 0


# Some checks train on ten rows of noise, or with weights of which one class is to win.
@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
# Of ten rows, every third tells much of any y.
@pytest.mark.filterwarnings("ignore:sensitive_features .* tells")
@parametrize_with_checks(
    [
        MIDebiasedClassifier(0),
        MIFairTransformer(0),
        GuardedClassifier(**QUICK),
        GuardedTransformer(**QUICK),
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_common_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
@pytest.mark.filterwarnings("ignore:The classifier chosen is no better")
@pytest.mark.filterwarnings("ignore:sensitive_features .* tells")
@parametrize_with_checks(
    [
        GuardedClassifier(**QUICK_CODES),
        GuardedTransformer(**QUICK_CODES, output="index"),
        GuardedCV(**QUICK_PATH),
        # They share all of their reading with the classifier and the transformer.
        MIDebiasedRegressor(0),
        GuardedRegressor(**QUICK_NUMBERS),
    ],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_common_checks_of_other_estimators(estimator, check):
    check(estimator)
