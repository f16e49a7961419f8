"""What a column adds to the others: planted cases, also where none tells S alone."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from fairrep import audit
from fairrep.auditing._measuring.attacks import replaced as module
from fairrep.auditing._measuring.attacks.leakage import measure_reference
from fairrep.auditing._measuring.attacks.replaced import find_donors

N_ROWS, N_NOISE = 1000, 6


def planted(kind, seed):
    """X, S, and the positions of the columns that add something to the others."""
    rng = np.random.default_rng(seed)
    noise = np.column_stack(
        [rng.normal(size=(N_ROWS, 4)), rng.integers(5, size=(N_ROWS, 2))]
    )
    flipped = rng.random(N_ROWS) < 0.1
    if kind == "xor":  # neither bit alone tells S
        bits = rng.integers(2, size=(N_ROWS, 2))
        s, telling, right = bits[:, 0] ^ bits[:, 1] ^ flipped, bits, {6, 7}
    elif kind == "signs":  # nor does the sign of either number
        numbers = rng.normal(size=(N_ROWS, 2))
        s, telling, right = (numbers.prod(axis=1) > 0) ^ flipped, numbers, {6, 7}
    else:
        s = rng.integers(2, size=N_ROWS)
        near = s + 0.7 * rng.normal(size=N_ROWS)
        bit = s ^ (rng.random(N_ROWS) < 0.2)
        if kind == "two proxies":
            telling, right = np.column_stack([near, bit]), {6, 7}
        else:  # the first two say the same, so neither adds to the other
            again = 2 * near + 0.01 * rng.normal(size=N_ROWS)
            telling, right = np.column_stack([near, again, bit]), {8}
    return np.column_stack([noise, telling]), pd.Series(s.astype(int)), right


def given_others(X, s, represent, seed):
    """By column of X, what is lost of S where trees see what is made of X."""
    names = [*range(X.shape[1])]
    donors = find_donors(X, names, names, seed)
    return measure_reference(
        represent(X),
        s,
        name="view",
        n_bootstrap=20,
        replaced=donors.replaced(X, represent),
        random_state=seed,
    ).given_others


def top_is_right(kind, seed):
    X, s, right = planted(kind, seed)
    found = given_others(X, s, np.asarray, seed)
    return {*sorted(found, key=found.get)[-len(right) :]} == right


KINDS = ["xor", "signs", "two proxies", "copies"]


@pytest.mark.parametrize("kind", ["xor", "copies"])
def test_the_right_columns_are_on_top(kind):
    assert top_is_right(kind, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_right_columns_are_on_top_nearly_always(kind):
    assert sum(top_is_right(kind, seed) for seed in range(8)) >= 7


@pytest.mark.slow
def test_a_representation_without_a_column_does_not_use_it():
    """Of two proxies z has one; of two bits that tell S together it has one, too."""
    hits = []
    for seed in range(4):
        X, s, _ = planted("two proxies", seed)
        found = given_others(X, s, lambda X: np.delete(X, 6, axis=1), seed)
        hits.append(max(found, key=found.get) == 7 and found[6] < 1e-9)
        X, s, _ = planted("xor", seed)
        found = given_others(X, s, lambda X: np.delete(X, 6, axis=1), seed)
        hits.append(max(found.values()) < 0.02)
    assert sum(hits) >= 7


def test_what_others_say_too_stays_as_it_is():
    rng = np.random.default_rng(0)
    age = rng.integers(18, 70, size=500).astype(float)
    X = np.column_stack([age, 2 * age, rng.normal(size=500)])
    donors = find_donors(X, ["age", "again", "free"], ["age", "free"], seed=0)
    assert {*donors.by_column} == {"age", "free", "again"} - {"again"}
    (first, of_age), (second, of_free) = donors.replaced(X, np.asarray).views
    assert (first, second) == ("age", "free")
    assert of_age.shape == (module.N_DRAWS, 500, 3)
    rows = X[donors.rows]
    for draw in of_age:  # a permutation, of rows that are nearly as old
        np.testing.assert_array_equal(np.sort(draw[:, 0]), np.sort(rows[:, 0]))
        assert np.abs(draw[:, 0] - rows[:, 0]).mean() < 2
        np.testing.assert_array_equal(draw[:, 1:], rows[:, 1:])
    moved = np.corrcoef(of_free[0][:, 2], rows[:, 2])[0, 1]
    assert abs(moved) < 0.5


def test_of_many_columns_the_strongest_are_replaced(monkeypatch):
    monkeypatch.setattr(module, "MAX_COLUMNS", 2)
    X = np.random.default_rng(0).normal(size=(60, 5))
    donors = find_donors(X, [*"abcde"], [*"dbace"], seed=0)
    assert {*donors.by_column} == {"b", "d"}


class Encoder(BaseEstimator):
    """A representation that keeps all columns of numbers but for one."""

    mi_estimate_ = 0.0

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X.drop(columns=["job", "city"]).to_numpy(dtype=float)

    def __sklearn_is_fitted__(self):
        return True


def test_an_audit_says_what_a_model_no_longer_uses():
    rng = np.random.default_rng(0)
    s = rng.integers(2, size=500)
    X = pd.DataFrame(
        {
            "job": pd.Categorical(np.where(rng.random(500) < 0.2, 1 - s, s)).map(
                {0: "nurse", 1: "smith"}
            ),
            "height": s + 0.7 * rng.normal(size=500),
            "noise": rng.normal(size=500),
            "city": rng.choice(["x", "y", "z"], 500),
        }
    )
    sex = {"sex": np.where(s, "m", "f")}
    report = audit(Encoder(), X, sensitive_features=sex, n_bootstrap=20, random_state=0)
    table = report.proxies["sex"]
    assert {*table.index[:2]} == {"job", "height"}
    assert (table["given_others"][["job", "height"]] > 0.05).all()
    assert (table["given_others"][["noise", "city"]] < 0.01).all()
    (found,) = report.models["Encoder"].leakage["sex"]
    assert found.given_others["height"] > 0.05
    assert max(found.given_others[name] for name in ("job", "city")) < 1e-9
    text = " ".join(str(report).split())
    joint = found.references["X"].mi
    assert f"All columns together tell at least {joint:.3f} nats of sex" in text
    assert "the representation of Encoder no longer uses: job." in text
    page = report.to_html()
    assert "no longer uses: job." in page
    assert '<th scope="col">in z of Encoder</th>' in page
    content = report.to_dict()
    assert content["proxies"]["sex"]["job"]["given_others"] > 0.05
    (leak,) = content["models"]["Encoder"]["leakage"]["sex"]
    assert leak["given_others"]["job"] < 1e-9
