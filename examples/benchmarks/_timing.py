"""What the benchmarks of time share."""

import time

import numpy as np
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def usual_encoder():
    """A frame as a dense array, the usual way: scaled numbers, one-hot categories."""
    return make_column_transformer(
        (
            make_pipeline(SimpleImputer(), StandardScaler()),
            make_column_selector(dtype_include="number"),
        ),
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            make_column_selector(dtype_exclude="number"),
        ),
        sparse_threshold=0,
    )


def seconds(fit):
    start = time.perf_counter()
    fit()
    return time.perf_counter() - start


def print_times(times, base):
    """Medians, and ratios to `base` taken within a round, as machines are noisy."""
    width = max(map(len, times)) + 2
    print(f"{'':{width}s}{'seconds':>9s}   ratio to {base} (min, median, max)")
    for name, values in times.items():
        ratio = np.array(values) / np.array(times[base])
        print(
            f"{name:{width}s}{np.median(values):9.2f}   "
            f"{ratio.min():.2f}  {np.median(ratio):.2f}  {ratio.max():.2f}"
        )
