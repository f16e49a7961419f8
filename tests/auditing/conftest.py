"""Predictions with known properties, and a finding of attackers made by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fairrep.auditing._measuring.attacks.scores import Surest


@pytest.fixture
def rows():
    """(y_true, y_pred, y_score, groups): 1,500 rows, sex and race, nothing tiny."""
    rng = np.random.default_rng(0)
    n = 1500
    groups = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], n), "race": rng.choice(["a", "b", "c"], n)}
    )
    score = np.clip(rng.beta(2, 2, n) + 0.1 * (groups["sex"] == "m"), 0, 1).to_numpy()
    y_true = (rng.uniform(size=n) < score).astype(int)
    return y_true, (score > 0.5).astype(int), score, groups


@pytest.fixture
def leakage():
    """Make an object such as `measure_leakage` returns."""

    def make(name="score", value=0.7, low=None, surest=0.51):
        attackers = pd.DataFrame(
            {"auc": [value - 0.1, value], "mi": [0.02, 0.08]},
            index=["logistic regression", "gradient boosting"],
        )
        mi_low = 0.07 if value > 0.52 else 0.0
        common = {"metric": "auc", "mi": 0.08, "mi_low": mi_low, "mi_high": 0.09}
        common["given_others"] = {}
        X = SimpleNamespace(name="X", value=0.93, low=0.92, high=0.94, **common)
        return SimpleNamespace(
            name=name,
            value=value,
            low=value - 0.02 if low is None else low,
            high=value + 0.02,
            null_value=0.51,
            null_low=0.5,
            null_high=0.52,
            entropy=0.69,
            attackers=attackers,
            best="gradient boosting",
            references={"X": X},
            averaging=None,
            pair=None,
            groups=["f", "m"],
            surest=Surest("gradient boosting", surest, 0.5, 0.55),
            found=value > 0.52 or surest > 0.55,
            notes=["a note"],
            to_dict=lambda: {"name": name, "value": value},
            **common,
        )

    return make
