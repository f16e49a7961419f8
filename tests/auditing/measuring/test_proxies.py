"""Proxies are ranked by what they tell; against closed forms where there are some."""

import numpy as np
import pandas as pd
import pytest

from fairrep.auditing import proxies
from fairrep.auditing._measuring.attacks import proxies as proxies_module


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    s = pd.Series(rng.choice(["f", "m"], 1000))
    female = (s == "f").to_numpy()
    X = pd.DataFrame(
        {
            "noise": rng.normal(size=1000),
            "weak": rng.normal(size=1000) + 0.5 * female,
            "copy": pd.Categorical(np.where(female, "husband", "wife")),
            "flipped": female ^ (rng.random(1000) < 0.1),
            "absent": np.where(female, rng.normal(size=1000), np.nan),
            "missing": pd.Series(np.where(female, "x", None), dtype=object),
            "few": np.where(female, 3, rng.integers(4, size=1000)),
            "day": rng.integers(7, size=1000).astype(str),
        }
    )
    return X, s


def test_ranking_and_known_values(rows):
    X, s = rows
    ranking = proxies(X, s, random_state=0)
    nats = ranking["mutual_info"]
    assert ranking.index.name == "column"
    assert nats.is_monotonic_decreasing
    assert set(ranking.index[:3]) == {"copy", "absent", "missing"}
    assert set(ranking.index[-2:]) == {"noise", "day"}
    share = (s == "f").mean()
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    for name in ["copy", "absent", "missing"]:
        assert nats[name] == pytest.approx(entropy, abs=0.002)
        assert ranking["share"][name] == pytest.approx(1, abs=0.003)
    channel = np.log(2) + 0.1 * np.log(0.1) + 0.9 * np.log(0.9)
    assert nats["flipped"] == pytest.approx(channel, abs=0.03)
    assert nats["weak"] > 0.01
    assert nats["day"] < 0.005


def test_continuous_s(rows):
    rng = np.random.default_rng(1)
    s = pd.Series(rng.normal(size=1000))
    X = rows[0][["noise", "day"]].assign(
        sum=s + rng.normal(size=1000), bin=pd.cut(s, 4).astype(str)
    )
    ranking = proxies(X, s, random_state=0)
    assert set(ranking.index[:2]) == {"sum", "bin"}
    # Of the bins, so a little less than I(sum; S) of the two normals.
    assert 0.2 < ranking["mutual_info"]["sum"] < np.log(2) / 2
    shares = ranking["mutual_info"] / np.log(5)
    np.testing.assert_allclose(ranking["share"], shares, atol=1e-3)


def test_few_rows_are_drawn_several_times(rows, monkeypatch):
    X, s = rows[0][["weak"]].round(1), rows[1]  # with ties

    def spread():
        found = [proxies(X, s, random_state=seed) for seed in range(8)]
        return np.std([table["mutual_info"]["weak"] for table in found])

    averaged = spread()
    monkeypatch.setattr(proxies_module, "MAX_DRAWN", 0)
    assert averaged < 0.5 * spread()


def test_same_seed_same_ranking_and_arrays_are_taken(rows):
    X, s = rows
    numbers = X[["noise", "weak"]].to_numpy()
    first = proxies(numbers, s, random_state=3)
    pd.testing.assert_frame_equal(first, proxies(numbers, s, random_state=3))
    assert first.index.tolist() == [1, 0]


def test_bad_input(rows):
    X, s = rows
    with pytest.raises(ValueError, match="X has 1000 rows and S has 10"):
        proxies(X, s[:10])
    with pytest.raises(ValueError, match="1 missing values"):
        proxies(X, s.mask(s.index == 0))
    with pytest.raises(TypeError, match=r"'when'.*datetime"):
        proxies(X.assign(when=pd.Timestamp("2024-01-01")), s)
