"""Time and memory of a whole audit of Adult's test rows, attackers and all.

With ``--rows`` the test rows are repeated up to so many; with ``--no-leakage`` there
are no attackers.

The model is `MIDebiasedClassifier` at its defaults and lambda_mi=2, trained on Adult's
training rows. Memory is the peak resident size of the process, training included,
above its size when the audit began, an upper limit to what the audit takes (Linux).

    python examples/benchmarks/audit_time.py
    python examples/benchmarks/audit_time.py --rows 1000000 --no-leakage
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np

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
    parser.add_argument("--rows", type=int, help="repeat the test rows up to so many")
    parser.add_argument("--no-leakage", action="store_true")
    args = parser.parse_args()
    X, y, A = load_adult(subset="train", return_X_y_s=True)
    model = MIDebiasedClassifier(2.0, random_state=0).fit(X, y, sensitive_features=A)
    X, y, A = load_adult(subset="test", return_X_y_s=True)
    if args.rows is not None:
        rows = np.resize(np.arange(len(X)), args.rows)
        X, y, A = (part.iloc[rows].reset_index(drop=True) for part in (X, y, A))
    size = X.memory_usage(deep=True).sum() / 2**20
    before, start, cpu = current_mib(), time.perf_counter(), time.process_time()
    report = audit(
        model,
        X,
        y,
        sensitive_features=A,
        n_bootstrap=args.n_bootstrap,
        leakage=not args.no_leakage,
        random_state=0,
        verbose=1,
    )
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(report)
    above = peak_mib() - before
    print(
        f"\n{len(X)} rows of {size:.0f} MiB: {took:.1f} s, {cpu:.1f} CPU s, at most "
        f"{above:.0f} MiB above the start"
    )


if __name__ == "__main__":
    main()
