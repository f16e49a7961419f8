"""Time and memory of a whole audit of Adult's test rows, attackers and all.

The model is `MIDebiasedClassifier` at its defaults and lambda_mi=2, trained on Adult's
training rows. Memory is the peak resident size of the process above what it was when
the audit began.

    python examples/benchmarks/audit_time.py
"""

import argparse
import resource
import time

import torch

from fairrep import MIDebiasedClassifier, audit
from fairrep.datasets import load_adult


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-bootstrap", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    X, y, A = load_adult(subset="train", return_X_y_s=True)
    model = MIDebiasedClassifier(2.0, random_state=0).fit(X, y, sensitive_features=A)
    X, y, A = load_adult(subset="test", return_X_y_s=True)
    before, start = peak_mib(), time.perf_counter()
    report = audit(
        model,
        X,
        y,
        sensitive_features=A,
        n_bootstrap=args.n_bootstrap,
        random_state=0,
        verbose=1,
    )
    took = time.perf_counter() - start
    print(report)
    print(
        f"\n{len(X)} rows: {took:.0f} s, {peak_mib() - before:.0f} MiB above the start"
    )


if __name__ == "__main__":
    main()
