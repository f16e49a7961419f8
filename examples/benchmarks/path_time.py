"""Time of a whole path, against one fit and against fairlearn's adversarial training.

Adult's training rows, sex as S. Each round runs all in turn, one thread each, and the
ratios are taken within a round, as machines are noisy. fairlearn's classifier gets the
layers of one member, the same number of epochs as the path and batches of 512, and is
fitted for ten values of alpha; its input is encoded beforehand, fairrep's is not.

    python examples/benchmarks/path_time.py --repeats 3
"""

import argparse
import warnings
from inspect import signature

import numpy as np
import torch
from _timing import print_times, seconds, usual_encoder
from fairlearn.adversarial import AdversarialFairnessClassifier
from threadpoolctl import threadpool_limits

from fairrep import MIDebiasedClassifier, lambda_path
from fairrep.datasets import load_adult

LAMBDAS = [0, 0.3, 1, 2, 3, 5, 10, 20]
ALPHAS = np.geomspace(0.1, 50, 10)


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
    x = usual_encoder().fit_transform(X).astype(np.float32)
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
    print(f"Adult, {len(X)} rows, {args.device}, {args.repeats} rounds")
    print_times(times, base="one fit, lambda_mi=2")


if __name__ == "__main__":
    main()
