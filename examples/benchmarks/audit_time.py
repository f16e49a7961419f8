"""Time and memory of a whole audit of Adult's test rows, attackers and all.

The model is `MIDebiasedClassifier` at its defaults and lambda_mi=2, trained on Adult's
training rows. Memory is the peak resident size of the process, training included,
above its size when the audit began, an upper limit to what the audit takes (Linux).

    python examples/benchmarks/audit_time.py
"""

import argparse
import resource
import time
from pathlib import Path

from fairrep import MIDebiasedClassifier, audit
from fairrep.datasets import load_adult


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def current_mib():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-bootstrap", type=int, default=200)
    args = parser.parse_args()
    X, y, A = load_adult(subset="train", return_X_y_s=True)
    model = MIDebiasedClassifier(2.0, random_state=0).fit(X, y, sensitive_features=A)
    X, y, A = load_adult(subset="test", return_X_y_s=True)
    before, start = current_mib(), time.perf_counter()
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
    above = peak_mib() - before
    print(f"\n{len(X)} rows: {took:.0f} s, at most {above:.0f} MiB above the start")


if __name__ == "__main__":
    main()
