"""What an audit makes of groups that are known only as probabilities, by simulation.

Rows have one of 200 proxies, as name and address are; of each the probabilities of the
groups are known, and right. A row's group is drawn from them, and its prediction comes
from the proxy alone (which the weights ask for), from the group alone (which least
squares asks for), or half from each. The table has the bias of the gap of each estimate
and of assigning each row to its likeliest group, the largest bias of a rate, and how
often the intervals of rates, of the gap and of the ratio hold the truth, which is
known.

    python examples/benchmarks/probabilities.py --repeats 1000
"""

import argparse

import numpy as np

from fairrep.metrics._intervals import gap_intervals
from fairrep.metrics._probable import least_squares_rates, weighted_rates

CONFIDENCE = 0.95
N_PROXIES = 200
# Dirichlet parameters of the probabilities: shares of the groups times how vague.
GROUPS = {
    "2, vague": [0.9, 0.6],
    "2, sharp": [0.24, 0.16],
    "4, vague": [1.2, 0.4, 0.3, 0.1],
}
RATES = {
    2: {"0": [0.3, 0.3], "0.4": [0.2, 0.6]},
    4: {"0": [0.3] * 4, "0.4": [0.2, 0.4, 0.5, 0.6]},
}
SOURCES = {"proxy": 0.0, "both": 0.5, "group": 1.0}


def assigned_rates(weights, hit, among):
    """Each row in its likeliest group alone."""
    likeliest = np.eye(weights.shape[1])[weights.argmax(axis=1)]
    return weighted_rates(likeliest, hit, among)


ESTIMATES = {
    "weighted": weighted_rates,
    "least squares": least_squares_rates,
    "assigned": assigned_rates,
}


class Population:
    """Proxies, what they tell of the groups, and rates that come from either."""

    def __init__(self, groups, rates, from_group):
        rng = np.random.RandomState(0)
        self.p = rng.dirichlet(groups, N_PROXIES)
        by_proxy = self.p @ rates
        # By proxy and group.
        self.rates = (1 - from_group) * by_proxy[:, None] + from_group * np.array(rates)
        self.truth = (self.p * self.rates).sum(axis=0) / self.p.sum(axis=0)

    def draw(self, n_rows, rng):
        """Probabilities and predictions of some rows."""
        proxy = rng.randint(N_PROXIES, size=n_rows)
        below = self.p.cumsum(axis=1)[proxy, :-1] < rng.uniform(size=(n_rows, 1))
        rate = self.rates[proxy, below.sum(axis=1)]
        return self.p[proxy], rng.uniform(size=n_rows) < rate


def holds(interval, truth):
    return (interval[0] <= truth + 1e-12) & (truth <= interval[1] + 1e-12)


def simulate(population, n_rows, repeats, rng):
    """By estimate: bias of the rates, and coverage of rates, difference and ratio."""
    truth = population.truth
    gap, ratio = np.ptp(truth), truth.min() / truth.max()
    rates = {name: [] for name in ESTIMATES}
    covered = {name: [] for name in ESTIMATES}
    everyone = np.ones(n_rows, dtype=bool)
    for _ in range(repeats):
        p, hit = population.draw(n_rows, rng)
        for name, estimate in ESTIMATES.items():
            counts = estimate(p, hit, everyone)
            limits = gap_intervals([counts], n_bootstrap=20, confidence=CONFIDENCE)
            rates[name].append(counts.rates)
            covered[name].append(
                [
                    holds(counts.limits(CONFIDENCE), truth).mean(),
                    holds(limits["difference"], gap),
                    holds(limits["ratio"], ratio),
                ]
            )
    high, low = truth.argmax(), truth.argmin()
    found = {}
    for name in ESTIMATES:
        mean = np.mean(rates[name], axis=0)
        of_gap = mean[high] - mean[low] - gap
        found[name] = [
            of_gap,
            np.abs(mean - truth).max(),
            *np.mean(covered[name], axis=0),
        ]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--rows", type=int, nargs="+", default=[500, 5000])
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=[*GROUPS])
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.RandomState(args.seed)
    print(f"Bias, and coverage of {CONFIDENCE:.0%} intervals, {args.repeats} repeats")
    print(
        f"{'groups':11s} {'rows':>6s} {'rates by':8s} {'true gap':>8s} "
        f"{'estimate':13s} {'bias of gap':>11s} {'of a rate':>9s} "
        f"{'rates':>6s} {'diff.':>6s} {'ratio':>6s}"
    )
    for name in args.groups:
        groups = GROUPS[name]
        for n_rows in args.rows:
            for gap, rates in RATES[len(groups)].items():
                # Without a gap it does not matter what the rates come from.
                for source in SOURCES if gap != "0" else ["both"]:
                    population = Population(groups, rates, SOURCES[source])
                    found = simulate(population, n_rows, args.repeats, rng)
                    for estimate, figures in found.items():
                        of_gap, of_rate, *covered = figures
                        print(
                            f"{name:11s} {n_rows:6d} {source:8s} "
                            f"{np.ptp(population.truth):8.3f} {estimate:13s} "
                            f"{of_gap:+11.3f} {of_rate:9.3f} "
                            + " ".join(f"{share:6.3f}" for share in covered),
                            flush=True,
                        )


if __name__ == "__main__":
    main()
