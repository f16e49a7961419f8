"""Intervals hold the truth as often as they say, also where there is no gap."""

import numpy as np
import pytest
from scipy.stats import binomtest

from fairrep.metrics._intervals import (
    GAPS,
    Counts,
    _lower_limit,
    _swapped_limit,
    _upper_limit,
    _wilson,
    calibration_interval,
    gap_intervals,
    invert,
    proportion_interval,
)

SETTINGS = {"n_bootstrap": 100, "confidence": 0.9}
REPEATS = 80


def counts(hits, totals):
    return Counts(np.array(hits), np.array(totals))


def coverage(totals, rates, name):
    rng = np.random.RandomState(0)
    totals = np.array(totals)
    truth = {"difference": np.ptp(rates), "ratio": min(rates) / max(rates)}[name]
    limits = [
        gap_intervals([Counts(rng.binomial(totals, rates), totals)], **SETTINGS)
        for _ in range(REPEATS)
    ]
    return np.mean([low <= truth <= high for low, high in (x[name] for x in limits)])


def test_proportion_is_wilsons():
    expected = binomtest(3, 40).proportion_ci(0.9, method="wilson")
    assert proportion_interval(3, 40, 0.9) == (expected.low, expected.high)
    low, high = proportion_interval(0, 30, 0.95)
    assert low == 0
    assert 0.1 < high < 0.13  # no rate of 0 is certain
    assert np.isnan(proportion_interval(0, 0, 0.95)).all()


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
def test_wilsons_limits_of_many_rates_are_those_of_each(confidence):
    found = counts([0, 3, 40, 61, 700], [30, 40, 40, 61, 2000])
    expected = [
        proportion_interval(hits, total, confidence)
        for hits, total in zip(found.hits, found.totals, strict=True)
    ]
    limits = np.transpose(_wilson(found, confidence))
    np.testing.assert_allclose(limits, expected, atol=1e-12)


@pytest.mark.parametrize("name", ["difference", "ratio"])
@pytest.mark.parametrize(
    ("totals", "rates"),
    [
        ([300, 900], [0.3, 0.3]),
        ([40, 900], [0.2, 0.4]),
        ([400] * 5, [0.3] * 5),
        ([60, 60, 200, 400, 900], [0.2, 0.3, 0.3, 0.4, 0.3]),
    ],
)
def test_coverage(totals, rates, name):
    # 0.9 less three standard errors of the simulation; above, too wide is no lie.
    assert coverage(totals, rates, name) > 0.9 - 3 * np.sqrt(0.09 / REPEATS)


def test_no_gap_includes_zero_and_a_clear_one_does_not():
    found = gap_intervals([counts([30, 33], [100, 100])], **SETTINGS)
    assert found["difference"][0] == 0
    assert found["ratio"][1] == 1
    found = gap_intervals([counts([200, 500], [1000, 1000])], **SETTINGS)
    low, high = found["difference"]
    assert 0.25 < low < 0.3 < high < 0.35
    low, high = found["ratio"]
    assert 0.3 < low < 0.4 < high < 0.5


def test_two_large_groups_agree_with_the_normal_interval():
    found = gap_intervals(
        [counts([2000, 3000], [10000, 10000])],
        n_bootstrap=2000,
        confidence=0.95,
    )
    spread = 1.96 * np.sqrt((0.2 * 0.8 + 0.3 * 0.7) / 10000)
    np.testing.assert_allclose(
        found["difference"], [0.1 - spread, 0.1 + spread], atol=0.0015
    )


def test_of_two_rates_the_worse_one_counts():
    wide, level = counts([200, 500], [1000] * 2), counts([400, 400], [1000] * 2)
    for families in ([wide, level], [level, wide]):
        low, high = gap_intervals(families, **SETTINGS)["difference"]
        assert 0.25 < low < 0.3 < high < 0.35
    # An uncertain rate beside a certain one: its own upper limit is kept.
    rough = counts([6, 9], [20, 20])
    alone = gap_intervals([rough], **SETTINGS)["difference"][1]
    both = gap_intervals([rough, wide], **SETTINGS)["difference"][1]
    assert both > 0.8 * alone > 0.3


@pytest.mark.parametrize("hits", [[0, 0], [50, 80], [0, 80]])
def test_extreme_rates_have_finite_limits(hits):
    found = gap_intervals([counts(hits, [50, 80])], **SETTINGS)
    gap = abs(hits[0] / 50 - hits[1] / 80)
    low, high = found["difference"]
    assert 0 <= low <= gap <= high <= 1
    assert high > 0.01  # nothing is certain of 50 rows
    assert np.isfinite(found["ratio"]).all()


