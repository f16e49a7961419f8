"""How often certify's limits hold, and how loose they are, by simulation.

Codes of two groups, a third and two thirds of n rows, are drawn from known
distributions, so that the true total variation, mutual information, AUC and accuracy
are known. "equal": both groups the same, a Dirichlet draw; "near": the second moved
towards another draw by 5 %; "far": by 30 %.

Coverage is the share of samples whose limit is not below the truth; looseness the mean
of limit - truth. Limits for the total variation compared with that of certify:

    McDiarmid       the plug-in figure, never too low in mean, plus its margin
    union of sets   Hoeffding's margin for all 2^k sets of codes at once
    Weissman        L1 balls around both distributions (Weissman et al. 2003)
    cells           Clopper and Pearson's intervals of all 2k rates at once

    python examples/benchmarks/certificate_coverage.py
    python examples/benchmarks/certificate_coverage.py --repeats 2000 --csv limits.csv
"""

import argparse

import numpy as np
import pandas as pd
from scipy.stats import beta

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

MOVED = {"equal": 0.0, "near": 0.05, "far": 0.3}


def draw_truth(k, moved, rng):
    first, other = rng.dirichlet(np.ones(k), size=2)
    return np.stack([first, (1 - moved) * first + moved * other])


def margin(sizes, log_odds):
    return np.sqrt(log_odds / 2 * (1 / sizes).sum())


def weissman(sizes, k, alpha):
    balls = (k * np.log(2) + np.log(2 / alpha)) * 2 / sizes
    return np.sqrt(balls).sum() / 2


def cell_limits(counts, sizes, alpha):
    """The largest total variation within intervals of each rate that hold at once."""
    tail = alpha / (2 * counts.shape[-1]) / 2
    n = sizes[:, None]
    with np.errstate(invalid="ignore"):
        low = np.nan_to_num(beta.ppf(tail, counts, n - counts + 1), nan=0.0)
        high = np.nan_to_num(beta.isf(tail, counts + 1, n - counts), nan=1.0)
    one_way = np.maximum(high[:, 0] - low[:, 1], 0).sum(axis=1)
    other_way = np.maximum(high[:, 1] - low[:, 0], 0).sum(axis=1)
    return np.minimum(1.0, np.minimum(one_way, other_way))


def simulate(k, n, case, repeats, alpha, rng):
    """One row a limit: coverage and looseness."""
    p = draw_truth(k, MOVED[case], rng)
    sizes = np.array([n // 3, n - n // 3])
    share = sizes / n
    truth = {
        "tv": total_variation(*p),
        "nats": mutual_information(p, share),
        "auc": best_auc(*p),
        "accuracy": best_accuracy(p, share),
    }
    counts = np.stack(
        [
            rng.multinomial(m, row, size=repeats)
            for m, row in zip(sizes, p, strict=True)
        ],
        axis=1,
    )
    seen = counts / sizes[:, None]
    tv = np.array([total_variation(*sample) for sample in seen])
    # The exact limit is smooth in the plug-in figure: a table serves all samples.
    knots = np.linspace(tv.min(), tv.max(), 12)
    exact = [difference_limit(knot, *sizes, alpha) for knot in knots]
    nats = [
        information_limit(mutual_information(sample, share), n, share.min(), alpha)
        for sample in seen
    ]
    auc = [mean_limit(best_auc(*sample), sizes.min(), alpha) for sample in seen]
    accuracy = [
        binomial_limit(best_accuracy(sample, share), n, alpha) for sample in seen
    ]
    limits = {
        ("tv", "certify"): np.interp(tv, knots, exact),
        ("tv", "McDiarmid"): tv + margin(sizes, np.log(1 / alpha)),
        ("tv", "union of sets"): tv + margin(sizes, k * np.log(2) + np.log(1 / alpha)),
        ("tv", "Weissman"): tv + weissman(sizes, k, alpha),
        ("tv", "cells"): cell_limits(counts, sizes, alpha),
        ("nats", "certify"): np.array(nats),
        ("auc", "certify"): np.array(auc),
        ("accuracy", "certify"): np.array(accuracy),
    }
    return [
        {
            "k": k,
            "n": n,
            "case": case,
            "figure": figure,
            "method": method,
            "truth": truth[figure],
            "coverage": (np.minimum(limit, 1.0) >= truth[figure]).mean(),
            "looseness": (np.minimum(limit, 1.0) - truth[figure]).mean(),
        }
        for (figure, method), limit in limits.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codes", nargs="+", type=int, default=[2, 4, 8, 16, 32, 64])
    parser.add_argument("--rows", nargs="+", type=int, default=[200, 1000, 5000, 16000])
    parser.add_argument("--cases", nargs="+", choices=MOVED, default=[*MOVED])
    parser.add_argument("--repeats", type=int, default=500)
    parser.add_argument("--confidence", type=float, default=0.95)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--csv", help="where to write one row for each limit")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    rows = [
        row
        for k in args.codes
        for n in args.rows
        for case in args.cases
        for row in simulate(k, n, case, args.repeats, 1 - args.confidence, rng)
    ]
    table = pd.DataFrame(rows)
    if args.csv:
        table.to_csv(args.csv, index=False)
    print(f"Coverage at a nominal {args.confidence:.0%}, smallest over the cases")
    index, columns = ["k", "n"], ["figure", "method"]
    lowest = table.pivot_table("coverage", index, columns, "min", sort=False)
    print(lowest.to_string(float_format="{:.3f}".format))
    print("\nMean of limit - truth over the cases")
    loose = table.pivot_table("looseness", index, columns, sort=False)
    print(loose.to_string(float_format="{:.4f}".format))


if __name__ == "__main__":
    main()
