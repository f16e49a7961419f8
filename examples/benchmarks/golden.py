"""What the public API gives, to the bit: whether a refactoring changed any result.

Record once before and once after, on one machine, and compare. The values are those
of small fits, reports, errors and commands of all public parts; durations, versions
and paths are left out. With `--only` the cases whose name begins so, as many as are
named; with `--list` their names alone.

    PYTHONPATH=before python examples/benchmarks/golden.py record before.json
    PYTHONPATH=after python examples/benchmarks/golden.py record after.json
    python examples/benchmarks/golden.py compare before.json after.json

Needs polars and what fairrep[report,skops] installs.
"""

import argparse
import json
import sys
from pathlib import Path

import _golden_models
import _golden_reports
import matplotlib
import torch
from _golden import outcome
from threadpoolctl import threadpool_limits

import fairrep


def selected(prefixes):
    cases = [*_golden_models.cases(), *_golden_reports.cases()]
    return {name: case for name, case in cases if name.startswith(tuple(prefixes))}


def record(file, prefixes):
    print("Recording", Path(fairrep.__file__).parent, file=sys.stderr)
    matplotlib.use("Agg")
    torch.set_num_threads(1)
    found = {}
    with threadpool_limits(1):
        for name, case in selected(prefixes).items():
            values, seconds = outcome(name, case)
            found |= values
            print(f"{seconds:7.2f} s  {name}", file=sys.stderr, flush=True)
    file.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def compare(first, second, prefixes):
    """Print the keys that differ; return whether there are any."""
    a, b = (json.loads(file.read_text()) for file in (first, second))
    keys = sorted(key for key in a.keys() | b.keys() if key.startswith(tuple(prefixes)))
    differing = [key for key in keys if a.get(key) != b.get(key)]
    for key in differing:
        print(key)
        for values in (a, b):
            print("    ", values.get(key, "(missing)"))
    print(f"{len(differing)} of {len(keys)} values differ")
    return bool(differing)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", action="append", metavar="PREFIX")
    parser.add_argument("--list", action="store_true")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("record").add_argument("file", type=Path)
    compared = commands.add_parser("compare")
    compared.add_argument("files", type=Path, nargs=2)
    options = parser.parse_args()
    prefixes = options.only or [""]
    if options.command == "record":
        record(options.file, prefixes)
    elif options.command == "compare":
        sys.exit(compare(*options.files, prefixes))
    else:
        print(*selected(prefixes), sep="\n")
