import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import entropy
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mutual_info_score

from fairrep.datasets import make_biased_classification

GROUPED = {
    "binary": {"mi_xs": 0.3},
    "unequal binary": {"mi_xs": 0.1, "group_proportions": [0.8, 0.2]},
    "strong": {"mi_xs": 0.6},
    "categorical": {"mi_xs": 0.5, "sensitive": "categorical", "n_groups": 4},
    "rare group": {
        "mi_xs": 0.25,
        "sensitive": "categorical",
        "group_proportions": [0.85, 0.13, 0.02],
    },
}


@pytest.mark.parametrize("params", GROUPED.values(), ids=GROUPED)
def test_mutual_information_of_groups(params):
    bunch = make_biased_classification(
        200_000, n_features=5, n_proxies=3, random_state=0, **params
    )
    X, y, s = bunch.data, bunch.target, bunch.sensitive
    assert bunch.mi_xs == params["mi_xs"]

    # The groups are normal with one covariance, so the discriminant model is the true
    # one: I(X; S) is the mean log-ratio of its posterior and prior probabilities.
    lda = LinearDiscriminantAnalysis().fit(X, s)
    log_ratio = lda.predict_log_proba(X) - np.log(lda.priors_)
    mi_xs = log_ratio[np.arange(len(s)), s].mean()
    assert mi_xs == pytest.approx(bunch.mi_xs, abs=0.005)
    assert mutual_info_score(y, s) == pytest.approx(bunch.mi_ys, abs=0.002)
    assert bunch.mi_ys < bunch.mi_xs


@pytest.mark.parametrize("mi_xs", [0.1, 0.7])
def test_mutual_information_of_continuous(mi_xs):
    bunch = make_biased_classification(
        200_000, sensitive="continuous", mi_xs=mi_xs, random_state=1
    )
    X, y, s = bunch.data, bunch.target, bunch.sensitive
    assert s.dtype == float
    r2 = LinearRegression().fit(X, s).score(X, s)
    assert -0.5 * np.log1p(-r2) == pytest.approx(mi_xs, abs=0.005)

    # Bins lose information, but at 50 of them less than the tolerance.
    bins = np.digitize(s, np.quantile(s, np.linspace(0, 1, 51)[1:-1]))
    assert mutual_info_score(y, bins) == pytest.approx(bunch.mi_ys, abs=0.002)


@pytest.mark.parametrize("sensitive", ["binary", "categorical", "continuous"])
def test_base_rate(sensitive):
    y = make_biased_classification(
        100_000, sensitive=sensitive, base_rate=0.1, random_state=0
    ).target
    assert_array_equal(np.unique(y), [0, 1])
    assert y.mean() == pytest.approx(0.1, abs=0.004)


def test_steep_target_is_the_sign_of_the_proxy():
    # With balanced groups and steep log-odds, y = [u > 0], whose errors are those of
    # a binary symmetric channel.
    params = {"mi_xs": 0.4, "merit_effect": 0.0, "random_state": 0}
    bunch = make_biased_classification(200_000, proxy_effect=200.0, **params)
    error = np.mean(bunch.target != bunch.sensitive)
    assert bunch.mi_ys == pytest.approx(
        np.log(2) - entropy([error, 1 - error]), abs=4e-3
    )


@pytest.mark.parametrize("sensitive", ["binary", "categorical", "continuous"])
@pytest.mark.parametrize("params", [{"mi_xs": 0}, {"proxy_effect": 0}])
def test_independent_target(sensitive, params):
    bunch = make_biased_classification(sensitive=sensitive, **params)
    assert bunch.mi_ys == pytest.approx(0, abs=1e-12)
    assert bunch.mi_ys >= 0


def test_effects_move_the_bias_of_the_target():
    def mi_ys(**params):
        return make_biased_classification(10, random_state=0, **params).mi_ys

    assert mi_ys(proxy_effect=1) < mi_ys(proxy_effect=3)
    assert mi_ys(proxy_effect=-1) == pytest.approx(mi_ys(proxy_effect=1))
    assert mi_ys(merit_effect=3) < mi_ys(merit_effect=1)
    assert mi_ys(mi_xs=0.1) < mi_ys(mi_xs=0.4)


