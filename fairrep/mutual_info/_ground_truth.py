"""Distributions whose mutual information is known, to judge estimates by.

This file imports nothing of the package, so that what is judged cannot share an error
with its judge. Most are of P. Czyż, F. Grabowski, J. E. Vogt, N. Beerenwinkel and A.
Marx, "Beyond Normal: On the Evaluation of Mutual Information Estimators", NeurIPS 2023.
Their idea makes many truths of one: a map that can be undone, of X or of S alone,
leaves I(X; S) as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import gammaln, psi, rel_entr
from scipy.stats import norm, special_ortho_group

Rng = np.random.RandomState
Sample = tuple[NDArray, NDArray]


@dataclass(frozen=True)
class Distribution:
    """A joint distribution of X and S that knows its mutual information.

    Parameters
    ----------
    name : str
    nats : float
        I(X; S).
    draw : callable
        Gives X of shape (n, d) and S of shape (n,) for n and a random state.
    correlation : float
        The maximal correlation of X and S, NaN where it is not known.
    """

    name: str
    nats: float
    draw: Callable[[int, Rng], Sample]
    correlation: float = np.nan

    def sample(self, n_rows: int, seed: int) -> Sample:
        """X of shape (n_rows, d) and S of shape (n_rows,), the same for a seed."""
        return self.draw(n_rows, np.random.RandomState(seed))


def normal_information(rho: float) -> float:
    """I of two normal variables with correlation rho: -log(1 - rho^2) / 2."""
    return float(abs(0.5 * np.log1p(-(rho**2))))


# -- numbers -------------------------------------------------------------------


def bivariate_normal(rho: float) -> Distribution:
    """Two normal variables; the maximal correlation is |rho| (Gebelein 1941)."""

    def draw(n: int, rng: Rng) -> Sample:
        x, s = _normal_pairs(rho, n, rng)
        return x[:, None], s

    return Distribution("bivariate normal", normal_information(rho), draw, abs(rho))


def half_cube(rho: float) -> Distribution:
    """Both of a normal pair to the power of 3/2, signs kept: tails are long."""

    def stretch(values: NDArray) -> NDArray:
        return np.sign(values) * np.abs(values) ** 1.5

    def draw(n: int, rng: Rng) -> Sample:
        x, s = _normal_pairs(rho, n, rng)
        return stretch(x)[:, None], stretch(s)

    return Distribution("half-cube", normal_information(rho), draw, abs(rho))


def bimodal(rho: float) -> Distribution:
    """Both of a normal pair, made a mixture of N(0, 1) and N(5, 1), 3 to 7."""
    grid = np.linspace(-9, 14, 20_001)
    levels = 0.3 * norm.cdf(grid) + 0.7 * norm.cdf(grid, 5)

    def draw(n: int, rng: Rng) -> Sample:
        x, s = _normal_pairs(rho, n, rng)
        x, s = np.interp(norm.cdf([x, s]), levels, grid)
        return x[:, None], s

    return Distribution("bimodal", normal_information(rho), draw, abs(rho))


def swiss_roll(rho: float) -> Distribution:
    """X of a normal pair, its quantile rolled up in the plane."""

    def draw(n: int, rng: Rng) -> Sample:
        x, s = _normal_pairs(rho, n, rng)
        t = 1.5 * np.pi * (1 + 2 * norm.cdf(x))
        return np.stack([t * np.cos(t), t * np.sin(t)], axis=1) / 21, s

    return Distribution("swiss roll", normal_information(rho), draw, abs(rho))


def uniform_plus_noise(epsilon: float) -> Distribution:
    """X uniform on [0, 1], and S = X + noise, uniform on [-epsilon, epsilon]."""
    wide = epsilon > 0.5
    nats = 1 / (4 * epsilon) if wide else epsilon - np.log(2 * epsilon)

    def draw(n: int, rng: Rng) -> Sample:
        x = rng.uniform(size=n)
        return x[:, None], x + rng.uniform(-epsilon, epsilon, size=n)

    return Distribution("uniform plus noise", float(nats), draw)


def student_t(rho: float, freedom: float) -> Distribution:
    """Two variables of Student's t with a common scale: dependent at rho = 0 too."""

    def f(x: float) -> float:
        return float(gammaln(x / 2) - x / 2 * psi(x / 2))

    nats = normal_information(rho) + f(freedom) + f(freedom + 2) - 2 * f(freedom + 1)

    def draw(n: int, rng: Rng) -> Sample:
        scale = np.sqrt(freedom / rng.chisquare(freedom, size=n))
        x, s = _normal_pairs(rho, n, rng) * scale
        return x[:, None], s

    return Distribution("Student-t", nats, draw)


def embedded(base: Distribution, n_columns: int) -> Distribution:
    """X beside independent normal noise, all of it rotated at random."""

    def draw(n: int, rng: Rng) -> Sample:
        x, s = base.draw(n, rng)
        noise = rng.normal(size=(n, n_columns - x.shape[1]))
        turn = (
            np.eye(1)
            if n_columns == 1
            else special_ortho_group.rvs(n_columns, random_state=rng)
        )
        return np.hstack([x, noise]) @ turn, s

    return Distribution(base.name, base.nats, draw, base.correlation)


def several_normals(rho: float, n_columns: int) -> Distribution:
    """Columns of X that each tell as much of S, of one correlation with it in all."""

    def draw(n: int, rng: Rng) -> Sample:
        x, s = _normal_pairs(rho, n, rng)
        # Columns whose mean is the column of a pair, which then tells all of S.
        spread = rng.normal(size=(n, n_columns))
        spread -= spread.mean(axis=1, keepdims=True)
        return x[:, None] + spread, s

    name = "several normals"
    return Distribution(name, normal_information(rho), draw, abs(rho))


def _normal_pairs(rho: float, n: int, rng: Rng) -> NDArray:
    s, noise = rng.normal(size=(2, n))
    return np.stack([rho * s + np.sqrt(1 - rho**2) * noise, s])


# -- groups --------------------------------------------------------------------


def shifted_groups(shift: float, share: float = 0.5) -> Distribution:
    """A group, 1 by its share, and a normal variable that it shifts; by quadrature."""
    p = np.array([1 - share, share])

    def surprise(x: float) -> float:
        density = norm.pdf(x, [0, shift])
        return float(rel_entr(p * density, p * (p @ density)).sum())

    nats = quad(surprise, -12, 12 + shift, points=[0, shift], limit=200)[0]

    def draw(n: int, rng: Rng) -> Sample:
        s = (rng.uniform(size=n) < share).astype(int)
        return (rng.normal(size=n) + shift * s)[:, None], s

    return Distribution("shifted groups", float(nats), draw)


def table(p: NDArray) -> Distribution:
    """Two discrete variables with a table of probabilities, X down and S across."""
    p = np.asarray(p, dtype=np.float64) / np.sum(p)
    product = p.sum(axis=1, keepdims=True) * p.sum(axis=0)

    def draw(n: int, rng: Rng) -> Sample:
        x, s = np.divmod(rng.choice(p.size, n, p=p.ravel()), p.shape[1])
        return x[:, None], s

    return Distribution("table", float(rel_entr(p, product).sum()), draw)


def exclusive_or(n: int, rng: Rng) -> tuple[NDArray, NDArray, NDArray]:
    """Coins X and W and S = X xor W: I(X; S) = 0, and I(X; S | W) = log 2."""
    x, w = rng.randint(2, size=(2, n))
    return x[:, None], x ^ w, w
