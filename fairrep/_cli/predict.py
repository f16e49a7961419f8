"""`fairrep predict`: predictions for the rows of a file, from a saved model."""

from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from .._estimators.load import load_model
from .output import STDOUT, check_outputs, tell, write_table
from .read import check_columns, feature_columns, features_of_model
from .tables import read_data


def run_predict(
    *,
    data: str,
    model: Path,
    output: Path,
    proba: bool,
    drop: list[str],
    trust: list[str],
    trust_pickle: bool,
    keep: list[str],
    reading: dict[str, Any],
    force: bool,
    escape_formulas: bool,
) -> None:
    """Write the predictions for the rows of a file, in their order."""
    check_outputs([data, model], {"--output": output}, force=force)
    classifier = load_model(model, trusted=trust, trust_pickle=trust_pickle)
    for method in ["predict", "predict_proba"][: 1 + proba]:
        if not hasattr(classifier, method):
            raise ValueError(
                f"{model} holds a {type(classifier).__name__}, which has no {method}"
            )
    frame = read_data(data, **reading)
    check_columns(frame, [*drop, *keep], data)
    X = features_of_model(
        classifier, data, frame, feature_columns(data, frame, [], drop)
    )
    with threadpool_limits(1):
        table = frame[keep].assign(prediction=classifier.predict(X))
        if proba:
            names = [f"probability_{label}" for label in classifier.classes_]
            table[names] = classifier.predict_proba(X)
    write_table(table, output, escape=escape_formulas)
    if output != STDOUT:
        tell(f"Predictions of {len(table):,} rows: {output}")
