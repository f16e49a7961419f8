"""How often the lambda that is chosen keeps its limit, on rows drawn again and again.

A path is trained once; rows that it never saw are the population, so that the true gap
of each of its classifiers is known. Held-out rows are drawn from the population with
replacement, and choose: by the fixed sequence of `MIDebiasedClassifierCV`, and by
taking any lambda whose upper limit is within the limit, as it is done elsewhere. Beside
the path stand classifiers that err independently of each other, whose true gaps are
spread around the limit: the hardest case for a choice among many.

The table has, by limit and number of held-out rows, the share of draws in which the
true gap is over the limit, the share in which a lambda was found at all, and how much
accuracy the choice loses against the best lambda whose true gap is within the limit.

    python examples/benchmarks/choice.py --repeats 1000
"""

import argparse

import numpy as np
import pandas as pd

from fairrep import lambda_path
from fairrep._problem.criterion import GAPS as CRITERIA_GAPS
from fairrep._tradeoff.choice import choose, within
from fairrep._tradeoff.figures import gaps_at
from fairrep.datasets import load_adult
from fairrep.metrics._gaps import gap_value
from fairrep.metrics._intervals import Counts, gap_intervals

CONFIDENCE = 0.95
GAPS = {
    "demographic_parity": "demographic_parity_difference",
    "equalized_odds": "equalized_odds_difference",
}
N_INDEPENDENT = 30


class Population:
    """Rows whose predictions at each lambda are known, and so the true gaps."""

    def __init__(self, y, predicted, groups, training_gaps, gap):
        self.y, self.predicted, self.gap = y, predicted, gap
        self.codes = pd.factorize(groups.iloc[:, 0])[0]
        self.training_gaps = training_gaps
        self.gaps = np.array([gap_value(gap, y, told, groups) for told in predicted])
        self.scores = (predicted == y).mean(axis=1)

    @classmethod
    def of_path(cls, criterion, seed):
        """Adult, sex: 10,000 rows train, all others are the population."""
        X, y, A = load_adult(return_X_y_s=True)
        order = np.random.RandomState(seed).permutation(len(y))
        train, other = order[:10_000], order[10_000:]
        groups = A.astype(str).to_frame()
        path = lambda_path(
            X.iloc[train],
            y.iloc[train],
            sensitive_features=groups.iloc[train],
            criterion=criterion,
            random_state=seed,
        )
        table = path.curve.encode(X.iloc[other])
        predicted = [path.curve.at(value).predict(table) for value in path.lambdas]
        gap = GAPS[criterion]
        seen = train[:5000]
        training_gaps = gaps_at(
            path.curve,
            path.lambdas,
            path.curve.encode(X.iloc[seen]),
            y.iloc[seen].to_numpy(),
            groups.iloc[seen],
            gap,
        )
        y = y.iloc[other].to_numpy()
        groups = groups.iloc[other].reset_index(drop=True)
        return cls(y, np.stack(predicted), groups, training_gaps, gap)

    @classmethod
    def independent(cls, limit, seed, n_rows=100_000):
        """Classifiers whose gaps are near a limit and whose errors are their own."""
        rng = np.random.RandomState(seed)
        group, y = rng.randint(2, size=(2, n_rows))
        gaps = limit * np.linspace(0.5, 1.5, N_INDEPENDENT)[::-1]
        rates = 0.3 + np.outer(gaps, group)
        predicted = (rng.uniform(size=rates.shape) < rates).astype(int)
        groups = pd.DataFrame({"group": group})
        # Half of the rows are wrong whatever is predicted, so the gap alone decides.
        noisy = gaps + 0.01 * rng.normal(size=len(gaps))
        return cls(y, predicted, groups, noisy, GAPS["demographic_parity"])

    def draw(self, n_rows, rng):
        """Figures on rows drawn with replacement."""
        rows = rng.randint(len(self.y), size=n_rows)
        y, codes, predicted = self.y[rows], self.codes[rows], self.predicted[:, rows]
        parts = [
            np.full(n_rows, True) if label is None else y == label
            for label in CRITERIA_GAPS[self.gap].compared
        ]
        high = []
        for told in predicted:
            families = [
                Counts(np.bincount(codes[part], told[part]), np.bincount(codes[part]))
                for part in parts
            ]
            both = 2 * CONFIDENCE - 1  # of the two limits together
            found = gap_intervals(families, n_bootstrap=200, confidence=both)
            high.append(found["difference"][1])
        score = (predicted == y).mean(axis=1)
        return pd.DataFrame({"score": score, "gap_high": high})


def simulate(population, limits, n_rows, repeats, rng):
    """A row of the table for each limit and rule."""
    chosen = {(limit, rule): [] for limit in limits for rule in ("sequence", "any")}
    for _ in range(repeats):
        figures = population.draw(n_rows, rng)
        for limit in limits:
            kept = {
                "sequence": within(figures, limit, population.training_gaps),
                "any": (figures["gap_high"] <= limit).to_numpy(),
            }
            for rule, passed in kept.items():
                best = choose(figures, passed) if passed.any() else -1
                chosen[limit, rule].append(best)
    return [
        {"limit": limit, "rows": n_rows, "rule": rule}
        | figures_of(np.array(best), population, limit)
        for (limit, rule), best in chosen.items()
    ]


def figures_of(best, population, limit):
    """Of the lambdas chosen, -1 where none was found."""
    found = best[best >= 0]
    over = population.gaps[found] > limit
    allowed = population.scores[population.gaps <= limit]
    lost = allowed.max() - population.scores[found] if len(allowed) else np.nan
    return {
        "over the limit": over.sum() / len(best),
        "found": len(found) / len(best),
        "accuracy lost": np.mean(lost) if len(found) else np.nan,
    }


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--rows", type=int, nargs="+", default=[5000])
    parser.add_argument("--limits", type=float, nargs="+", default=[0.02, 0.05, 0.1])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    table = []
    for criterion in GAPS:
        population = Population.of_path(criterion, options.seed)
        for n_rows in options.rows:
            rng = np.random.RandomState(options.seed)
            rows = simulate(population, options.limits, n_rows, options.repeats, rng)
            table += [{"classifiers": f"path, {criterion}"} | row for row in rows]
    for limit in options.limits:
        population = Population.independent(limit, options.seed)
        for n_rows in options.rows:
            rng = np.random.RandomState(options.seed)
            rows = simulate(population, [limit], n_rows, options.repeats, rng)
            table += [
                {"classifiers": f"{N_INDEPENDENT} independent"} | row for row in rows
            ]
    print(pd.DataFrame(table).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
