"""How often the intervals of an audit hold the truth, by simulation.

For each setting labels and predictions are drawn many times from known rates, and the
intervals of the disparities and of the calibration error are compared with the known
values. Beside it, the percentile bootstrap of the difference, which fails near 0; the
share of lower limits above 0, which should be small where there is no gap; and the
smallest upper limit that came up, which should not be near 0 where rows are few.

    python examples/benchmarks/audit_coverage.py --repeats 1000
"""

import argparse

import numpy as np

from fairrep.metrics._intervals import Counts, calibration_interval, gap_intervals

CONFIDENCE = 0.95
SIZES = {
    "2 large": [2000, 5000],
    "2 small": [40, 60],
    "2 unequal": [40, 5000],
    "3, one small": [250, 303, 47],
    "5 large": [2000] * 5,
    "5 small": [60] * 5,
    "5 unequal": [40, 60, 200, 1500, 14000],
    "8 unequal": [30, 50, 100, 200, 400, 800, 1500, 3000],
}
RATES = {
    2: {
        "0": [0.2, 0.2],
        "0.05": [0.2, 0.25],
        "0.1": [0.3, 0.2],
        "0.3": [0.2, 0.5],
    },
    3: {
        "0": [0.6] * 3,
        "0.166, one between": [0.56, 0.726, 0.62],
        "0.03, near 1": [0.96, 0.99, 0.97],
    },
    8: {
        "0": [0.2] * 8,
        "0, near 0": [0.02] * 8,
        "0, near 1": [0.98] * 8,
        "0.1, spread": [0.2, 0.21, 0.22, 0.24, 0.25, 0.27, 0.28, 0.3],
        "0.1, small apart": [0.3, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2],
    },
    5: {
        "0": [0.2] * 5,
        "0.05": [0.2, 0.21, 0.22, 0.24, 0.25],
        "0.1, one apart": [0.1, 0.2, 0.2, 0.2, 0.2],
        "0.1, two clusters": [0.2, 0.3, 0.2, 0.3, 0.3],
        "0.3, spread": [0.2, 0.25, 0.35, 0.4, 0.5],
    },
}


def percentile_interval(counts, n_bootstrap, rng):
    """The plain bootstrap of largest minus smallest rate."""
    draws = rng.binomial(counts.totals, counts.rates, (n_bootstrap, len(counts.totals)))
    gaps = np.ptp(draws / counts.totals, axis=1)
    return np.quantile(gaps, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])


def holds(interval, truth):
    return interval[0] <= truth + 1e-12 and truth <= interval[1] + 1e-12


def gap_coverage(totals, rates, args, rng):
    """Coverage of difference, ratio, equalized odds and of plain percentiles.

    And the mean width and smallest upper limit of the intervals of the difference.
    """
    settings = {"n_bootstrap": args.draws, "confidence": CONFIDENCE}
    totals = np.array(totals)
    truth = {"difference": np.ptp(rates), "ratio": min(rates) / max(rates)}
    found, limits = [], []
    for _ in range(args.repeats):
        counts = Counts(rng.binomial(totals, rates), totals)
        other = Counts(rng.binomial(totals, 0.4), totals)  # a rate without a gap
        alone = gap_intervals([counts], **settings)
        both = gap_intervals([counts, other], **settings)
        plain = percentile_interval(counts, args.draws, rng)
        found.append(
            [
                holds(alone["difference"], truth["difference"]),
                holds(alone["ratio"], truth["ratio"]),
                holds(both["difference"], truth["difference"]),
                holds(plain, truth["difference"]),
            ]
        )
        limits.append(alone["difference"])
    width, least = np.ptp(limits, axis=1).mean(), np.min(limits, axis=0)[1]
    seen = np.mean([low > 0 for low, _ in limits])
    return [*np.mean(found, axis=0), width, seen, least]


def calibration_coverage(n_rows, shift, args, rng):
    """Coverage where the rate of positives is the score times 1 + shift."""
    scores = np.linspace(0.05, 0.6, 10)
    totals = np.full(10, n_rows // 10)
    rates = scores * (1 + shift)
    found = [
        holds(
            calibration_interval(
                rng.binomial(totals, rates),
                totals,
                scores,
                n_bootstrap=args.draws,
                confidence=CONFIDENCE,
                rng=rng,
            ),
            np.abs(rates - scores).mean(),
        )
        for _ in range(args.repeats)
    ]
    return np.mean(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=500)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--groups", nargs="+", choices=SIZES, help="these alone")
    parser.add_argument("--gap", help="a true gap as printed: of rates, and this alone")
    args = parser.parse_args()
    rng = np.random.RandomState(args.seed)
    print(f"Coverage of {CONFIDENCE:.0%} intervals, {args.repeats} repeats,")
    print(f"{args.draws} draws; equalized odds: with a second rate that has no gap")
    print(
        f"{'groups':10s} {'true gap':18s} {'diff.':>6s} {'ratio':>6s} {'eq.odds':>8s} "
        f"{'percentile':>11s} {'width':>6s} {'above 0':>8s} {'least upper':>11s}"
    )
    for name in args.groups or SIZES:
        totals = SIZES[name]
        for gap, rates in RATES[len(totals)].items():
            if args.gap not in (None, gap):
                continue
            *covered, plain, width, seen, least = gap_coverage(totals, rates, args, rng)
            one, ratio, odds = covered
            print(
                f"{name:10s} {gap:18s} {one:6.3f} {ratio:6.3f} {odds:8.3f} "
                f"{plain:11.3f} {width:6.3f} {seen:8.3f} {least:11.4f}",
                flush=True,
            )
    if args.gap or args.groups:
        return
    print(f"\n{'rows':>10s} {'calibration error':18s} {'coverage':>8s}")
    for n_rows in (100, 500, 5000):
        for shift in (0, 0.1, 0.3):
            error = np.linspace(0.05, 0.6, 10).mean() * shift
            covered = calibration_coverage(n_rows, shift, args, rng)
            print(f"{n_rows:10d} {error:<18.3f} {covered:8.3f}", flush=True)


if __name__ == "__main__":
    main()
