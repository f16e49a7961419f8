"""Whether one checkout of fairrep is slower than another: fit, path, audit, predict.

    python examples/benchmarks/two_versions.py OLD NEW [--rounds 5]

OLD and NEW are folders that hold the package. Each round runs both, one after the
other, in processes of their own on one thread, on the same rows of Adult; figures are
medians of CPU seconds and of the ratio within a round.
"""

import argparse
import json
import os
import subprocess
import sys
from statistics import median

JOBS = """
import json, time, warnings
import torch
from fairrep import MIDebiasedClassifier, audit, lambda_path
from fairrep.datasets import load_adult

torch.set_num_threads(1)
warnings.simplefilter("ignore")
X, y, S = load_adult(subset="train", return_X_y_s=True)
X_test, y_test, S_test = load_adult(subset="test", return_X_y_s=True)
clf = MIDebiasedClassifier(3.0, max_epochs=8, random_state=0)


def path():
    path = lambda_path(
        X[:8000], y[:8000], sensitive_features=S[:8000], lambdas=[0, 1, 3, 10],
        max_epochs=6, random_state=0,
    )
    path.figures()


jobs = {
    "fit": lambda: clf.fit(X[:16000], y[:16000], sensitive_features=S[:16000]),
    "path": path,
    "audit": lambda: audit(
        clf, X_test[:2500], y_test[:2500], sensitive_features=S_test[:2500],
        random_state=0,
    ),
    "predict": lambda: [clf.predict(X_test) for _ in range(3)],
}
seconds = {}
for name, job in jobs.items():
    start = time.process_time()
    job()
    seconds[name] = time.process_time() - start
print(json.dumps(seconds))
"""


def measure(folder: str) -> dict[str, float]:
    """CPU seconds of each job with the package of that folder."""
    environment = {**os.environ, "PYTHONPATH": folder, "OMP_NUM_THREADS": "1"}
    printed = subprocess.run(
        [sys.executable, "-c", JOBS],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return json.loads(printed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds = []
    for i in range(options.rounds):
        # Whichever comes first finds a colder machine.
        pair = [options.old, options.new] if i % 2 else [options.new, options.old]
        seconds = {folder: measure(folder) for folder in pair}
        rounds.append((seconds[options.old], seconds[options.new]))
    print(f"{'':8} {'old':>7} {'new':>7} {'new / old, of a round':>24}")
    for job in rounds[0][0]:
        old, new = ([part[i][job] for part in rounds] for i in (0, 1))
        ratios = sorted(b / a for a, b in zip(old, new, strict=True))
        spread = f"{median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
        print(f"{job:8} {median(old):>6.2f}s {median(new):>6.2f}s {spread:>24}")


if __name__ == "__main__":
    main()
