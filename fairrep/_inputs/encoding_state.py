"""What encodes X is written as plain numbers and strings, and read again.

scikit-learn's own objects are not written: an encoder that is read is fitted on a
specimen, a table of a few rows with the same categories and missing values, and then
given the numbers of the one that was written. So only what scikit-learn documents is
relied on, and a file does not depend on its version.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .classifier_scores import Inputs, ScoredInputs
from .encoding import TableEncoder


def inputs_state(inputs: Inputs) -> dict[str, Any]:
    """What `restored_inputs` needs, but for the estimator."""
    if isinstance(inputs, ScoredInputs):
        return {
            "table": table_state(inputs.table),
            "scores": table_state(inputs.scores),
        }
    return {"table": table_state(inputs), "scores": None}


def restored_inputs(state: dict[str, Any], estimator: Any) -> Inputs:
    """The inputs that `inputs_state` described.

    Raises
    ------
    ValueError, KeyError, TypeError
        If the state is none that `inputs_state` gives.
    """
    table = restored_table(state["table"])
    if (state["scores"] is None) != (estimator is None):
        raise ValueError("the inputs and the estimator contradict each other")
    if estimator is None:
        return table
    return ScoredInputs(table, estimator, restored_table(state["scores"]))


def table_state(encoder: TableEncoder) -> dict[str, Any]:
    """What `restored_table` needs, column by column."""
    state: dict[str, Any] = {
        "row_shape": list(encoder.row_shape_),
        "n_bins": encoder.n_bins,
    }
    if len(encoder.row_shape_) > 1:
        return state
    steps = encoder.columns_.named_transformers_
    numeric = iter(_numeric_states(steps["numeric"], encoder))
    categories: Iterator[NDArray] = iter([])
    if "categorical" in encoder.kinds_:
        categories = iter(steps["categorical"].categories_)
    state["columns"] = [
        next(numeric)
        if kind == "numeric"
        else {"kind": kind, "categories": _labels(next(categories))}
        for kind in encoder.kinds_
    ]
    return state


def _numeric_states(pipeline: Any, encoder: TableEncoder) -> list[dict[str, Any]]:
    n_columns = encoder.kinds_.count("numeric")
    if n_columns == 0:
        return []
    scaler, imputer, bins = pipeline
    missing = set(imputer.indicator_.features_.tolist())
    n_seen = np.broadcast_to(scaler.n_samples_seen_, n_columns)
    return [
        {
            "kind": "numeric",
            "mean": scaler.mean_[i].item(),
            "var": scaler.var_[i].item(),
            "scale": scaler.scale_[i].item(),
            "n_samples_seen": n_seen[i].item(),
            "has_missing": i in missing,
            "knots": bins.knots_[i].tolist() if encoder.n_bins else None,
        }
        for i in range(n_columns)
    ]


def _labels(categories: NDArray) -> list[str | None]:
    return [None if pd.isna(label) else label for label in categories]


def restored_table(state: dict[str, Any]) -> TableEncoder:
    """The encoder that `table_state` described: it transforms to the same bits.

    Raises
    ------
    ValueError, KeyError, TypeError
        If the state is none that `table_state` gives.
    """
    encoder = TableEncoder(state["n_bins"])
    if len(state["row_shape"]) > 1:
        encoder.row_shape_ = tuple(state["row_shape"])
        return encoder
    columns = state["columns"]
    if state["row_shape"] != [len(columns)]:
        raise ValueError(f"row_shape {state['row_shape']} for {len(columns)} columns")
    specimen = _specimen(columns)
    encoder.fit(specimen)
    numeric = [column for column in columns if column["kind"] == "numeric"]
    if numeric:
        _give_numbers(encoder.columns_.named_transformers_["numeric"], numeric)
    # The specimen's bins are not those of the columns: where parts begin has moved.
    width = encoder.transform(specimen).shape[1]
    start = width - sum(len(column.get("categories", [])) for column in columns)
    encoder.columns_.output_indices_ |= {
        "numeric": slice(0, start),
        "categorical": slice(start, width),
    }
    if table_state(encoder) != state:
        raise ValueError("the columns of X contradict each other")
    return encoder


def _specimen(columns: list[dict[str, Any]]) -> pd.DataFrame:
    """A table on which an encoder learns these categories and missing values."""
    n_rows = max([2, *(len(column.get("categories", [])) for column in columns)])
    specimen = {}
    for i, column in enumerate(columns):
        if column["kind"] == "numeric":
            values = [0.0, np.nan if column["has_missing"] else 0.0]
            specimen[i] = pd.Series(np.resize(values, n_rows), dtype=np.float64)
        else:
            labels = np.array(column["categories"], dtype=object)
            specimen[i] = pd.Series(np.resize(labels, n_rows), dtype=object)
    return pd.DataFrame(specimen)


def _give_numbers(pipeline: Any, columns: list[dict[str, Any]]) -> None:
    scaler, _, bins = pipeline

    def gathered(name: str) -> NDArray:
        return np.array([column[name] for column in columns])

    scaler.mean_ = gathered("mean").astype(np.float64)
    scaler.var_ = gathered("var").astype(np.float64)
    scaler.scale_ = gathered("scale").astype(np.float64)
    n_seen = gathered("n_samples_seen").astype(np.int64)
    scaler.n_samples_seen_ = n_seen[0] if np.ptp(n_seen) == 0 else n_seen
    if bins is not None:
        knots = [np.array(column["knots"], np.float64) for column in columns]
        bins.knots_[: len(knots)] = knots  # those after them are of the indicators
