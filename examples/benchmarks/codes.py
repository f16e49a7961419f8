"""Codes with a certificate: accuracy against the certified gap, leakage and time.

Adult, sex as S and not in X. Nothing is chosen on the official test rows: for each
number of codes, the lambda of each limit is the one of the best accuracy within it on
quarters of the training rows, after paths trained on the others. Paths of the seeds are
then trained on all training rows, of which 10 % are held out and unused. The
certificates, at 95 % confidence, come from the official test rows; with --calibration
0.3 from 30 % of the training rows, set apart.

    python examples/benchmarks/codes.py --attack
    python examples/benchmarks/codes.py --calibration 0.3
    python examples/benchmarks/codes.py --time 3
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from fairrep import certify, lambda_path
from fairrep._certificates.limits import difference_limit
from fairrep.auditing._measuring.attacks.leakage import measure_leakage
from fairrep.datasets import load_adult
from fairrep.metrics import fairness_report

LAMBDAS = [0, 0.3, 1, 2, 3, 5, 8, 12, 20, 60]
# What is limited, and how far.
LIMITS = {"certified": [0.10, 0.05], "DP": [0.05, 0.02]}


def figures(clf, rows):
    X, y, A = rows
    predicted, codes = clf.predict(X), clf.transform(X).argmax(axis=1)
    if hasattr(clf, "certificate_"):
        certificate = clf.certificate_
    else:
        certificate = certify(codes, A)
    report = fairness_report(y, predicted, sensitive_features=A)
    return {
        "accuracy": accuracy_score(y, predicted),
        "AUC of y": roc_auc_score(y, clf.predict_proba(X)[:, 1]),
        "DP": report.demographic_parity_difference,
        "total variation": certificate.estimates["demographic_parity"],
        "certified": certificate.demographic_parity,
        "certified AUC": certificate.attacker_auc,
        "codes": len(np.unique(codes)),
    }


def path_figures(train, rows, n_codes, seed, **params):
    X, y, A = train
    path = lambda_path(
        X,
        y,
        sensitive_features=A,
        lambdas=LAMBDAS,
        bottleneck="discrete",
        n_codes=n_codes,
        random_state=seed,
        **params,
    )
    table = [
        {"codes asked": n_codes, "seed": seed, "lambda": lambda_mi}
        | figures(path.at(lambda_mi), rows)
        for lambda_mi in LAMBDAS
    ]
    return path, pd.DataFrame(table)


def chosen_lambdas(train, test_sizes, n_codes, seeds):
    """For each limit, the lambda of the best accuracy within it; of training rows.

    Means over the seeds, each with a path and a quarter of the rows of its own. The
    certificate is that of as many rows as will certify.
    """
    X, y, A = train
    cell = y.astype(str) + A.astype(str)
    tables = []
    for seed in seeds:
        parts = train_test_split(
            X, y, A, test_size=0.25, random_state=seed, stratify=cell
        )
        tables.append(path_figures(parts[::2], parts[1::2], n_codes, seed)[1])
    table = pd.concat(tables).groupby("lambda", as_index=False).mean()
    table["certified"] = [
        difference_limit(gap, *test_sizes, alpha=0.05)
        for gap in table["total variation"]
    ]
    best = {}
    for name, limits in LIMITS.items():
        for limit in limits:
            within = table[table[name] <= limit]
            if len(within):
                best[name, limit] = within.loc[within["accuracy"].idxmax(), "lambda"]
    return best


def attacked(path, lambda_mi, rows, seed):
    """AUC of the best of the five attackers on the codes."""
    X, _, A = rows
    view = path.at(lambda_mi).transform(X)
    series = A.reset_index(drop=True)
    found = measure_leakage(
        view, series, name="code", n_bootstrap=20, random_state=seed
    )
    return found.value


def spread(values):
    return f"{values.mean():.4f} ± {values.std(ddof=1):.4f}"


def accuracy_tables(args, train, test):
    for n_codes in args.codes:
        sizes = (
            test[2].value_counts()
            if not args.calibration
            else (args.calibration * train[2].value_counts()).astype(int)
        )
        chosen = chosen_lambdas(train, sizes, n_codes, args.seeds)
        tables = []
        for seed in args.seeds:
            path, table = path_figures(
                train, test, n_codes, seed, calibration_fraction=args.calibration
            )
            for lambda_mi in set(chosen.values()) if args.attack else []:
                found = attacked(path, lambda_mi, test, seed)
                table.loc[table["lambda"] == lambda_mi, "attacker AUC"] = found
            tables.append(table)
        table = pd.concat(tables)
        by_lambda = table.drop(columns=["codes asked", "seed"]).groupby("lambda")
        print(f"\n{n_codes} codes, test rows, mean ± sd of seeds {args.seeds}")
        print(by_lambda.agg(spread).to_string())
        for (name, limit), lambda_mi in chosen.items():
            part = table[table["lambda"] == lambda_mi]
            print(
                f"  {name} <= {limit}: lambda {lambda_mi:g} of training rows; test "
                f"accuracy {spread(part['accuracy'])}, {name} {spread(part[name])}, "
                f"largest {part[name].max():.4f}"
            )
        if args.attack:
            margin = table["certified AUC"] - table["attacker AUC"]
            print(
                f"  certified AUC less the best attacker's, {margin.count()} runs: "
                f"smallest {margin.min():.4f}, mean {margin.mean():.4f}"
            )


def time_table(repeats, train):
    X, y, A = train
    settings = {"discrete": "discrete", "gaussian": "gaussian"}
    for given in (LAMBDAS, None):
        times = {name: [] for name in settings}
        for _ in range(repeats):
            for name, bottleneck in settings.items():
                start = time.perf_counter()
                lambda_path(
                    X,
                    y,
                    sensitive_features=A,
                    lambdas=given,
                    bottleneck=bottleneck,
                    random_state=0,
                )
                times[name].append(time.perf_counter() - start)
        ratio = np.array(times["discrete"]) / np.array(times["gaussian"])
        what = "range found" if given is None else "lambdas given"
        print(
            f"path, {what}, {repeats} rounds: discrete "
            f"{np.median(times['discrete']):.1f} s, gaussian "
            f"{np.median(times['gaussian']):.1f} s, ratio (min, median, max) "
            f"{ratio.min():.2f} {np.median(ratio):.2f} {ratio.max():.2f}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--codes", nargs="+", type=int, default=[4, 16])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--calibration", type=float, default=0.0, metavar="SHARE")
    parser.add_argument(
        "--attack", action="store_true", help="five attackers at these lambdas"
    )
    parser.add_argument("--time", type=int, metavar="ROUNDS", help="only the times")
    args = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    warnings.simplefilter("ignore")
    train = load_adult(subset="train", return_X_y_s=True)
    if args.time:
        time_table(args.time, train)
        return
    accuracy_tables(args, train, load_adult(subset="test", return_X_y_s=True))


if __name__ == "__main__":
    main()
