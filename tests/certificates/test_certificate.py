"""Certificates hold as often as they say, on data whose truth is known."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import mutual_info_score, roc_auc_score

from fairrep import MIFairTransformer, certify
from fairrep._certificates.limits import (
    best_accuracy,
    best_auc,
    binomial_limit,
    difference_limit,
    information_limit,
    mean_limit,
    mutual_information,
    total_variation,
)

FIGURES = [
    "demographic_parity",
    "equalized_odds",
    "mutual_info",
    "attacker_auc",
    "attacker_accuracy",
]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    s = np.where(rng.random(3000) < 0.3, "f", "m")
    y = rng.integers(2, size=3000)
    code = rng.integers(6, size=3000)
    code = np.where((s == "f") & (rng.random(3000) < 0.2), 0, code)
    return code, s, y


# -- figures against other implementations --------------------------------------


def test_estimates_equal_those_of_a_best_attacker(rows):
    code, s, y = rows
    found = certify(code, s, y=y).estimates
    female = s == "f"
    rate = pd.Series(female).groupby(code).mean()[code].to_numpy()
    assert found["attacker_auc"] == pytest.approx(roc_auc_score(female, rate))
    best = np.maximum(rate, 1 - rate).mean()
    assert found["attacker_accuracy"] == pytest.approx(best)
    assert found["mutual_info"] == pytest.approx(mutual_info_score(female, code))
    table = pd.crosstab(s, code, normalize="index")
    distance = (table.loc["f"] - table.loc["m"]).abs().sum() / 2
    assert found["demographic_parity"] == pytest.approx(distance)


def test_no_downstream_classifier_beats_the_estimates(rows):
    code, s, _ = rows
    certificate = certify(code, s)
    rng = np.random.default_rng(1)
    for _ in range(200):
        chosen = rng.integers(2, size=6)[code]
        gap = abs(chosen[s == "f"].mean() - chosen[s == "m"].mean())
        assert gap <= certificate.estimates["demographic_parity"] + 1e-12
    one_hot = np.eye(6)[code]
    attacker = HistGradientBoostingClassifier(max_iter=20).fit(one_hot, s)
    auc = roc_auc_score(s == "m", attacker.predict_proba(one_hot)[:, 1])
    assert auc <= certificate.estimates["attacker_auc"] + 1e-12


def test_codes_of_a_transformer_as_they_come(biased, quick):
    X, _, s = biased
    given = {**quick, "bottleneck": "discrete", "output": "index"}
    codes = MIFairTransformer(**given).fit_transform(X, sensitive_features=s)
    assert codes.shape == (len(X), 1)
    assert certify(codes, s).n_codes == len(np.unique(codes))


def test_limits_are_above_estimates_and_shrink_with_rows(rows):
    code, s, y = rows
    few = certify(code, s, y=y)
    many = certify(np.tile(code, 4), np.tile(s, 4), y=np.tile(y, 4))
    for figure in FIGURES:
        assert few.estimates[figure] == pytest.approx(many.estimates[figure])
        assert few.estimates[figure] < getattr(many, figure) < getattr(few, figure)
    assert few.equalized_odds > few.demographic_parity


def test_more_confidence_gives_higher_limits(rows):
    code, s, y = rows
    low, high = (certify(code, s, y=y, confidence=c) for c in [0.9, 0.99])
    for figure in FIGURES:
        assert getattr(low, figure) < getattr(high, figure)


# -- limits ---------------------------------------------------------------------


@pytest.mark.parametrize(("n_a", "n_b"), [(7, 12), (16, 11)])
def test_difference_limit_covers_every_pair_of_rates(n_a, n_b):
    """Exactly, summed over all outcomes, and not far above what is nominal."""
    seen = np.subtract.outer(np.arange(n_a + 1) / n_a, np.arange(n_b + 1) / n_b)
    values, index = np.unique(seen.round(12), return_inverse=True)
    limits = np.array([difference_limit(max(v, 0.0), n_a, n_b, 0.05) for v in values])[
        index
    ].reshape(seen.shape)
    covered = []
    for p in np.linspace(0, 1, 21):
        for q in np.linspace(0, p, 11):
            weight = np.outer(
                binom.pmf(np.arange(n_a + 1), n_a, p),
                binom.pmf(np.arange(n_b + 1), n_b, q),
            )
            covered.append(weight[limits >= p - q - 1e-9].sum())
    assert min(covered) >= 0.95 - 1e-6
    assert min(covered) < 0.97


def test_difference_limit_is_between_normal_and_hoeffding():
    for gap, n_a, n_b in [(0.02, 5000, 10000), (0.1, 400, 400), (0.0, 900, 100)]:
        spread = np.sqrt(1 / n_a + 1 / n_b)
        limit = difference_limit(gap, n_a, n_b, 0.05) - gap
        assert 0.95 * 1.645 / 2 * spread < limit
        assert limit < 0.8 * np.sqrt(np.log(20) / 2) * spread
        other = difference_limit(gap, n_b, n_a, 0.05) - gap
        assert limit == pytest.approx(other, abs=1e-4)


@pytest.mark.parametrize("k", [2, 8, 32])
@pytest.mark.parametrize("moved", [0.0, 0.1])
def test_coverage_is_at_least_nominal(k, moved):
    rng = np.random.default_rng(k)
    first, other = rng.dirichlet(np.ones(k), size=2)
    p = np.stack([first, (1 - moved) * first + moved * other])
    sizes = np.array([300, 500])
    share = sizes / 800
    seen = rng.multinomial(sizes, p, size=(300, 2)) / sizes[:, None]
    tv = np.array([total_variation(*sample) for sample in seen])
    knots = np.linspace(tv.min(), tv.max(), 8)
    limits = {
        "tv": np.interp(tv, knots, [difference_limit(t, 300, 500, 0.1) for t in knots]),
        "nats": [
            information_limit(mutual_information(x, share), 800, 3 / 8, 0.1)
            for x in seen
        ],
        "auc": [mean_limit(best_auc(*x), 300, 0.1) for x in seen],
        "accuracy": [binomial_limit(best_accuracy(x, share), 800, 0.1) for x in seen],
    }
    truth = {
        "tv": total_variation(*p),
        "nats": mutual_information(p, share),
        "auc": best_auc(*p),
        "accuracy": best_accuracy(p, share),
    }
    for figure, values in limits.items():
        # Three standard errors of a share of 300 samples.
        assert np.mean(np.array(values) >= truth[figure]) >= 0.9 - 0.052, figure
        assert np.mean(values) < truth[figure] + 0.25


def test_limits_at_the_edges():
    assert difference_limit(1.0, 10, 10, 0.05) == 1.0
    assert mean_limit(1.0, 10, 0.05) == 1.0
    assert binomial_limit(1.0, 10, 0.05) == 1.0
    # No row in ten: 1 - 0.05 ** (1 / 10).
    assert mean_limit(0.0, 10, 0.05) == pytest.approx(0.2589, abs=1e-4)
    assert binomial_limit(0.0, 10, 0.05) == pytest.approx(0.2589, abs=1e-4)
    assert best_auc(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0
    assert best_auc(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0.5
    assert information_limit(0.0, 10**6, 0.5, 0.05) < 2e-5


def test_margin_on_the_rows_of_adults_test_set():
    """5,421 women and 10,860 men: a seen gap of 0.05 is certified as 0.064."""
    assert difference_limit(0.05, 5421, 10860, 0.05) == pytest.approx(0.0637, abs=1e-3)


# -- the certificate ------------------------------------------------------------


def test_worst_pair_and_label_of_several_groups(rows):
    code, s, _ = rows
    race = np.where(np.arange(3000) % 50 == 0, "rare", "other")
    certificate = certify(code, pd.DataFrame({"sex": s, "race": race}))
    assert set(certificate.groups) == {"f, other", "f, rare", "m, other", "m, rare"}
    assert "f, rare" in certificate.worst_pair
    assert certificate.demographic_parity > certify(code, s).demographic_parity
    assert certificate.mutual_info <= certificate.entropy


def test_rare_pairs_are_not_skipped(rows):
    """Leaving out pairs by Hoeffding's margin changes nothing."""
    code, s, _ = rows
    groups = np.char.add(s, (np.arange(3000) % 2).astype(str))
    fast = certify(code, groups)
    exact = []
    p = pd.crosstab(groups, code, normalize="index").to_numpy()
    sizes = pd.crosstab(groups, code).sum(axis=1).to_numpy()
    for a in range(4):
        for b in range(a):
            tv = total_variation(p[a], p[b])
            exact.append(difference_limit(tv, sizes[a], sizes[b], 0.05))
    assert fast.demographic_parity == pytest.approx(max(exact), abs=1e-5)


