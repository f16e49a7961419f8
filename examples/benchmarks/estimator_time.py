"""What a fit with an estimator costs: its cross-fitting, and how much more, on Adult.

The three take turns in one process, so that the ratio holds on a noisy machine.

    python examples/benchmarks/estimator_time.py
"""

import argparse
import warnings

import numpy as np
import torch
from _timing import print_times, seconds
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_predict
from threadpoolctl import threadpool_limits

from fairrep import MIDebiasedClassifier
from fairrep.datasets import load_adult


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    threadpool_limits(args.threads)
    warnings.simplefilter("ignore")
    X, y, A = load_adult(subset="train", return_X_y_s=True)
    trees = HistGradientBoostingClassifier(random_state=0)

    def cross_fit():
        cross_val_predict(trees, X, y, cv=5, method="predict_proba")
        trees.fit(X, y)

    def fit(estimator):
        model = MIDebiasedClassifier(2.0, estimator=estimator, random_state=0)
        return lambda: model.fit(X, y, sensitive_features=A)

    fits = {
        "cross-fitting alone": cross_fit,
        "fit without": fit(None),
        "fit with": fit(trees),
    }
    times = {name: [] for name in fits}
    for repeat in range(args.repeats + 1):
        for name, run in fits.items():
            took = seconds(run)
            if repeat:  # the first round warms up
                times[name].append(took)

    print(f"Adult, {len(X)} rows, lambda_mi=2, {args.threads} thread(s), ", end="")
    print(f"{args.repeats} rounds")
    print_times(times, base="fit without")
    rounds = {name: np.array(took) for name, took in times.items()}
    rest = rounds["fit with"] - rounds["cross-fitting alone"]
    ratio = rest / rounds["fit without"]
    print(
        "(fit with - cross-fitting) / fit without: median "
        f"{np.median(ratio):.2f} ({ratio.min():.2f} to {ratio.max():.2f})"
    )


if __name__ == "__main__":
    main()
