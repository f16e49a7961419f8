"""Truths against a second way to find them: densities of rows that were drawn."""

import numpy as np
import pytest
from scipy.stats import multivariate_t, norm, t, uniform
from sklearn.metrics import mutual_info_score

from fairrep.mutual_info import _ground_truth as truth

N = 40_000


def mean_of(log_ratio):
    """Mean and four standard errors."""
    return log_ratio.mean(), 4 * log_ratio.std() / np.sqrt(len(log_ratio))


def test_of_a_normal_pair():
    assert truth.bivariate_normal(0.6).nats == pytest.approx(-np.log(0.8))
    X, s = truth.bivariate_normal(0.6).sample(N, 0)
    log_ratio = norm.logpdf(X[:, 0], 0.6 * s, 0.8) - norm.logpdf(X[:, 0])
    mean, reach = mean_of(log_ratio)
    assert abs(mean - truth.bivariate_normal(0.6).nats) < reach


@pytest.mark.parametrize(("rho", "freedom"), [(0.0, 2.0), (0.5, 3.0), (-0.7, 10.0)])
def test_of_students_t(rho, freedom):
    distribution = truth.student_t(rho, freedom)
    X, s = distribution.sample(N, 0)
    pairs = np.column_stack([X[:, 0], s])
    joint = multivariate_t(shape=[[1, rho], [rho, 1]], df=freedom).logpdf(pairs)
    mean, reach = mean_of(joint - t.logpdf(pairs, freedom).sum(axis=1))
    assert abs(mean - distribution.nats) < reach


def test_students_t_of_many_degrees_is_normal():
    many = truth.student_t(0.5, 1e5).nats
    assert many == pytest.approx(truth.normal_information(0.5), abs=1e-4)


@pytest.mark.parametrize("epsilon", [0.1, 0.5, 2.0])
def test_of_noise_that_is_uniform(epsilon):
    distribution = truth.uniform_plus_noise(epsilon)
    _, s = distribution.sample(N, 0)
    # The density of a sum is that of a window of the other's probability.
    low, high = uniform.cdf([s - epsilon, s + epsilon])
    mean, reach = mean_of(-np.log(high - low))
    assert abs(mean - distribution.nats) < max(reach, 1e-6)


@pytest.mark.parametrize(("shift", "share"), [(1.0, 0.5), (2.0, 0.1)])
def test_of_groups(shift, share):
    distribution = truth.shifted_groups(shift, share)
    X, s = distribution.sample(N, 0)
    density = norm.pdf(X, [0, shift])
    own = density[np.arange(N), s]
    mean, reach = mean_of(np.log(own / (density @ [1 - share, share])))
    assert abs(mean - distribution.nats) < reach
    assert s.mean() == pytest.approx(share, abs=0.01)


def test_groups_that_are_one_or_far_apart():
    assert truth.shifted_groups(0.0).nats == pytest.approx(0, abs=1e-9)
    assert truth.shifted_groups(20.0).nats == pytest.approx(np.log(2), abs=1e-6)


def test_of_a_table():
    distribution = truth.table([[0.2, 0.1], [0.05, 0.3], [0.15, 0.2]])
    X, s = distribution.sample(N, 0)
    assert mutual_info_score(X[:, 0], s) == pytest.approx(distribution.nats, abs=0.005)


@pytest.mark.parametrize(
    "make", [truth.half_cube, truth.bimodal, truth.swiss_roll, truth.bivariate_normal]
)
def test_maps_that_can_be_undone_change_nothing(make):
    distribution = make(0.8)
    assert distribution.nats == truth.normal_information(0.8)
    embedded = truth.embedded(distribution, 6)
    X, s = embedded.sample(50, 1)
    assert embedded.nats == distribution.nats
    assert X.shape == (50, 6)
    assert s.shape == (50,)
    again = embedded.sample(50, 1)
    np.testing.assert_array_equal(X, again[0])


def test_the_order_is_kept_where_it_should_be():
    X, s = truth.bivariate_normal(0.8).sample(200, 0)
    for make in (truth.half_cube, truth.bimodal):
        mapped, s_mapped = make(0.8).sample(200, 0)
        np.testing.assert_array_equal(np.argsort(mapped[:, 0]), np.argsort(X[:, 0]))
        np.testing.assert_array_equal(np.argsort(s_mapped), np.argsort(s))
