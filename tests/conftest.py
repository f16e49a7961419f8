"""What the tests share: small data, and settings that keep fits short."""

import os
import warnings

# The networks here are tiny: a second thread brings nothing, and where the cores are
# shared, as among the processes of pytest-xdist, its waiting makes a fit some thirty
# times slower. Read when torch and scikit-learn's trees are first imported.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import sklearn
import torch
from sklearn.exceptions import ConvergenceWarning

from fairrep import datasets
from fairrep._training.net import FairNet
from fairrep.datasets import load_adult, make_biased_classification

torch.set_num_threads(1)

# A fit of well under a second, for tests that ask nothing of its quality.
QUICK = {
    "max_epochs": 3,
    "warmup_epochs": 1,
    "hidden_layer_sizes": (8,),
    "n_components": 4,
    "n_members": 1,
    "critic_hidden_layer_sizes": (8,),
    "critic_steps": 1,
    "batch_size": 64,
    "learning_rate": 0.01,
    "random_state": 1,
}


@pytest.fixture(scope="session")
def quick():
    """Parameters of a fit that takes a fraction of a second."""
    return dict(QUICK)


@pytest.fixture(scope="session")
def _biased():
    return make_biased_classification(
        400, n_features=6, mi_xs=0.3, return_X_y_s=True, random_state=0
    )


@pytest.fixture
def biased(_biased):
    """(X, y, s): 400 rows, 6 numeric features, two classes, two groups."""
    return tuple(values.copy() for values in _biased)


@pytest.fixture(scope="session")
def _adult():
    X, y, A = load_adult(sensitive=["sex", "race"], return_X_y_s=True)
    rows = y.groupby(y).sample(300, random_state=0).sample(frac=1, random_state=0).index
    return tuple(table.loc[rows].reset_index(drop=True) for table in (X, y, A))


@pytest.fixture
def adult(_adult):
    """(X, y, A): 300 rows of each class of Adult, with A the columns sex and race."""
    return tuple(table.copy() for table in _adult)


@pytest.fixture
def sketched(monkeypatch):
    """For code that is shown to readers: few rows of Adult, short trainings.

    So a script or page runs in seconds, from start to end; what it finds means nothing.
    """
    pytest.importorskip("matplotlib").use("agg")
    fit_loop = FairNet.fit_loop

    def load_sample(**options):
        loaded = load_adult(**options)
        if isinstance(loaded, tuple):
            return tuple(table[:500] for table in loaded)
        loaded.frame = loaded.frame[:500]
        return loaded

    def short_fit_loop(self, X, y=None, **kwargs):
        return fit_loop(self, X, y, epochs=min(5, self.max_epochs))

    monkeypatch.setattr(datasets, "load_adult", load_sample)
    monkeypatch.setattr(FairNet, "fit_loop", short_fit_loop)
    with sklearn.config_context(), warnings.catch_warnings():
        # Such a model keeps no gap within a limit for sure, and may collapse.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", module=r"fairlearn\.")
        yield
    from matplotlib import pyplot

    pyplot.close("all")
