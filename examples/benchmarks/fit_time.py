"""How long a fit takes beside scikit-learn's MLPClassifier, on Adult.

Both train the same layers for the same epochs and batch size on the official training
rows. The two take turns in one process, so that the ratio holds on a noisy machine.

    python examples/benchmarks/fit_time.py
"""

import argparse
import time
import warnings

import numpy as np
import torch
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from fairrep import MIDebiasedClassifier
from fairrep.datasets import load_adult


def mlp_pipeline(hidden_layer_sizes, max_epochs, batch_size, seed, dtype):
    """The usual way to a multi-layer perceptron from a frame."""
    encoder = make_column_transformer(
        (
            make_pipeline(SimpleImputer(), StandardScaler()),
            make_column_selector(dtype_include="number"),
        ),
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=dtype),
            make_column_selector(dtype_exclude="number"),
        ),
        sparse_threshold=0,
    )
    network = MLPClassifier(
        hidden_layer_sizes,
        batch_size=batch_size,
        max_iter=max_epochs,
        n_iter_no_change=max_epochs,
        random_state=seed,
    )
    return make_pipeline(encoder, network)


def seconds(fit):
    start = time.perf_counter()
    fit()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    threadpool_limits(args.threads)
    X, y, A = load_adult(subset="train", return_X_y_s=True)

    defaults = MIDebiasedClassifier()
    layers = (*defaults.hidden_layer_sizes, defaults.n_components)
    epochs, batch_size = defaults.max_epochs, 512

    def debiased(lambda_mi, sensitive_features):
        model = MIDebiasedClassifier(lambda_mi, random_state=0)
        return lambda: model.fit(X, y, sensitive_features=sensitive_features)

    pipeline = mlp_pipeline(layers, epochs, batch_size, 0, np.float64)
    fits = {
        "MLPClassifier": lambda: pipeline.fit(X, y),
        "fairrep, lambda_mi=0, without S": debiased(0, None),
        "fairrep, lambda_mi=0, with S": debiased(0, A),
        "fairrep, lambda_mi=2": debiased(2, A),
    }
    warnings.simplefilter("ignore", ConvergenceWarning)
    times = {name: [] for name in fits}
    for repeat in range(args.repeats + 1):
        for name, fit in fits.items():
            took = seconds(fit)
            if repeat:  # the first round warms up
                times[name].append(took)

    base = np.array(times["MLPClassifier"])
    print(f"Adult, {len(X)} rows, layers {layers}, {epochs} epochs, batches of")
    print(f"{batch_size}, {args.threads} thread(s) each, {args.repeats} rounds")
    print(f"{'':34s}{'seconds':>9s}   ratio to MLPClassifier (min, median, max)")
    for name, values in times.items():
        ratio = np.array(values) / base
        print(
            f"{name:34s}{np.median(values):9.2f}   "
            f"{ratio.min():.2f}  {np.median(ratio):.2f}  {ratio.max():.2f}"
        )


if __name__ == "__main__":
    main()
