"""Bias of the estimates of mutual information, and how often intervals hold the truth.

Rows are drawn from distributions whose mutual information is known, most of Czyż et al.
(2023), by a seed of their own, and each method is asked with its defaults. For "hgr"
the truth is the maximal correlation, where it is known. "bias" is the mean of estimate
less truth, "sd" its spread over the seeds, "holds" the share of 95 % intervals with
the truth inside, which for a lower bound is not what they are made for. Critics leave
out maps of single columns, of which every method reads the same.

Results are added to a file, and what is there is not run again; the tables are made
from it, into the page too.

    python examples/benchmarks/mutual_info.py --seeds 40
    python examples/benchmarks/mutual_info.py --methods infonce mine --rows 500
    python examples/benchmarks/mutual_info.py --summary --page docs/guide/mutual_info.md
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from fairrep.mutual_info import _ground_truth as truth
from fairrep.mutual_info import estimate

RESULTS = Path(__file__).parent / "results" / "mutual_info.csv.xz"
START, END = "<!-- tables -->\n", "<!-- end of tables -->"
NORMAL, GROUPS = truth.bivariate_normal(0.8), truth.shifted_groups(1.5)
TABLE = [[0.2, 0.1], [0.05, 0.3], [0.15, 0.2]]
# By title: a distribution of two variables of numbers.
NUMBERS = {
    "independent": truth.bivariate_normal(0.0),
    "bivariate normal": NORMAL,
    "Student-t, 2 degrees": truth.student_t(0.5, 2.0),
    "uniform plus noise": truth.uniform_plus_noise(0.3),
    "half-cube": truth.half_cube(0.8),
    "bimodal": truth.bimodal(0.8),
    "swiss roll": truth.swiss_roll(0.8),
    "normal, in 4 columns": truth.embedded(NORMAL, 4),
    "normal, in 16 columns": truth.embedded(NORMAL, 16),
    "nearly a line": truth.bivariate_normal(0.9999),
}
# Of numbers and groups.
MIXED = {
    "independent groups": truth.shifted_groups(0.0),
    "groups apart": GROUPS,
    "a group of 10 %": truth.shifted_groups(1.5, 0.1),
    "groups, in 4 columns": truth.embedded(GROUPS, 4),
    "groups, in 16 columns": truth.embedded(GROUPS, 16),
}
DISCRETE = {
    "independent table": truth.table(np.outer([0.2, 0.5, 0.3], [0.4, 0.6])),
    "table of 3 x 2": truth.table(np.array(TABLE)),
    "table of 12 x 5": truth.table(np.random.RandomState(0).gamma(0.5, size=(12, 5))),
}
DISTRIBUTIONS = NUMBERS | MIXED | DISCRETE
OF_CRITICS = {
    title: DISTRIBUTIONS[title]
    for title in [
        "independent",
        "bivariate normal",
        "Student-t, 2 degrees",
        "uniform plus noise",
        "swiss roll",
        "normal, in 16 columns",
        "nearly a line",
        "groups apart",
        "groups, in 16 columns",
    ]
}
METHODS = {
    "neighbours": NUMBERS | MIXED,
    "hgr": {k: v for k, v in NUMBERS.items() if not np.isnan(v.correlation)},
    "counts": DISCRETE,
    "enumerated": MIXED | DISCRETE,
    "infonce": OF_CRITICS,
    "mine": OF_CRITICS,
}


def asked(method, title, n_rows, seed):
    """A row of the results."""
    distribution = DISTRIBUTIONS[title]
    X, s = distribution.sample(n_rows, seed)
    told = estimate(X, s, method=method, random_state=seed)
    target = distribution.correlation if method == "hgr" else distribution.nats
    return {
        "method": method,
        "distribution": title,
        "n": n_rows,
        "seed": seed,
        "truth": target,
        "value": told.value,
        "low": told.low,
        "high": told.high,
    }


def summary(results):
    """Bias, spread and coverage of each method, by distribution and rows."""
    rounding = 1e-12
    rounding = 1e-6  # of the results in the file
    results = results.assign(
        error=results["value"] - results["truth"],
        holds=results["truth"].between(
            results["low"] - rounding, results["high"] + rounding
        ),
    )
    return results.groupby(["method", "distribution", "n"]).agg(
        truth=("truth", "first"),
        bias=("error", "mean"),
        sd=("error", "std"),
        holds=("holds", "mean"),
        seeds=("seed", "nunique"),
    )


def markdown(results):
    """One table a method, a line a distribution, and columns by rows."""
    table, lines = summary(results), []
    for method in METHODS:
        if method not in table.index:
            continue
        part = table.loc[method]
        sizes = sorted({n for _, n in part.index})
        heads = [f"bias, {n:,} rows | holds" for n in sizes]
        lines += [
            f"`{method}`, {part['seeds'].min()} seeds:\n",
            f"| distribution | truth | {' | '.join(heads)} |",
            "|---|---|" + "---|---|" * len(sizes),
        ]
        seen = part.index.get_level_values(0)
        for title in [title for title in DISTRIBUTIONS if title in seen]:
            cells = [title, f"{part.loc[title, 'truth'].iloc[0]:.3f}"]
            for n in sizes:
                cells += _cells(part, title, n)
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _cells(part, title, n_rows):
    if (title, n_rows) not in part.index:
        return ["", ""]
    row = part.loc[(title, n_rows)]
    return [f"{row['bias']:+.3f} ± {row['sd']:.3f}", f"{row['holds']:.0%}"]


def filled(page, results):
    """The page with the tables between its marks."""
    before, rest = page.split(START)
    return f"{before}{START}\n{markdown(results)}\n{END}{rest.split(END)[1]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=[*METHODS])
    parser.add_argument("--rows", nargs="+", type=int, default=[500, 2000])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--distributions", nargs="+", choices=DISTRIBUTIONS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--summary", action="store_true", help="run nothing")
    parser.add_argument("--page", type=Path, help="to write the tables into")
    args = parser.parse_args()
    torch.set_num_threads(1)
    threadpool_limits(1)
    done = set()
    if args.output.exists():
        known = pd.read_csv(args.output)
        key = ["method", "distribution", "n", "seed"]
        done = {*known[key].itertuples(index=False, name=None)}
    for method in [] if args.summary else args.methods:
        for n_rows in args.rows:
            for title in METHODS[method]:
                if args.distributions and title not in args.distributions:
                    continue
                seeds = range(args.seeds)
                rows = [
                    asked(method, title, n_rows, seed)
                    for seed in seeds
                    if (method, title, n_rows, seed) not in done
                ]
                pd.DataFrame(rows).to_csv(
                    args.output,
                    mode="a",
                    header=not args.output.exists(),
                    index=False,
                    float_format="%.6g",
                )
    results = pd.read_csv(args.output)
    print(markdown(results))
    if args.page:
        args.page.write_text(filled(args.page.read_text("utf-8"), results), "utf-8")


if __name__ == "__main__":
    main()
