"""fairrep and its peers: accuracy against the gap, on the same rows, seeds and metrics.

The data sets are those of tasks.py, the methods and their grids those of methods.py.
Each method is fitted on the training rows for every point of its grid, one thread, and
measured on the test rows: all of them, and two random halves of them, so that a point
can be chosen on one half and read on the other. Finished runs are kept in the output
folder, one file for a data set, and skipped the next time; a run that fails, such as a
peer that isn't installed, is kept as "not run" with the reason, and tried again.

    python examples/benchmarks/tradeoff.py --data adult-sex german-sex
    python examples/benchmarks/tradeoff.py --data compas-race --compas FILE
    python examples/benchmarks/tradeoff.py --methods fairrep fairret --seeds 0 1 2
    python examples/benchmarks/tradeoff.py --summary --page docs/benchmarks.md

COMPAS is not bundled: FILE is ProPublica's compas-scores-two-years.csv. --summary fits
nothing: it prints the tables of what the folder holds and, with --page, writes them and
their pictures into that page. The peers:

    pip install fairret
    pip install --no-deps fairgbm aif360 oxonfair
"""

import argparse
import os
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from encoding import encoded
from methods import METHODS
from sklearn.metrics import balanced_accuracy_score
from tables import print_summary, write_page
from tasks import TASKS
from threadpoolctl import threadpool_limits

import fairrep

RESULTS = Path(__file__).parent / "results" / "tradeoff"
RUN = ["seed", "method", "criterion"]


def gap(predicted, groups, rows):
    """Largest minus smallest rate of label 1 among the groups of these rows."""
    counts, hits = (
        np.bincount(groups[rows], weights) for weights in (None, predicted[rows])
    )
    rates = hits[counts > 0] / counts[counts > 0]
    return rates.max() - rates.min()


def figures(y, predicted, groups, rows, suffix=""):
    """Of these rows; the differences are those of fairlearn's metrics."""
    return {
        f"accuracy{suffix}": np.mean(y[rows] == predicted[rows]),
        f"DP{suffix}": gap(predicted, groups, rows),
        f"EO{suffix}": max(gap(predicted, groups, rows & (y == i)) for i in (0, 1)),
    }


def measured(test, predicted, seed):
    """Figures of the test rows, and of two random halves of them."""
    half = np.random.default_rng(seed).permutation(len(test.y)) % 2
    row = {"balanced_accuracy": balanced_accuracy_score(test.y, predicted)}
    for suffix, rows in [("", half >= 0), ("_a", half == 0), ("_b", half == 1)]:
        row |= figures(test.y, predicted, test.codes, rows, suffix)
    return {name: round(float(value), 4) for name, value in row.items()}


def one_run(method, train, test, seed, criterion):
    """A row for each point; seconds are of its fit and its prediction.

    What the points of a grid share is in the seconds of the first.
    """
    own = method.package == "fairrep"
    used = f"{method.package} {fairrep.__version__ if own else version(method.package)}"
    if method.two_groups and len(np.unique(train.s)) > 2:
        raise ValueError("for two groups alone")
    rows = []
    start = time.perf_counter()
    for config, predicted in method.grid(train, test, seed, criterion):
        seconds = round(time.perf_counter() - start, 3)
        row = {"config": config, **measured(test, np.asarray(predicted), seed)}
        rows.append({**row, "seconds": seconds, "version": used})
        start = time.perf_counter()
    return rows


def run_task(name, methods, seeds, compas, file, again):
    """Run what the file doesn't hold yet, or all again; it is whole after each run."""
    done = pd.read_csv(file) if file.exists() else pd.DataFrame(columns=[*RUN, "error"])
    finished = set(done.loc[done["error"].isna(), RUN].itertuples(index=False))
    todo = [
        (seed, method, criterion)
        for seed in seeds
        for method in methods
        for criterion in METHODS[method].criteria
        if again or (seed, method, criterion) not in finished
    ]
    loaded = None
    for seed, method, criterion in todo:
        if loaded != seed:
            train, test = encoded(*TASKS[name].load(seed, compas))
            loaded = seed
        start = time.perf_counter()
        try:
            rows = one_run(METHODS[method], train, test, seed, criterion)
        # Whatever stops a method, the others are still to be run; it is written down.
        except Exception as error:
            rows = [{"error": f"{type(error).__name__}: {str(error)[:160]}"}]
        run = {"seed": seed, "method": method, "criterion": criterion}
        new = pd.DataFrame([run | rest for rest in rows])
        print(
            f"{name}, seed {seed}, {method}, {criterion}: "
            f"{rows[0].get('error', f'{len(rows)} points')}, "
            f"{time.perf_counter() - start:.1f} s",
            flush=True,
        )
        earlier = done[RUN].eq(pd.Series(run)).all(axis=1)
        done = pd.concat([done[~earlier], new], ignore_index=True)
        save(done, file)


def save(table, file):
    file.parent.mkdir(parents=True, exist_ok=True)
    # It keeps the extension, from which pandas takes the compression.
    unfinished = file.with_name(f"unfinished-{file.name}")
    table.to_csv(unfinished, index=False)
    os.replace(unfinished, file)


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", choices=TASKS, default=["adult-sex"])
    parser.add_argument("--compas", metavar="FILE")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=[*METHODS])
    parser.add_argument(
        "--seeds", nargs="+", type=int, help="by default as many as the task asks for"
    )
    parser.add_argument(
        "--again", action="store_true", help="run also what is finished"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument("--summary", action="store_true")
    parser.add_argument("--page", type=Path, help="with --summary: to be written into")
    args = parser.parse_args(argv)
    files = {name: args.output / f"{name}.csv.xz" for name in TASKS}
    if args.summary:
        results = {n: pd.read_csv(f) for n, f in files.items() if f.exists()}
        return write_page(results, args.page) if args.page else print_summary(results)
    if "compas-race" in args.data and not args.compas:
        parser.error("--data compas-race needs --compas FILE")
    torch.set_num_threads(1)
    with threadpool_limits(1), warnings.catch_warnings():
        # Of peers that lag behind pandas, and of models that predict one class: the
        # figures show those.
        warnings.simplefilter("ignore")
        for name in args.data:
            seeds = args.seeds or range(TASKS[name].seeds)
            run_task(name, args.methods, seeds, args.compas, files[name], args.again)


if __name__ == "__main__":
    main()