def test_text_and_json(rows):
    code, s, y = rows
    certificate = certify(code, s, y=y)
    text = str(certificate)
    assert f"<= {certificate.demographic_parity:.3f}  difference in selection" in text
    assert "95% confidence" in text
    assert "true or false positive" in text
    assert "true or false positive" not in str(certify(code, s))
    again = json.loads(json.dumps(certificate.to_dict(), allow_nan=False))
    assert again["attacker_auc"] == certificate.attacker_auc
    assert again["groups"] == {"f": (s == "f").sum(), "m": (s == "m").sum()}


@pytest.mark.parametrize(
    "form",
    [
        list,
        pd.Series,
        pd.Categorical,
        lambda c: c.astype(str),
        np.float64,
        pd.DataFrame,
        lambda c: c[:, None],
        lambda c: c[:, None].tolist(),
    ],
)
def test_codes_of_any_discrete_type_say_the_same(rows, form):
    code, s, _ = rows
    found, expected = certify(form(code), s), certify(code, s)
    assert found.n_codes == expected.n_codes == 6
    for figure in ["demographic_parity", "mutual_info", "attacker_auc"]:
        assert getattr(found, figure) == pytest.approx(getattr(expected, figure))


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"codes": np.linspace(0, 1, 40)}, TypeError, "must be discrete.*0.02"),
        ({"codes": np.eye(40)}, ValueError, r"one code a row.*\(40, 40\).*arg-max"),
        ({"codes": []}, ValueError, "codes has 0 rows"),
        ({"codes": [None, 1] * 20}, ValueError, "20 missing values"),
        ({"sensitive_features": ["a"] * 39}, ValueError, "39 rows; expected 40"),
        ({"sensitive_features": ["a"] * 40}, ValueError, "a single group, 'a'"),
        ({"sensitive_features": [None, "a"] * 20}, ValueError, "20 missing values"),
        (
            {"sensitive_features": np.linspace(0, 1, 40)},
            ValueError,
            "40 different numbers.*bins",
        ),
        (
            {"sensitive_features": ["a"] * 36 + ["b"] * 4},
            ValueError,
            r"\{'b': 4\} need at least 6 rows each",
        ),
        ({"y": [0] * 37 + [1] * 3}, ValueError, "with y = 1 need at least 6"),
        ({"y": [0] * 3}, ValueError, "y has 3 rows"),
        ({"confidence": 95}, ValueError, r"confidence must be in \(0.5, 1\); got 95"),
    ],
)
def test_bad_input_is_named(changed, error, message):
    given = {"codes": [0, 1] * 20, "sensitive_features": ["a", "b"] * 20, **changed}
    with pytest.raises(error, match=message):
        certify(given.pop("codes"), given.pop("sensitive_features"), **given)


def test_of_crossed_columns_one_may_have_a_single_value(rows):
    code, s, _ = rows
    both = certify(code, pd.DataFrame({"s": s, "c": "x"}))
    alone = certify(code, s)
    assert both.demographic_parity == alone.demographic_parity
    assert [*both.groups] == [f"{name}, x" for name in alone.groups]


def test_groups_that_are_written_alike(rows):
    code, *_ = rows
    mixed = np.array([1, "1"] * (len(code) // 2), dtype=object)
    mixed[::2] = 1
    with pytest.raises(ValueError, match="two groups that are both written '1'"):
        certify(code, mixed)
