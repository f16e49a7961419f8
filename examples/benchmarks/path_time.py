"""Time of a whole path, against one fit and against fairlearn's adversarial training.

Adult's training rows, sex as S. Each round runs the three in turn, one thread each, and
the ratios are taken within a round, as machines are noisy. fairlearn's classifier gets
the same layers, the same number of epochs as the path and batches of 512, and is fitted
for ten values of alpha; its input is encoded beforehand, fairrep's is not.

    python examples/benchmarks/path_time.py --repeats 3
"""

import argparse
import time
import warnings
from inspect import signature

import numpy as np
import torch
from fairlearn.adversarial import AdversarialFairnessClassifier
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from fairrep import MIDebiasedClassifier, lambda_path
from fairrep.datasets import load_adult

LAMBDAS = [0, 0.3, 1, 2, 3, 5, 10, 20]
ALPHAS = np.geomspace(0.1, 50, 10)


def seconds(fit):
    start = time.perf_counter()
    fit()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu", help="of fairrep")
    parser.add_argument("--without-fairlearn", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    warnings.simplefilter("ignore")
    X, y, A = load_adult(subset="train", return_X_y_s=True)
    encoder = make_column_transformer(
        (
            make_pipeline(SimpleImputer(), StandardScaler()),
            make_column_selector(dtype_include="number"),
        ),
        (
            OneHotEncoder(sparse_output=False),
            make_column_selector(dtype_exclude="number"),
        ),
        sparse_threshold=0,
    )
    x = encoder.fit_transform(X).astype(np.float32)
    single = MIDebiasedClassifier(2.0, device=args.device, random_state=0)
    params = {"device": args.device, "random_state": 0}
    epochs = signature(lambda_path).parameters["max_epochs"].default

    def adversarial():
        for alpha in ALPHAS:
            AdversarialFairnessClassifier(
                backend="torch",
                predictor_model=[*single.hidden_layer_sizes, single.n_components],
                adversary_model=[*single.critic_hidden_layer_sizes],
                alpha=alpha,
                epochs=epochs,
                batch_size=512,
                learning_rate=single.learning_rate,
                shuffle=True,
                random_state=0,
            ).fit(x, y, sensitive_features=A)

    runs = {
        "one fit, lambda_mi=2": lambda: single.fit(X, y, sensitive_features=A),
        "path, lambdas given": lambda: lambda_path(
            X, y, sensitive_features=A, lambdas=LAMBDAS, max_epochs=epochs, **params
        ),
        "path, range found": lambda: lambda_path(
            X, y, sensitive_features=A, max_epochs=epochs, **params
        ),
        "fairlearn, ten alphas": adversarial,
    }
    if args.without_fairlearn:
        del runs["fairlearn, ten alphas"]
    times = {name: [] for name in runs}
    for _ in range(args.repeats):
        for name, run in runs.items():
            times[name].append(seconds(run))
    base = np.array(times["one fit, lambda_mi=2"])
    print(f"Adult, {len(X)} rows, {args.device}, {args.repeats} rounds")
    print(f"{'':24s}{'seconds':>9s}   ratio to one fit (min, median, max)")
    for name, values in times.items():
        ratio = np.array(values) / base
        print(
            f"{name:24s}{np.median(values):9.1f}   "
            f"{ratio.min():.2f}  {np.median(ratio):.2f}  {ratio.max():.2f}"
        )


if __name__ == "__main__":
    main()