def test_only_proxies_depend_on_the_sensitive_attribute():
    bunch = make_biased_classification(
        100_000, n_features=6, n_proxies=2, mi_xs=0.4, random_state=0
    )
    assert bunch.feature_names == [
        *("merit_0", "merit_1", "merit_2", "merit_3", "proxy_0", "proxy_1")
    ]
    groups = [bunch.data[bunch.sensitive == group] for group in (0, 1)]
    gap = np.abs(groups[1].mean(axis=0) - groups[0].mean(axis=0))
    assert gap[:4].max() < 0.03
    assert gap[4:].max() > 0.5
    assert_allclose(np.cov(bunch.data, rowvar=False), np.eye(6), atol=0.02)


def test_group_proportions():
    s = make_biased_classification(
        100_000,
        sensitive="categorical",
        group_proportions=[0.7, 0.28, 0.02],
        random_state=0,
    ).sensitive
    assert_allclose(np.bincount(s) / len(s), [0.7, 0.28, 0.02], atol=0.005)


def test_shapes():
    params = {"n_features": 4, "n_proxies": 1, "random_state": 0}
    X, y, s = make_biased_classification(50, return_X_y_s=True, **params)
    assert X.shape == (50, 4)
    assert y.shape == s.shape == (50,)
    bunch = make_biased_classification(50, **params)
    assert_array_equal(bunch.data, X)
    assert_array_equal(bunch.target, y)
    assert_array_equal(bunch.sensitive, s)


def test_random_state():
    def draw(random_state):
        return make_biased_classification(20, random_state=random_state).data

    assert_array_equal(draw(3), draw(3))
    assert_array_equal(draw(3), draw(np.random.RandomState(3)))
    assert not np.array_equal(draw(3), draw(4))
    assert not np.array_equal(draw(None), draw(None))


@pytest.mark.parametrize("random_state", [0, None])
def test_global_random_state_is_left_alone(random_state):
    before = np.random.get_state()[1:3]  # noqa: NPY002
    make_biased_classification(10, random_state=random_state)
    after = np.random.get_state()[1:3]  # noqa: NPY002
    assert_array_equal(before[0], after[0])
    assert before[1] == after[1]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_samples": 0}, "n_samples == 0, must be >= 1"),
        ({"n_features": 1}, "n_features == 1, must be >= 2"),
        ({"n_features": 4, "n_proxies": 4}, "n_proxies == 4, must be <= 3"),
        ({"mi_xs": -0.1}, "mi_xs == -0.1, must be >= 0"),
        ({"mi_xs": 0.7}, r"less than the entropy .* 0\.693147 nats; got 0\.7"),
        ({"mi_xs": np.nan}, "mi_xs must be finite"),
        ({"mi_xs": np.inf, "sensitive": "continuous"}, "mi_xs must be finite"),
        ({"proxy_effect": np.inf}, "proxy_effect must be finite"),
        ({"base_rate": 1.0}, r"base_rate == 1\.0, must be < 1"),
        ({"sensitive": "age"}, "'binary', 'categorical', 'continuous'.*got 'age'"),
        ({"sensitive": "categorical", "n_groups": 1}, "n_groups == 1, must be >= 2"),
        ({"group_proportions": [0.5, 0.6]}, "must be 2 numbers above 0 that sum to 1"),
        ({"group_proportions": [1.0, 0.0]}, "must be 2 numbers above 0 that sum to 1"),
        ({"group_proportions": [0.2] * 5}, "must be 2 numbers above 0 that sum to 1"),
        (
            {"sensitive": "continuous", "group_proportions": [0.5, 0.5]},
            "group_proportions must be None for a continuous",
        ),
    ],
)
def test_bad_values(params, message):
    with pytest.raises(ValueError, match=message):
        make_biased_classification(**params)


@pytest.mark.parametrize("params", [{"n_samples": 10.0}, {"mi_xs": "high"}])
def test_bad_types(params):
    with pytest.raises(TypeError, match=f"{next(iter(params))} must be an instance of"):
        make_biased_classification(**params)
