"""Coverage of intervals and certificates where groups have few rows.

Each run draws a number of groups, their sizes, and their rates; a limit covers where
the truth is within it. Coverage may not be below the nominal one by
more than chance makes.

    python examples/benchmarks/small_groups.py --repeats 2000
"""

import argparse

import numpy as np

from fairrep._certificates.from_counts import Counts as CodeCounts
from fairrep._certificates.from_counts import from_counts
from fairrep.metrics._intervals import Counts, gap_intervals

CONFIDENCE = 0.95


def gap_run(least, most, n_bootstrap, rng):
    """Whether the interval of the difference holds the true one."""
    n_groups = rng.randint(2, 5)
    totals = rng.randint(least, most + 1, n_groups)
    rates = rng.beta(2, 2, n_groups) if rng.uniform() < 0.7 else np.full(n_groups, 0.3)
    counts = Counts(rng.binomial(totals, rates), totals)
    intervals = gap_intervals(
        [counts], n_bootstrap=n_bootstrap, confidence=CONFIDENCE, rng=rng
    )
    low, high = intervals["difference"]
    return low <= np.ptp(rates) <= high


def certificate_run(least, most, rng):
    """Whether the certified gap is at least the true one of the codes."""
    n_groups, n_codes = rng.randint(2, 5), rng.randint(2, 5)
    sizes = rng.randint(least, most + 1, n_groups)
    p = rng.dirichlet(np.ones(n_codes), n_groups)
    table = np.stack([rng.multinomial(n, row) for n, row in zip(sizes, p, strict=True)])
    names = [f"g{i}" for i in range(n_groups)]
    counts = CodeCounts(names, table, [], np.zeros((0, n_groups, n_codes), int))
    limit = from_counts(counts, confidence=CONFIDENCE).demographic_parity
    truth = max(np.abs(a - b).sum() / 2 for i, a in enumerate(p) for b in p[:i])
    return limit >= truth


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--from-rows", type=int, default=0, help="leave out fewer")
    args = parser.parse_args()
    print(f"{'rows a group':>14s} {'gap interval':>14s} {'certificate':>14s}")
    for least, most in [(6, 12), (13, 29), (30, 30), (31, 60), (61, 100)]:
        if least < args.from_rows:
            continue
        found = []
        for run, extra in [(gap_run, [args.draws]), (certificate_run, [])]:
            rng = np.random.RandomState(least)
            hits = [run(least, most, *extra, rng) for _ in range(args.repeats)]
            share = np.mean(hits)
            error = np.sqrt(share * (1 - share) / args.repeats)
            found.append(f"{share:.3f} +- {error:.3f}")
        print(
            f"{f'{least} to {most}':>14s} {found[0]:>14s} {found[1]:>14s}", flush=True
        )


if __name__ == "__main__":
    main()
