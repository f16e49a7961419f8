"""`fairrep predict`: predictions for the rows of a file, from a saved model."""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from .._estimators.load import load_model
from .._utils.files import check_writable, replacing
from .options import Formatter, add_data, add_trust
from .output import STDOUT, tell
from .read import check_columns, feature_columns, features_of_model, read_data


def add_predict(commands: Any) -> None:
    """Add `fairrep predict` to the commands."""
    parser = commands.add_parser(
        "predict",
        help="predict for the rows of a file with a saved model",
        description="Write the predictions of a model for the rows of a file, in their "
        "order, as CSV. Sensitive columns are not needed.",
        formatter_class=Formatter,
    )
    add_data(parser)
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="PATH",
        help="a folder that fairrep saved, or a .skops file",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="CSV to write; - for standard output",
    )
    parser.add_argument(
        "--proba", action="store_true", help="add a column of probabilities a class"
    )
    add_trust(parser)
    parser.set_defaults(run=run_predict)


def run_predict(
    *,
    data: str,
    model: Path,
    output: Path,
    proba: bool,
    drop: list[str],
    trust: list[str],
    trust_pickle: bool,
) -> None:
    """Write the predictions for the rows of a file, in their order."""
    if output != STDOUT:
        check_writable(output)
    classifier = load_model(model, trusted=trust, trust_pickle=trust_pickle)
    for method in ["predict", "predict_proba"][: 1 + proba]:
        if not hasattr(classifier, method):
            raise ValueError(
                f"{model} holds a {type(classifier).__name__}, which has no {method}"
            )
    frame = read_data(data)
    check_columns(frame, drop, data)
    X = features_of_model(
        classifier, data, frame, feature_columns(data, frame, [], drop)
    )
    with threadpool_limits(1):
        table = pd.DataFrame({"prediction": classifier.predict(X)})
        if proba:
            names = [f"probability_{label}" for label in classifier.classes_]
            table[names] = classifier.predict_proba(X)
    if output == STDOUT:
        table.to_csv(sys.stdout, index=False)
        return
    with replacing(output) as file:
        table.to_csv(file, index=False)
    tell(f"Predictions of {len(table):,} rows: {output}")
