"""One fit for every lambda: accuracy against the gap, on rows that chose nothing.

The data sets are those of tasks.py: Adult with its official split, sex or race as S and
not in X; COMPAS, race as S and in X, a stratified split of 70 to 30 by seed; German
credit, split alike. The path is trained for the grid below, as `lambdas`; settings are
the defaults, with --boosted a HistGradientBoostingClassifier on one-hot categories as
the estimator. With --single, `MIDebiasedClassifier` is fitted for each lambda of it
alone as well.

    python examples/benchmarks/lambda_path.py --single
    python examples/benchmarks/lambda_path.py --single --members 1
    python examples/benchmarks/lambda_path.py --boosted
    python examples/benchmarks/lambda_path.py --criterion equalized_odds
    python examples/benchmarks/lambda_path.py --data adult-race
    python examples/benchmarks/lambda_path.py --data compas-race --compas FILE

COMPAS is not bundled: FILE is ProPublica's compas-scores-two-years.csv.
"""

import argparse

import numpy as np
import pandas as pd
from encoding import boosted_trees
from joblib import Parallel, delayed
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score
from tasks import TASKS

from fairrep import MIDebiasedClassifier, lambda_path
from fairrep.metrics import fairness_report

LAMBDAS = [0, 0.3, 1, 1.5, 2, 3, 5, 7, 10, 15, 20]
GAP_OF = {"demographic_parity": "DP", "equalized_odds": "EO"}
LIMITS = {"DP": [0.02, 0.05, 0.10], "EO": [0.04, 0.045]}


def figures(model, test):
    X, y, A = test
    predicted = model.predict(X)
    report = fairness_report(y, predicted, sensitive_features=A)
    return {
        "accuracy": accuracy_score(y, predicted),
        "DP": report.demographic_parity_difference,
        "EO": report.equalized_odds_difference,
    }


def params_of(args, seed):
    return {
        "criterion": args.criterion,
        "estimator": boosted_trees(seed) if args.boosted else None,
        "n_members": args.members or "auto",
        "random_state": seed,
    }


def one_path(args, seed):
    (X, y, A), test = TASKS[args.data].load(seed, args.compas)
    params = params_of(args, seed)
    path = lambda_path(
        X, y, sensitive_features=A, lambdas=None if args.auto else LAMBDAS, **params
    )
    return [
        {"model": "path", "seed": seed, "point": i, "lambda": lambda_mi}
        | figures(path.at(lambda_mi), test)
        for i, lambda_mi in enumerate(path.lambdas)
    ]


def one_single(args, seed, i):
    (X, y, A), test = TASKS[args.data].load(seed, args.compas)
    params = params_of(args, seed)
    model = MIDebiasedClassifier(LAMBDAS[i], **params).fit(X, y, sensitive_features=A)
    single = {"model": "single", "seed": seed, "point": i, "lambda": LAMBDAS[i]}
    return [single | figures(model, test)]


def summary(table, gap):
    """Best mean accuracy within each limit to the mean gap, and how monotone."""
    means = table.groupby("point")[["accuracy", gap]].mean()
    for limit in LIMITS[gap]:
        within = means["accuracy"][means[gap] <= limit]
        print(f"  accuracy at {gap} difference <= {limit}: {within.max():.4f}")
    for seed, part in table.groupby("seed"):
        rank = spearmanr(part["lambda"], part[gap]).statistic
        print(f"  seed {seed}: Spearman correlation of lambda with the gap {rank:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=TASKS, default="adult-sex")
    parser.add_argument("--compas", metavar="FILE")
    parser.add_argument("--criterion", choices=GAP_OF, default="demographic_parity")
    parser.add_argument(
        "--auto", action="store_true", help="let the path find its grid"
    )
    parser.add_argument(
        "--single", action="store_true", help="a fit for each lambda too"
    )
    parser.add_argument("--boosted", action="store_true", help="with an estimator")
    parser.add_argument("--members", type=int, metavar="N", help="by default 4")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--csv", help="where to write one row for each point and seed")
    args = parser.parse_args()
    if args.data == "compas-race" and not args.compas:
        parser.error("--data compas-race needs --compas FILE")
    fits = [delayed(one_path)(args, seed) for seed in args.seeds]
    if args.single:
        points = np.ndindex(len(args.seeds), len(LAMBDAS))
        fits += [delayed(one_single)(args, args.seeds[s], i) for s, i in points]
    results = Parallel(n_jobs=args.jobs)(fits)
    table = pd.DataFrame([row for rows in results for row in rows])
    if args.csv:
        table.to_csv(args.csv, index=False)
    print(f"{args.data}, {args.criterion}, test rows, mean ± sd of {args.seeds}")
    groups = table.drop(columns="seed").groupby(["model", "point"])
    print(groups.agg(lambda x: f"{x.mean():.4f} ± {x.std(ddof=1):.4f}").to_string())
    for model, part in table.groupby("model"):
        print(model)
        summary(part, GAP_OF[args.criterion])


if __name__ == "__main__":
    main()
