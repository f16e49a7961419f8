"""Files of rows, as the command line names them, become frames and labels."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import type_of_target

from .._inputs.groups import comparable_groups
from .._inputs.splits import cells, hold_out
from ..datasets import load_adult, load_german
from ..datasets._bundled import GERMAN_DERIVED

BUNDLED: dict[str, Callable[[], Any]] = {
    "adult": load_adult,
    "adult-train": partial(load_adult, subset="train"),
    "adult-test": partial(load_adult, subset="test"),
    "german": load_german,
}
SEPARATORS = {".csv": ",", ".tsv": "\t"}
COMPRESSIONS = {".gz", ".bz2", ".xz", ".zip"}
MANY_COLUMNS = 30
# What pandas calls the first column where the header has no name for it.
UNNAMED = "Unnamed: 0"

Parts = tuple[pd.DataFrame, pd.Series, pd.DataFrame]  # X, y and the sensitive columns


def read_and_split(
    source: str,
    *,
    target: str,
    sensitive: list[str],
    drop: list[str],
    missing: str,
    test_size: float,
    seed: int,
) -> tuple[Parts, Parts]:
    """Rows to train on, and rows held out, of a table to learn `target` from."""
    check_roles(target=[target], sensitive=sensitive, drop=drop)
    frame = read_data(source)
    roles = [target, *sensitive]
    check_columns(frame, [*roles, *drop], source)
    frame = complete_rows(frame, roles, missing)
    check_labels(frame[target])
    features = feature_columns(source, frame, roles, drop)

    def parts(rows: Any) -> Parts:
        part = frame.iloc[rows].reset_index(drop=True)
        return part[features], part[target], part[sensitive]

    train, test = split_rows(frame, target, sensitive, test_size, seed)
    return parts(train), parts(test)


def split_rows(
    frame: pd.DataFrame, target: str, sensitive: list[str], test_size: float, seed: int
) -> tuple[Any, Any]:
    """Positions to train on and to hold out, each label and group in proportion."""
    groups = comparable_groups(frame[sensitive], len(frame))
    labels = [pd.factorize(groups[name])[0] for name in groups]
    cell = cells(pd.factorize(frame[target])[0], *labels)
    return hold_out(test_size, cell, np.random.RandomState(seed))


def read_data(source: str | Path) -> pd.DataFrame:
    """Read a table: bundled data by name, else a CSV, TSV or Parquet file.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is of another kind, is damaged or holds no rows.
    ImportError
        If it is a Parquet file and pyarrow is missing.
    """
    if source in BUNDLED:
        return BUNDLED[str(source)]().frame
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(
            f"there is no file {path}, and no bundled data of that name "
            f"({', '.join(BUNDLED)})"
        )
    endings = [ending.lower() for ending in path.suffixes]
    if endings and endings[-1] in COMPRESSIONS:
        endings.pop()
    ending = endings[-1] if endings else ""
    if ending == ".parquet":
        frame = _read_parquet(path)
    elif ending in SEPARATORS:
        frame = _read_text(path, SEPARATORS[ending])
    else:
        raise ValueError(
            f"cannot tell what {path} is: expected a name that ends in .csv, .tsv "
            "(also compressed) or .parquet"
        )
    if len(frame) == 0:
        raise ValueError(f"{path} holds no rows, only a header")
    return frame.rename(columns=str).reset_index(drop=True)


def _read_text(path: Path, separator: str) -> pd.DataFrame:
    try:
        header = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str)
        _check_header(header.iloc[0].dropna().tolist(), path)
        return pd.read_csv(path, sep=separator, low_memory=False)
    except pd.errors.EmptyDataError as error:
        raise ValueError(
            f"{path} is empty: expected a header with the names of the columns, and "
            "rows"
        ) from error
    except ValueError as error:  # also of bytes that are no text
        raise ValueError(f"cannot read {path}: {error}") from error


def _check_header(names: list[str], path: Path) -> None:
    """Raise where a name stands twice: pandas would make another name of the second.

    A copy of the target would be a feature, and tell the labels.
    """
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(
            f"{path} has two columns named {', '.join(map(repr, sorted(twice)))}; "
            "expected a name of its own for each"
        )


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'reading {path} needs pyarrow: pip install "fairrep[parquet]"'
        ) from error
    try:
        return pd.read_parquet(path, engine="pyarrow")
    except ValueError as error:
        raise ValueError(f"cannot read {path}: {error}") from error


# -- columns -------------------------------------------------------------------


def check_columns(frame: pd.DataFrame, names: Iterable[str], source: Any) -> None:
    """Raise where a column is missing, and say which there are."""
    missing = [name for name in names if name not in frame.columns]
    if not missing:
        return
    there = ", ".join(map(repr, frame.columns[:MANY_COLUMNS]))
    if len(frame.columns) > MANY_COLUMNS:
        there += f" and {len(frame.columns) - MANY_COLUMNS} more"
    raise ValueError(
        f"{source} has no column {', '.join(map(repr, missing))}; it has {there}"
    )


def check_roles(**columns: Sequence[str]) -> None:
    """Raise where one column is named twice, in one role or in two."""
    roles: dict[str, str] = {}
    for role, names in columns.items():
        for name in names:
            if name in roles:
                raise ValueError(
                    f"column {name!r} is given as {roles[name]} and again as {role}"
                )
            roles[name] = role


def complete_rows(frame: pd.DataFrame, names: list[str], missing: str) -> pd.DataFrame:
    """The rows with a value in each of these columns; raises unless told to drop."""
    absent = frame[names].isna()
    if not absent.to_numpy().any():
        return frame
    counts = [f"{n} in {name!r}" for name, n in absent.sum().items() if n > 0]
    if missing == "raise":
        raise ValueError(
            f"of {len(frame)} rows, values are missing: {', '.join(counts)}. Use "
            "--missing drop to leave these rows out"
        )
    complete = frame[~absent.any(axis=1)].reset_index(drop=True)
    if len(complete) == 0:
        raise ValueError(f"each of the {len(frame)} rows misses a value: {counts}")
    return complete


def check_labels(column: pd.Series) -> None:
    """Raise where the target is nothing to classify."""
    values = column.unique()
    if len(values) < 2:
        raise ValueError(
            f"column {column.name!r}, the target, holds {values.tolist()[0]!r} in all "
            f"{len(column)} rows; expected at least 2 classes"
        )
    if type_of_target(column.to_numpy()) == "continuous":
        raise ValueError(
            f"column {column.name!r}, the target, holds continuous numbers such as "
            f"{values.tolist()[:3]}; expected class labels"
        )


def feature_columns(
    source: Any, frame: pd.DataFrame, roles: Sequence[str], drop: Sequence[str]
) -> list[str]:
    """The columns that may be features: those without a role that were not dropped.

    Nor one that comes first and has no name, which numbers the rows: where these are in
    some order, their number tells of the groups.

    Of bundled data neither those that are made of others, nor what a sensitive one is
    made of.
    """
    left_out = {*roles, *drop}
    if frame.columns[0] == UNNAMED and UNNAMED not in left_out:
        left_out.add(UNNAMED)
        warnings.warn(
            f"the first column of {source} has no name: it is taken as an index of the "
            "rows, and is no feature. Give it a name if it is one.",
            UserWarning,
            stacklevel=2,
        )
    if source == "german":
        left_out |= {*GERMAN_DERIVED}
        left_out |= {GERMAN_DERIVED[name] for name in roles if name in GERMAN_DERIVED}
    features = [name for name in frame.columns if name not in left_out]
    if not features:
        raise ValueError(f"{source} has no columns left to be features")
    return features


def features_of_model(
    model: Any, source: Any, frame: pd.DataFrame, otherwise: list[str]
) -> Any:
    """The columns that the model was fitted on, or as many as it was."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        check_columns(frame, [*names], source)
        return frame[[*names]]
    n_features = getattr(model, "n_features_in_", len(otherwise))
    if n_features != len(otherwise):
        raise ValueError(
            f"the model was fitted on {n_features} columns without names; {source} has "
            f"{len(otherwise)}: {', '.join(map(repr, otherwise))}. Use --drop for "
            "those that are no features"
        )
    return frame[otherwise].to_numpy()


def label_named(text: str, column: pd.Series) -> Any:
    """The label in the column that is written like this."""
    labels = column.drop_duplicates().tolist()
    for label in labels:
        if str(label) == text:
            return label
    raise ValueError(
        f"column {column.name!r} holds no {text!r}; it holds "
        f"{', '.join(repr(label) for label in labels[:10])}"
    )
