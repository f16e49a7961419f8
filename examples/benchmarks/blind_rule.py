"""What boosted trees leave to reach without S at prediction: the best rule's accuracy.

Of all rules that see x alone, the most accurate one within a limit to the demographic
parity difference of two groups predicts 1 where

    P(y=1|x) - m * (P(s=1|x) / P(s=1) - P(s=0|x) / P(s=0))

is above a threshold of 0.5, for some m. Here both probabilities are boosted trees', as
in tradeoff.py, and m and the threshold are picked on the very test rows that are read:
more than any method may do, so that what is above these figures is not to be expected
of a method that starts from these trees. With --half they are picked on one random half
and read on the other, and the other way round.

    python examples/benchmarks/blind_rule.py
    python examples/benchmarks/blind_rule.py --half
"""

import argparse

import numpy as np
from encoding import boosted_trees
from tasks import TASKS

LIMITS = [0.02, 0.05, 0.10, np.inf]
MULTIPLIERS = np.linspace(0, 0.4, 161)
THRESHOLDS = np.linspace(0.4, 0.6, 41)


def rules(name, seed):
    """Predictions of each rule, the labels and the groups; of the test rows."""
    train, test = TASKS[name].load(seed, None)
    groups = np.unique(train.A.astype(str))
    if len(groups) != 2:
        raise ValueError(f"{name} has {len(groups)} groups; expected 2.")
    s = (train.A.astype(str) == groups[1]).to_numpy()
    of_y, of_s = (
        boosted_trees(seed).fit(train.X, target).predict_proba(test.X)[:, 1]
        for target in (train.y, s)
    )
    tells = of_s / s.mean() - (1 - of_s) / (1 - s.mean())
    scores = of_y - MULTIPLIERS[:, np.newaxis] * tells
    predicted = scores[:, np.newaxis] > THRESHOLDS[:, np.newaxis]
    predicted = predicted.reshape(-1, len(test.y))
    return predicted, test.y.to_numpy(), (test.A.astype(str) == groups[1]).to_numpy()


def figures(predicted, y, s):
    """Accuracy and gap of each rule."""
    gaps = predicted[:, s].mean(axis=1) - predicted[:, ~s].mean(axis=1)
    return (predicted == y).mean(axis=1), np.abs(gaps)


def best(predicted, y, s, limit, pick, read):
    """Of the rule that is best on some rows, the figures on others."""
    accuracy, gap = figures(predicted[:, pick], y[pick], s[pick])
    i = np.where(gap <= limit, accuracy, -1).argmax()
    return [value[0] for value in figures(predicted[[i]][:, read], y[read], s[read])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=TASKS, default="adult-sex")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--half", action="store_true")
    args = parser.parse_args()
    found = {limit: [] for limit in LIMITS}
    for seed in args.seeds:
        predicted, y, s = rules(args.data, seed)
        half = np.random.default_rng(seed).permutation(len(y)) % 2 == 0
        everything = np.full(len(y), True)
        pairs = [(half, ~half), (~half, half)] if args.half else [(everything,) * 2]
        for limit in LIMITS:
            halves = [best(predicted, y, s, limit, *pair) for pair in pairs]
            found[limit].append(np.mean(halves, axis=0))
    picked = "on the other half" if args.half else "on the rows that are read"
    print(f"{args.data}, {len(args.seeds)} seeds; picked {picked}")
    for limit, values in found.items():
        accuracy, gap = np.mean(values, axis=0)
        spread = np.std(values, axis=0, ddof=1)[0] if len(values) > 1 else np.nan
        print(f"DP <= {limit:.2f}: accuracy {accuracy:.4f} ± {spread:.4f} at {gap:.3f}")


if __name__ == "__main__":
    main()
