"""How long a prediction takes beside scikit-learn's MLPClassifier and boosted trees.

Adult's training rows, repeated to 100,000, and one of them, as frames: what a service
is asked. All have the usual encoder before them but fairrep, which encodes by itself.
They take turns in one process, on one thread; CPU seconds.

    python examples/benchmarks/predict_time.py
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
import torch
from _timing import usual_encoder
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from fairrep import MIDebiasedClassifier
from fairrep.datasets import load_adult


def cpu_seconds(run):
    start = time.process_time()
    run()
    return time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    warnings.simplefilter("ignore")
    X, y, A = load_adult(subset="train", return_X_y_s=True)
    fairrep = MIDebiasedClassifier(2.0, max_epochs=3, random_state=0)
    layers = (*fairrep.hidden_layer_sizes, fairrep.n_components)
    network = MLPClassifier(layers, max_iter=3, random_state=0)
    models = {
        "fairrep": fairrep.fit(X, y, sensitive_features=A),
        "MLPClassifier": make_pipeline(usual_encoder(), network).fit(X, y),
        "boosted trees": make_pipeline(
            usual_encoder(), HistGradientBoostingClassifier(random_state=0)
        ).fit(X, y),
    }
    rows = pd.concat([X] * 4, ignore_index=True)[:100_000]
    print(f"{'':14s}{'100,000 rows':>14s}{'ratio':>7s}{'one row':>11s}")
    times = {name: [] for name in models}
    of_one = {name: [] for name in models}
    for _ in range(args.repeats):
        for name, model in models.items():
            times[name].append(cpu_seconds(lambda model=model: model.predict(rows)))
            took = cpu_seconds(
                lambda model=model: [model.predict(X.iloc[[i]]) for i in range(30)]
            )
            of_one[name].append(took / 30)
    for name in models:
        ratio = np.median(np.divide(times[name], times["MLPClassifier"]))
        print(
            f"{name:14s}{np.median(times[name]):>12.2f} s{ratio:>7.2f}"
            f"{1e3 * np.median(of_one[name]):>8.1f} ms"
        )


if __name__ == "__main__":
    main()
