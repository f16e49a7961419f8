"""Synthetic data whose dependence on the sensitive attribute is known."""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import entr, expit, logit, logsumexp
from sklearn.utils import Bunch, check_random_state, check_scalar

# Quadrature for expectations over a standard normal variable. The trapezoidal rule
# converges exponentially for analytic integrands that decay at both ends, and, unlike
# Gauss-Hermite nodes, stays accurate where a sigmoid is steep.
_NODES = np.linspace(-8.0, 8.0, 641)
_WEIGHTS = np.exp(-0.5 * _NODES**2)
_WEIGHTS /= _WEIGHTS.sum()

_SENSITIVE_KINDS = ("binary", "categorical", "continuous")


def make_biased_classification(
    n_samples: int = 1000,
    *,
    n_features: int = 10,
    n_proxies: int = 2,
    sensitive: str = "binary",
    n_groups: int = 3,
    group_proportions: ArrayLike | None = None,
    mi_xs: float = 0.2,
    merit_effect: float = 2.0,
    proxy_effect: float = 2.0,
    base_rate: float = 0.5,
    return_X_y_s: bool = False,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch | tuple[NDArray, NDArray, NDArray]:
    r"""Generate a binary classification problem of known bias.

    The mutual information of the features X and of the target y with the sensitive
    attribute S is known, so that an estimate of it, or a method that lowers it, can be
    checked against the truth.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of samples.
    n_features : int, default=10
        Number of features, at least 2.
    n_proxies : int, default=2
        How many of the features, the last ones, depend on the sensitive attribute. At
        least 1 and fewer than `n_features`.
    sensitive : {"binary", "categorical", "continuous"}, default="binary"
        The kind of the sensitive attribute: two groups, `n_groups` groups, or a
        standard normal variable.
    n_groups : int, default=3
        Number of groups, at least 2. Used only if `sensitive` is "categorical".
    group_proportions : array-like of shape (n_groups,), default=None
        The probability of each group, above 0 and summing to 1. None stands for equal
        ones. As the groups are drawn, a rare one can be missing from a small sample.
        Must be None if `sensitive` is "continuous".
    mi_xs : float, default=0.2
        I(X; S) in nats, at least 0. With groups it must be less than their entropy,
        which is log(n_groups) if they are equally likely.
    merit_effect : float, default=2.0
        Change of the log-odds of class 1 with one standard deviation of the merit,
        which is independent of the sensitive attribute.
    proxy_effect : float, default=2.0
        Change of the log-odds of class 1 with one standard deviation of the proxy,
        through which the target depends on the sensitive attribute. If 0, it does not.
    base_rate : float, default=0.5
        Probability of class 1, between 0 and 1.
    return_X_y_s : bool, default=False
        Whether to return ``(data, target, sensitive)`` instead of a Bunch.
    random_state : int, RandomState instance or None, default=None
        Determines the data. Pass an int for the same data in every call. With None
        they differ, and NumPy's global random state is neither used nor changed.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes

        data : ndarray of shape (n_samples, n_features)
            The features, of unit variance and uncorrelated.
        target : ndarray of shape (n_samples,)
            The classes, 0 or 1.
        sensitive : ndarray of shape (n_samples,)
            The groups 0, 1, ... as integers, or floats if `sensitive` is
            "continuous".
        mi_xs : float
            I(X; S) in nats, of the distribution and not of the sample.
        mi_ys : float
            I(Y; S) in nats, of the distribution and not of the sample. It cannot
            exceed `mi_xs`.
        feature_names : list of str
            "merit_0", "merit_1", ..., "proxy_0", "proxy_1", ...
    (data, target, sensitive) : tuple
        The three of them, if `return_X_y_s` is True.

    Raises
    ------
    TypeError
        If a number is not of the type expected.
    ValueError
        If an argument is out of range, or `mi_xs` cannot be reached.

    Notes
    -----
    Let :math:`t` be the sensitive attribute scaled to mean 0 and variance 1, where
    groups are put at equal steps on a line. The merit :math:`m` and the noise
    :math:`e` are independent standard normal variables, and the proxy is

    .. math:: u = \rho t + \sqrt{1 - \rho^2} e.

    The merit and the proxy each fill up with standard normal noise to a block of
    features, which a random rotation then mixes, so that no single feature need be the
    merit or the proxy. As a rotation loses nothing and the noise adds nothing,
    :math:`I(X; S) = I(u; S)`, and :math:`\rho` is chosen to make it `mi_xs`:

    - for a continuous attribute, :math:`I(u; S) = -\frac{1}{2} \log(1 - \rho^2)`;
    - for groups, :math:`u` is a mixture of normal distributions on a line, and
      :math:`I(u; S)` is computed by quadrature.

    The target is drawn with log-odds :math:`b + w_m m + w_u u`, where :math:`b` gives
    the base rate. Given S they are normal, so :math:`P(y = 1 | S)` is again a
    one-dimensional integral, and :math:`I(Y; S)` follows from it.

    References
    ----------
    Cover, T. M. and Thomas, J. A. (2006). Elements of Information Theory, 2nd edition,
    chapters 2 and 8. Wiley.

    Examples
    --------
    >>> from fairrep.datasets import make_biased_classification
    >>> bunch = make_biased_classification(mi_xs=0.3, random_state=0)
    >>> bunch.data.shape
    (1000, 10)
    >>> print(f"I(X; S) = {bunch.mi_xs:.3f}, I(Y; S) = {bunch.mi_ys:.3f}")
    I(X; S) = 0.300, I(Y; S) = 0.061
    """
    _check_number(n_samples, "n_samples", Integral, low=1)
    _check_number(n_features, "n_features", Integral, low=2)
    _check_number(n_proxies, "n_proxies", Integral, low=1, high=n_features - 1)
    _check_number(mi_xs, "mi_xs", Real, low=0)
    _check_number(merit_effect, "merit_effect", Real)
    _check_number(proxy_effect, "proxy_effect", Real)
    _check_number(base_rate, "base_rate", Real, low=0, high=1, boundaries="neither")
    if sensitive not in _SENSITIVE_KINDS:
        raise ValueError(
            f"sensitive must be one of {list(_SENSITIVE_KINDS)}; got {sensitive!r}."
        )
    # check_random_state(None) would give NumPy's global random state.
    rng = np.random.RandomState() if random_state is None else random_state
    rng = check_random_state(rng)

    # `t` holds the values of the scaled attribute and `p` their probabilities.
    if sensitive == "continuous":
        if group_proportions is not None:
            raise ValueError(
                "group_proportions must be None for a continuous sensitive attribute; "
                f"got {group_proportions!r}."
            )
        t, p = _NODES, _WEIGHTS
        rho, noise = np.sqrt(-np.expm1(-2 * mi_xs)), np.exp(-mi_xs)
    else:
        if sensitive == "binary":
            n_groups = 2
        _check_number(n_groups, "n_groups", Integral, low=2)
        p = _check_proportions(group_proportions, n_groups)
        t = np.arange(n_groups) - p @ np.arange(n_groups)
        t /= np.sqrt(p @ t**2)
        separation = _find_separation(t, p, mi_xs)
        rho, noise = separation / np.hypot(1, separation), 1 / np.hypot(1, separation)

    # Given S, the log-odds are normal with these means and this standard deviation.
    intercept, mi_ys = _solve_target(
        means=proxy_effect * rho * t,
        scale=np.hypot(merit_effect, proxy_effect * noise),
        p=p,
        base_rate=base_rate,
    )

    if sensitive == "continuous":
        s = scaled = rng.standard_normal(n_samples)
    else:
        s = rng.choice(n_groups, size=n_samples, p=p)
        scaled = t[s]
    merit = rng.standard_normal(n_samples)
    proxy = rho * scaled + noise * rng.standard_normal(n_samples)
    log_odds = intercept + merit_effect * merit + proxy_effect * proxy
    y = (rng.uniform(size=n_samples) < expit(log_odds)).astype(int)

    n_merits = n_features - n_proxies
    X = np.hstack([_spread(merit, n_merits, rng), _spread(proxy, n_proxies, rng)])
    if return_X_y_s:
        return X, y, s
    return Bunch(
        data=X,
        target=y,
        sensitive=s,
        mi_xs=float(mi_xs),
        mi_ys=mi_ys,
        feature_names=[f"merit_{i}" for i in range(n_merits)]
        + [f"proxy_{i}" for i in range(n_proxies)],
    )


def _find_separation(t: NDArray, p: NDArray, mi_xs: float) -> float:
    """Find the distance, in units of the noise, that gives I(u; S) = mi_xs."""
    if mi_xs == 0:
        return 0.0
    # Neighbouring groups 40 standard deviations apart: the limit, to rounding.
    upper = 40 / (t[1] - t[0])
    limit = _mixture_information(upper * t, p)
    if mi_xs >= limit:
        raise ValueError(
            "mi_xs must be less than the entropy of the groups, "
            f"{entr(p).sum():.6g} nats; got {mi_xs}."
        )
    return brentq(lambda x: _mixture_information(x * t, p) - mi_xs, 0, upper)


def _mixture_information(means: NDArray, p: NDArray) -> float:
    """I(u; S) where u given S is normal with unit variance and these means."""
    shift = (means[:, None] - means)[:, :, None]
    # The log of p(u | s') p(s') / p(u | s), at u = mean(s) + node.
    log_ratio = np.log(p)[:, None] - shift * _NODES - shift**2 / 2
    return float(-p @ logsumexp(log_ratio, axis=1) @ _WEIGHTS)


def _solve_target(
    means: NDArray, scale: float, p: NDArray, base_rate: float
) -> tuple[float, float]:
    """Find the intercept that gives the base rate, and I(Y; S) with it."""
    log_odds = means[:, None] + scale * _NODES

    def positive_rates(intercept: float) -> NDArray:
        return expit(intercept + log_odds) @ _WEIGHTS

    # With these two intercepts all log-odds lie below, or above, those of the base
    # rate. The margin of 1 leaves room for rounding where they coincide.
    intercept = brentq(
        lambda b: p @ positive_rates(b) - base_rate,
        logit(base_rate) - log_odds.max() - 1,
        logit(base_rate) - log_odds.min() + 1,
    )
    rates = positive_rates(intercept)
    mi_ys = _binary_entropy(p @ rates) - p @ _binary_entropy(rates)
    # Where Y and S are independent, rounding could make it negative.
    return intercept, max(float(mi_ys), 0.0)


def _binary_entropy(rate: NDArray) -> NDArray:
    return entr(rate) + entr(1 - rate)


def _spread(
    latent: NDArray, n_columns: int, rng: np.random.RandomState
) -> NDArray[np.float64]:
    """Hide a variable along a random direction among standard normal noise."""
    block = rng.standard_normal((len(latent), n_columns))
    block[:, 0] = latent
    rotation, _ = np.linalg.qr(rng.standard_normal((n_columns, n_columns)))
    return block @ rotation


def _check_proportions(proportions: ArrayLike | None, n_groups: int) -> NDArray:
    """Return the group probabilities as an array that sums to 1."""
    if proportions is None:
        return np.full(n_groups, 1 / n_groups)
    p = np.asarray(proportions, dtype=float)
    if p.shape != (n_groups,) or not (p > 0).all() or not np.isclose(p.sum(), 1):
        raise ValueError(
            f"group_proportions must be {n_groups} numbers above 0 that sum to 1; "
            f"got {proportions!r}."
        )
    return p / p.sum()


def _check_number(
    value: float,
    name: str,
    kind: type,
    *,
    low: float | None = None,
    high: float | None = None,
    boundaries: str = "both",
) -> None:
    """Check the type and the range of a number."""
    check_scalar(
        value,
        name,
        kind,
        min_val=low,
        max_val=high,
        include_boundaries=boundaries,
    )
    # A comparison with NaN is never true, so check_scalar lets it pass.
    if not np.isfinite(value):
        raise ValueError(f"{name} must be finite; got {value}.")
