"""What `fairrep fit` and `fairrep predict` do."""

import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from ._classifier import MIDebiasedClassifier
from ._data import (
    Parts,
    check_columns,
    feature_columns,
    features_of_model,
    read_and_split,
    read_data,
)
from ._files import check_writable, replacing
from ._model_files import load_model
from ._model_folder import check_folder
from ._problem.criterion import CRITERIA
from .auditing import AuditReport, audit
from .auditing._text import interval, number

STDOUT = Path("-")


# -- fit -----------------------------------------------------------------------


def run_fit(
    *,
    data: str,
    target: str,
    sensitive: list[str],
    drop: list[str],
    lambda_mi: float,
    criterion: str,
    bottleneck: str,
    test_size: float,
    missing: str,
    seed: int,
    model: Path,
    holdout: Path | None = None,
    max_epochs: int | None = None,
) -> None:
    """Train a classifier, save it, and say how it does on rows held out."""
    check_folder(model)
    if holdout is not None:
        if test_size == 0:
            raise ValueError(
                "--holdout writes the rows that --test-size 0 does not keep"
            )
        check_writable(holdout)
    train, test = read_and_split(
        data,
        target=target,
        sensitive=sensitive,
        drop=drop,
        missing=missing,
        test_size=test_size,
        seed=seed,
    )
    if holdout is not None:
        write_rows(test, holdout)
    n_rows, n_features = train[0].shape
    tell(f"Training on {n_rows:,} rows and {n_features} columns of {data}")
    options: dict[str, Any] = {} if max_epochs is None else {"max_epochs": max_epochs}
    classifier = MIDebiasedClassifier(
        lambda_mi,
        criterion=criterion,
        bottleneck=bottleneck,
        random_state=seed,
        verbose=progress(),
        **options,
    )
    # Networks this small gain nothing from threads, which on shared cores wait for
    # each other.
    with threadpool_limits(1):
        fit_or_leave(classifier, *train)
        classifier.set_params(verbose=0).save(model)
        print(f"Model: {model}, {classifier.n_iter_} epochs at lambda_mi={lambda_mi:g}")
        if len(test[0]):
            print(_summary(classifier, *test, seed=seed))


def write_rows(parts: Parts, path: Path) -> None:
    """The rows as one table again, for `fairrep audit`."""
    with replacing(path) as file:
        pd.concat(parts, axis=1).to_csv(file, index=False)


def fit_or_leave(model: MIDebiasedClassifier, X: Any, y: Any, sensitive: Any) -> None:
    """Fit; whoever presses Ctrl-C wants to leave, not the best epoch so far."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The fit was interrupted", ConvergenceWarning)
        model.fit(X, y, sensitive_features=sensitive)
    if model.interrupted_:
        raise KeyboardInterrupt


def _summary(
    classifier: MIDebiasedClassifier,
    X: pd.DataFrame,
    y: pd.Series,
    sensitive: pd.DataFrame,
    *,
    seed: int,
) -> str:
    accuracy = float((classifier.predict(X) == y.to_numpy()).mean())
    shares = y.value_counts(normalize=True)
    constant = f"{shares.iloc[0]:.3f} by always saying {shares.index.tolist()[0]!r}"
    report = audit(
        classifier, X, y, sensitive_features=sensitive, leakage=False, random_state=seed
    )
    lines = [
        f"On {len(y):,} rows held out of training:",
        f"- Accuracy {accuracy:.3f}; {constant}.",
        *(f"- {sentence}" for sentence in report.summary),
        *_gap_of_criterion(classifier.criterion, report),
        f"- Estimate of the mutual information that is left: "
        f"{classifier.mi_estimate_:.3f} nats, a lower bound. `fairrep audit` attacks.",
    ]
    return "\n".join(lines)


def _gap_of_criterion(criterion: str, report: AuditReport) -> list[str]:
    """What was to be closed, where the summary of an audit is of something else."""
    if not CRITERIA[criterion].needs_labels:
        return []
    (model,) = report.models.values()
    lines = []
    for figures in model.figures:
        gap = figures.disparities.loc[CRITERIA[criterion].gap]
        what = f"{criterion.replace('_', ' ').capitalize()} difference"
        found = f"{number(gap['value'])} ({interval(gap['low'], gap['high'])})"
        if pd.isna(gap["value"]):
            found = "unknown, as the groups are too small"
        about = f"by {figures.attribute} (class {figures.pos_label!r})"
        lines.append(f"- {what} {about}: {found}.")
    return lines


# -- predict -------------------------------------------------------------------


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


def progress() -> int:
    """``verbose`` of what takes long: no bars in the files that logs go to."""
    return int(sys.stderr.isatty())


def tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
