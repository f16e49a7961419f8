"""How far fairrep is from the best rule that boosted trees allow without S.

Of all rules that see x alone, the most accurate one within a limit to the demographic
parity difference of two groups predicts 1 where

    P(y=1|x) - m * (P(s=1|x) / P(s=1) - P(s=0|x) / P(s=0))

is above a threshold of 0.5, for some m. Here both probabilities are boosted trees', as
in tradeoff.py; beside it is the path of fairrep with these trees as its `estimator`.
Multiplier and threshold of the one and lambda of the other are picked on one random
half of the rows, the most accurate within the limit, and read on the other half, and
the other way round.

    python examples/benchmarks/blind_rule.py
    python examples/benchmarks/blind_rule.py --split --seeds 0 1 2 3 4 5 6 7

The rows are the test rows, of which Adult has one set whatever the seed. With --split
both are fitted on 70 % of the training rows and read on the rest, other ones for each
seed.
"""

import argparse
import warnings

import numpy as np
import torch
from encoding import boosted_trees, encoded
from methods import METHODS
from tables import best_within, standard_error
from tasks import TASKS, stratified
from threadpoolctl import threadpool_limits

LIMITS = [0.02, 0.05, 0.10]
MULTIPLIERS = np.linspace(0, 0.4, 161)
THRESHOLDS = np.linspace(0.4, 0.6, 41)
FAIRREP = METHODS["fairrep-trees"]
# And needing no file.
TWO_GROUPS = ["adult-sex", "german-sex", "german-age", "synthetic"]


def rules(train, rows, seed):
    """Predictions of each multiplier and threshold, (n_rules, n_rows)."""
    of_y, of_s = (
        boosted_trees(seed).fit(train.X, target).predict_proba(rows.X)[:, 1]
        for target in (train.y, train.codes)
    )
    share = train.codes.mean()
    tells = of_s / share - (1 - of_s) / (1 - share)
    scores = of_y - MULTIPLIERS[:, np.newaxis] * tells
    predicted = scores[:, np.newaxis] > THRESHOLDS[:, np.newaxis]
    return predicted.reshape(-1, len(rows.y))


def path(train, rows, seed):
    """Predictions at each lambda, (n_lambdas, n_rows)."""
    return np.stack([labels for _, labels in FAIRREP.grid(train, rows, seed, "DP")])


def figures(predicted, rows, of):
    """Accuracy and gap of each row of predictions, (2, n_predictions)."""
    predicted, y, s = predicted[:, of], rows.y[of], rows.codes[of] == 1
    gaps = predicted[:, s].mean(axis=1) - predicted[:, ~s].mean(axis=1)
    return np.stack([(predicted == y).mean(axis=1), np.abs(gaps)])


def picked(predicted, rows, half, limit):
    """Accuracy and gap, read where they were not picked."""
    found = []
    for pick, read in [(half, ~half), (~half, half)]:
        best = best_within(*figures(predicted, rows, pick), limit)
        found.append(figures(predicted[[best]], rows, read)[:, 0])
    return np.mean(found, axis=0)


def one_seed(name, seed, split):
    """Accuracy and gap of the rule and of fairrep, (2, n_limits, 2)."""
    train, test = TASKS[name].load(seed, None)
    if split:
        train, test = stratified(*train, seed)
    train, rows = encoded(train, test)
    half = np.random.default_rng(seed).permutation(len(rows.y)) % 2 == 0
    both = [make(train, rows, seed) for make in (rules, path)]
    return [[picked(labels, rows, half, limit) for limit in LIMITS] for labels in both]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=TWO_GROUPS, default="adult-sex")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument(
        "--split", action="store_true", help="read on a part of the training rows"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # (n_seeds, 2, n_limits, 2)
        found = np.array([one_seed(args.data, s, args.split) for s in args.seeds])
    of = "30 % of the training rows" if args.split else "test rows"
    print(f"{args.data}, {of}, {len(args.seeds)} seeds; mean ± standard error")
    gain = found[:, 1, :, 0] - found[:, 0, :, 0]
    for i, limit in enumerate(LIMITS):
        print(f"DP <= {limit:.2f}")
        for j, name in enumerate(["best rule", "fairrep"]):
            accuracy, gap = found[:, j, i].mean(axis=0)
            error = standard_error(found[:, j, i, 0])
            print(f"  {name:10} {accuracy:.4f} ± {error:.4f} at {gap:.3f}")
        error = standard_error(gain[:, i])
        print(f"  {'difference':10} {gain[:, i].mean():+.4f} ± {error:.4f}")


if __name__ == "__main__":
    main()
