"""The columns of a frame have roles: target, sensitive, features."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import type_of_target

from .._inputs.groups import comparable_groups, is_continuous
from .._inputs.splits import cells, hold_out
from ..datasets._bundled import GERMAN_DERIVED
from .tables import read_data

MANY_COLUMNS = 30
MAX_NUMERIC_CLASSES = 20
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
    reading: Mapping[str, Any],
    classes: bool,
) -> tuple[Parts, Parts]:
    """Rows to train on, and rows held out, of a table to learn `target` from."""
    check_roles(target=[target], sensitive=sensitive, drop=drop)
    frame = read_data(source, **reading)
    roles = [target, *sensitive]
    check_columns(frame, [*roles, *drop], source)
    frame = complete_rows(frame, roles, missing)
    check_labels(frame[target], numbers_are_classes=classes)
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
    for name in names:
        gone = {*frame[name].dropna()} - {*complete[name]}
        if gone and not is_continuous(frame[name]):
            warnings.warn(
                f"with the rows that miss a value, all rows of {name!r} that are "
                f"{', '.join(sorted(map(str, gone)))} are left out",
                UserWarning,
                stacklevel=2,
            )
    return complete


def check_labels(column: pd.Series, *, numbers_are_classes: bool) -> None:
    """Raise where the target is nothing to classify, or a quantity."""
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
    is_number = pd.api.types.is_numeric_dtype(column)
    if is_number and len(values) > MAX_NUMERIC_CLASSES and not numbers_are_classes:
        raise ValueError(
            f"column {column.name!r}, the target, holds {len(values)} different "
            f"numbers, from {values.min()} to {values.max()}: a quantity, it seems. "
            "Make classes of it, such as those above a limit; or say --classes if each "
            "number is a class"
        )


def feature_columns(
    source: Any,
    frame: pd.DataFrame,
    roles: Sequence[str],
    drop: Sequence[str],
    *,
    needed: bool = True,
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
    if not features and needed:
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


def positive_named(text: str | None, *parts: Parts) -> Any:
    """The label of the target that is written like this; None where none is named."""
    return (
        None if text is None else label_named(text, pd.concat([y for _, y, _ in parts]))
    )


def label_named(text: str, column: pd.Series) -> Any:
    """The label in the column that is written like this."""
    labels = column.drop_duplicates().tolist()
    for label in labels:
        if str(label) == text or f"{label}" == f"{text}.0":  # of whole numbers
            return label
    raise ValueError(
        f"column {column.name!r} holds no {text!r}; it holds "
        f"{', '.join(repr(label) for label in labels[:10])}"
    )
