"""How long a fit takes beside scikit-learn's MLPClassifier, on Adult.

MLPClassifier gets the layers of one member, and the same epochs and batch size, on the
official training rows. The two take turns in one process, so that the ratio holds on a
noisy machine.

    python examples/benchmarks/fit_time.py
"""

import argparse
import warnings

import torch
from _timing import print_times, seconds, usual_encoder
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from fairrep import MIDebiasedClassifier
from fairrep.datasets import load_adult


def mlp_pipeline(hidden_layer_sizes, max_epochs, batch_size, seed):
    """The usual way to a multi-layer perceptron from a frame."""
    network = MLPClassifier(
        hidden_layer_sizes,
        batch_size=batch_size,
        max_iter=max_epochs,
        n_iter_no_change=max_epochs,
        random_state=seed,
    )
    return make_pipeline(usual_encoder(), network)


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

    def debiased(lambda_mi, sensitive_features, **params):
        model = MIDebiasedClassifier(lambda_mi, random_state=0, **params)
        return lambda: model.fit(X, y, sensitive_features=sensitive_features)

    # What MLPClassifier trains, too: one network, of the columns themselves.
    alike = {"n_members": 1, "numeric_embedding": None}

    pipeline = mlp_pipeline(layers, epochs, batch_size, 0)
    fits = {
        "MLPClassifier": lambda: pipeline.fit(X, y),
        "fairrep, lambda_mi=0, without S": debiased(0, None),
        "fairrep, lambda_mi=0, with S": debiased(0, A),
        "fairrep, lambda_mi=2": debiased(2, A),
        "one member, lambda_mi=0, without S": debiased(0, None, n_members=1),
        "and no numeric embedding": debiased(0, None, **alike),
        "the same, lambda_mi=2": debiased(2, A, **alike),
    }
    warnings.simplefilter("ignore", ConvergenceWarning)
    times = {name: [] for name in fits}
    for repeat in range(args.repeats + 1):
        for name, fit in fits.items():
            took = seconds(fit)
            if repeat:  # the first round warms up
                times[name].append(took)

    print(f"Adult, {len(X)} rows, layers {layers}, {epochs} epochs, batches of")
    print(f"{batch_size}, {args.threads} thread(s) each, {args.repeats} rounds")
    print_times(times, base="MLPClassifier")


if __name__ == "__main__":
    main()
