"""What the critic's steps cost and bring: accuracy, gap and time of a path.

Adult, sex as S, a split of 75 to 25 of the training rows. "steps x batches" is
`critic_steps` times, each on the rows of the `critic_batches` latest batches, which
were encoded already.

    python examples/benchmarks/critic_steps.py
"""

import argparse
import time

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

from fairrep import lambda_path
from fairrep.datasets import load_adult
from fairrep.metrics import fairness_report

LAMBDAS = [0, 0.3, 1, 2, 3, 5, 10, 20]
SETTINGS = [(1, 1), (1, 3), (3, 1), (3, 3)]
GAPS = [0.02, 0.05, 0.10]


def one_path(steps, batches, seed):
    X, y, A = load_adult(subset="train", return_X_y_s=True)
    X, X_test, y, y_test, A, A_test = train_test_split(
        X, y, A, test_size=0.25, random_state=0, stratify=y
    )
    start = time.perf_counter()
    path = lambda_path(
        X,
        y,
        sensitive_features=A,
        lambdas=LAMBDAS,
        critic_steps=steps,
        critic_batches=batches,
        random_state=seed,
    )
    took = time.perf_counter() - start
    points = []
    for lambda_mi in LAMBDAS:
        predicted = path.predict(X_test, lambda_mi)
        report = fairness_report(y_test, predicted, sensitive_features=A_test)
        points.append(
            (report.demographic_parity_difference, accuracy_score(y_test, predicted))
        )
    gaps, scores = np.array(sorted(points)).T
    at = {f"accuracy at gap {gap}": np.interp(gap, gaps, scores) for gap in GAPS}
    return {"steps x batches": f"{steps} x {batches}", "seconds": took, **at}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    args = parser.parse_args()
    # Seed by seed, so that a busy spell of the machine meets all settings.
    rows = [one_path(*setting, seed) for seed in args.seeds for setting in SETTINGS]
    groups = pd.DataFrame(rows).groupby("steps x batches", sort=False)
    print(f"Adult, validation split, mean ± sd of {len(args.seeds)} seeds")
    print(groups.agg(lambda x: f"{x.mean():.4f} ± {x.std(ddof=1):.4f}").to_string())


if __name__ == "__main__":
    main()
