"""Rows as the methods of tradeoff.py take them."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


class Encoded(NamedTuple):
    """Rows as the methods take them."""

    X: pd.DataFrame  # as loaded
    x: NDArray[np.float32]  # numbers scaled, categories one-hot
    y: NDArray[np.int64]
    s: NDArray  # names of the groups
    codes: NDArray[np.int64]  # the groups, as integers


def one_hot_encoder():
    """Numbers scaled, categories one-hot."""
    numbers = make_column_selector(dtype_include="number")
    categories = make_column_selector(dtype_exclude="number")
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), categories),
    )


def boosted_trees(seed):
    """On a table as loaded, the trees that the peers fit on encoded rows."""
    return make_pipeline(
        one_hot_encoder(), HistGradientBoostingClassifier(random_state=seed)
    )


def encoded(train: Any, test: Any) -> tuple[Encoded, Encoded]:
    """Both parts, encoded by what the training rows show."""
    one_hot = one_hot_encoder()
    one_hot.fit(train.X)
    groups = np.unique(train.A.astype(str))
    return tuple(
        Encoded(
            rows.X,
            one_hot.transform(rows.X).astype(np.float32),
            rows.y.to_numpy(np.int64),
            rows.A.astype(str).to_numpy(object),
            np.searchsorted(groups, rows.A.astype(str)),
        )
        for rows in (train, test)
    )
