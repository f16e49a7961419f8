"""Memory and time of a fit by the number of rows, on numbers and categories drawn anew.

Half of the columns are numbers, half are categories of ten values. Memory is the peak
resident size of a process of its own above its size with the data read (Linux). Epochs
are few, as neither memory nor the time of an epoch depends on their number.

    python examples/benchmarks/memory.py --rows 100000 1000000
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from fairrep import MIDebiasedClassifier


def drawn(n_rows, n_columns):
    """X, y and S, of which y and two columns depend on S."""
    rng = np.random.default_rng(0)
    s = rng.integers(2, size=n_rows).astype(np.int8)
    columns = {}
    for i in range(n_columns // 2):
        columns[f"number{i}"] = rng.normal(size=n_rows)
    for i in range(n_columns - n_columns // 2):
        codes = rng.integers(10, size=n_rows, dtype=np.int8)
        columns[f"kind{i}"] = pd.Categorical.from_codes(codes, list("abcdefghij"))
    columns["number0"] += s
    X = pd.DataFrame(columns)
    y = (X["number0"] + 2 * X["number1"] + rng.normal(size=n_rows) > 0.5).astype(
        np.int8
    )
    return X, y, pd.Series(s, name="group")


def current_mib():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def measure(n_rows, n_columns, lambda_mi, epochs):
    torch.set_num_threads(1)
    threadpool_limits(1)
    # A first fit loads what any fit does.
    X, y, S = drawn(2000, n_columns)
    model = MIDebiasedClassifier(lambda_mi, max_epochs=1, random_state=0)
    model.fit(X, y, sensitive_features=S)
    X, y, S = drawn(n_rows, n_columns)
    data = X.memory_usage(deep=True).sum() / 2**20
    before = current_mib()
    start = time.process_time()
    model.set_params(max_epochs=epochs).fit(X, y, sensitive_features=S)
    took = time.process_time() - start
    above = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    per_row = 1e6 * took / n_rows / epochs
    print(
        f"{n_rows:>10,d} x {n_columns:<4d} lambda {lambda_mi:g}: data {data:6.0f} MiB, "
        f"fit {above:6.0f} MiB above, {took:7.1f} CPU s of {epochs} epochs, "
        f"{per_row:6.1f} us a row and epoch",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--columns", type=int, nargs="+", default=[20])
    parser.add_argument("--lambdas", type=float, nargs="+", default=[0.0, 3.0])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--one", action="store_true", help="in this process")
    args = parser.parse_args()
    for n_rows in args.rows:
        for n_columns in args.columns:
            for lambda_mi in args.lambdas:
                if args.one:
                    measure(n_rows, n_columns, lambda_mi, args.epochs)
                    continue
                given = ["--rows", n_rows, "--columns", n_columns, "--lambdas"]
                given += [lambda_mi, "--epochs", args.epochs, "--one"]
                command = [sys.executable, __file__, *map(str, given)]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
