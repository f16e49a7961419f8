"""Estimates of I(Z; S) along a path, beside what fresh attackers find in z.

A path is trained on the training rows of each data set of tasks.py. At each lambda its
`mi_estimate_`, of rows held out within the training, stands beside the most nats that
three attackers find on test rows: boosted trees, logistic regression and a network,
each trained on two thirds of the test rows and read on the rest. Groups count equally
in both. An attacker that is worse than no attack gives less than 0. Test rows that come
up more than once are taken once: z being a function of the row, whoever knows one of
them knows the others, which is no matter of how much z tells (an audit attacks it).

    python examples/benchmarks/mi_estimates.py --data adult-sex german-sex --seeds 0 1
"""

import argparse
import warnings

import numpy as np
import pandas as pd
import torch
from encoding import encoded
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight
from tasks import TASKS
from threadpoolctl import threadpool_limits

from fairrep import lambda_path

LAMBDAS = [0, 1, 2, 5, 10]


def attackers(seed):
    """Each with the name of its weights in `fit`."""
    return [
        (
            HistGradientBoostingClassifier(
                learning_rate=0.05, max_leaf_nodes=15, random_state=seed
            ),
            "sample_weight",
        ),
        (
            make_pipeline(StandardScaler(), LogisticRegression()),
            "logisticregression__sample_weight",
        ),
        (MLPClassifier((64,), max_iter=15, random_state=seed), "sample_weight"),
    ]


def nats_found(z, codes, seed):
    """The most that an attacker finds of the groups, all of which count equally."""
    order = np.random.default_rng(seed).permutation(len(z))
    train, test = np.split(order, [2 * len(z) // 3])
    weight = compute_sample_weight("balanced", codes)
    entropy = np.log(len(np.unique(codes)))
    found = []
    for attacker, weights in attackers(seed):
        attacker.fit(z[train], codes[train], **{weights: weight[train]})
        guess = attacker.predict_proba(z[test])
        lost = log_loss(
            codes[test], guess, sample_weight=weight[test], labels=np.unique(codes)
        )
        found.append(entropy - lost)
    return max(found)


def compare(task, seed, compas):
    """A row for each lambda."""
    train, test = encoded(*TASKS[task].load(seed, compas))
    path = lambda_path(
        train.X,
        train.y,
        sensitive_features=train.s,
        lambdas=LAMBDAS,
        random_state=seed,
    )
    distinct = ~pd.DataFrame(test.x).duplicated().to_numpy()
    for lambda_mi in LAMBDAS:
        z = path.transform(test.X[distinct], lambda_mi)
        yield {
            "data": task,
            "seed": seed,
            "lambda_mi": lambda_mi,
            "estimate": path.at(lambda_mi).mi_estimate_,
            "attackers": nats_found(z, test.codes[distinct], seed),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=TASKS, default=["adult-sex"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--compas", metavar="FILE")
    args = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    warnings.simplefilter("ignore")
    rows = [
        row
        for task in args.data
        for seed in args.seeds
        for row in compare(task, seed, args.compas)
    ]
    table = pd.DataFrame(rows)
    table["difference"] = table["estimate"] - table["attackers"]
    shown = table.groupby(["data", "lambda_mi"], sort=False)[
        ["estimate", "attackers", "difference"]
    ].agg(["mean", "std"])
    print(f"Nats of I(Z; S), {len(args.seeds)} seed(s)")
    print(shown.round(4).to_string())


if __name__ == "__main__":
    main()
