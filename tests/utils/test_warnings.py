"""Warnings point at the line of the user's, however the fit was called."""

import pytest
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from fairrep import MIDebiasedClassifier, MIDebiasedClassifierCV

ONE_CLASS = {"class_weight": {0: 1000.0, 1: 0.001}}
MODELS = {
    "alone": lambda **params: MIDebiasedClassifier(1.0, **params),
    "path": lambda **params: MIDebiasedClassifierCV(
        lambdas=[0.0, 1.0], max_gap=1.0, n_bootstrap=2, **params
    ),
    "pipeline": lambda **params: make_pipeline(MIDebiasedClassifier(1.0, **params)),
    "search": lambda **params: GridSearchCV(
        MIDebiasedClassifier(1.0, **params), {"lambda_mi": [1.0]}, cv=2
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_warning_names_the_callers_line(name, biased, quick):
    X, y, s = biased
    model = MODELS[name](**quick, **ONE_CLASS)
    with (
        sklearn.config_context(enable_metadata_routing=True),
        pytest.warns(ConvergenceWarning, match="has collapsed") as caught,
    ):
        model.fit(X, y, sensitive_features=s)
    assert {warning.filename for warning in caught} == {__file__}