@pytest.mark.parametrize("totals", [[40, 60], [2000, 5000], [60] * 5])
def test_groups_that_agree_by_luck_are_not_known_to_agree(totals):
    """The upper limit of no gap at all is that of the gap that parity usually shows."""
    rng, totals = np.random.RandomState(0), np.array(totals)
    level = Counts(totals // 5, totals)  # the same rate, to the last row
    low, high = gap_intervals([level], **SETTINGS)["difference"]
    draws = rng.binomial(totals, 0.2, (2000, len(totals))) / totals
    assert low == 0
    assert high > np.median(np.ptp(draws, axis=1))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("others", [[], [782], [786]])
def test_a_small_group_without_a_miss_may_truly_be_the_lower_one(mirrored, others):
    """61 of 61 come up with a probability of 0.044 where the rate is 0.95."""
    totals = np.array([793] * (1 + len(others)) + [61])
    hits = np.array([782, *others, 61])
    found = counts(totals - hits if mirrored else hits, totals)
    settings = {"n_bootstrap": 100, "confidence": 0.95}
    limits = gap_intervals([found], **settings)
    low, high = limits["difference"]
    assert low == 0
    assert 782 / 793 - 0.95 < high < 0.06  # that of 793 of 793 beside 61 of 61
    if not mirrored:
        assert limits["ratio"][0] < 0.95 / (782 / 793)


def test_the_upper_limit_is_seldom_below_the_gap_where_rates_are_near_1():
    rng, totals, rates = np.random.RandomState(0), np.array([800, 60]), [0.99, 0.96]
    settings = {"n_bootstrap": 50, "confidence": 0.9}
    drawn = [counts(rng.binomial(totals, rates), totals) for _ in range(200)]
    limits = [gap_intervals([found], **settings) for found in drawn]
    missed = np.mean([found["difference"][1] < 0.03 for found in limits])
    assert missed < 0.05


@pytest.mark.parametrize("name", ["difference", "ratio"])
@pytest.mark.parametrize("hits", [[480, 60], [800, 30], [720, 60], [230, 20]])
def test_the_other_order_widens_nothing_where_rows_rule_it_out(hits, name):
    rng, family, gap = np.random.RandomState(0), counts(hits, [800, 60]), GAPS[name]
    kept = _upper_limit(family, gap, 200, 0.025, rng)
    assert _swapped_limit(family, gap, 0.025) < 0.95 * kept


def test_the_upper_limit_of_a_usual_gap_is_left_alone():
    levels = np.linspace(0, 1, 21)
    noise = np.abs(np.random.RandomState(0).normal(scale=0.1, size=(21, 4000)))
    lucky, usual, more = (
        invert(levels, levels[:, None] + noise, observed, 0.025)[1]
        for observed in (0.0, np.median(noise[0]), 0.2)
    )
    assert lucky == usual < more


@pytest.mark.parametrize("shift", [0, 0.2])
def test_calibration_coverage(shift):
    rng = np.random.RandomState(0)
    scores, totals = np.linspace(0.1, 0.7, 10), np.full(10, 40)
    rates = scores * (1 + shift)
    limits = [
        calibration_interval(
            rng.binomial(totals, rates), totals, scores, **SETTINGS, rng=rng
        )
        for _ in range(REPEATS)
    ]
    truth = np.abs(rates - scores).mean()
    share = np.mean([low - 1e-12 <= truth <= high for low, high in limits])
    assert share > 0.9 - 3 * np.sqrt(0.09 / REPEATS)


def test_inversion_finds_where_the_observed_value_is_usual():
    levels = np.linspace(0, 1, 21)
    noise = np.random.RandomState(0).normal(scale=0.1, size=(21, 4000))
    low, high = invert(levels, levels[:, None] + noise, 0.5, 0.025)
    np.testing.assert_allclose([low, high], [0.304, 0.696], atol=0.01)


# -- several groups ----------------------------------------------------------------


def test_a_small_group_does_not_hide_what_two_large_ones_show():
    """250 women, 303 men, 47 of unknown sex; of women and men Fisher's p is 0.00005."""
    found = counts([140, 220, 29], [250, 303, 47])
    low, high = gap_intervals([found], n_bootstrap=200, confidence=0.95)["difference"]
    assert 0.05 < low < 220 / 303 - 140 / 250 < high < 0.26


def test_the_pair_in_doubt_is_seldom_missed_by_chance():
    rng, totals = np.random.RandomState(0), np.array([250, 303, 47])
    drawn = [
        counts(rng.binomial(totals, [0.56, 0.726, 0.62]), totals) for _ in "x" * 100
    ]
    missed = [_lower_limit(found, GAPS["difference"], 0.025) == 0 for found in drawn]
    assert np.mean(missed) <= 0.06


@pytest.mark.parametrize("rate", [0.02, 0.5, 0.98])
@pytest.mark.parametrize("totals", [[30, 3000], [30, 60, 300], [30, 60, 100, 3000] * 2])
def test_equal_groups_are_seldom_told_apart(totals, rate):
    rng, totals = np.random.RandomState(1), np.array(totals)
    drawn = [counts(rng.binomial(totals, rate), totals) for _ in range(200)]
    for gap in GAPS.values():
        apart = [_lower_limit(found, gap, 0.05) > 0 for found in drawn]
        # Nominally a twentieth, with three standard errors of the simulation.
        assert np.mean(apart) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_limits_do_not_depend_on_chance():
    found = counts([30, 60, 40], [100, 120, 90])
    first, again = (
        gap_intervals([found], n_bootstrap=50, confidence=0.95) for _ in range(2)
    )
    assert first == again
