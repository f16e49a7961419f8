"""`fairrep fit`: train a classifier on a file, save it, say how it does."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from .._estimators.classifier import MIDebiasedClassifier
from .._problem.criterion import CRITERIA
from .._storage.folder import check_folder
from .._utils.files import check_writable
from ..auditing import AuditReport, audit
from ..auditing._showing.words import interval, number
from .options import (
    Formatter,
    add_bottleneck,
    add_columns,
    add_criterion,
    add_data,
    add_holdout,
    add_lambda_mi,
    add_max_epochs,
    add_seed,
    add_test_size,
    checked,
)
from .output import fit_or_leave, progress, tell, write_rows
from .read import read_and_split


def add_fit(commands: Any) -> None:
    """Add `fairrep fit` to the commands."""
    parser = commands.add_parser(
        "fit",
        help="train a classifier on a file and save it",
        description="Train MIDebiasedClassifier on the columns of a file, save it to a "
        "folder, and print how it does on rows held out. The target and the sensitive "
        "columns are no features.",
        formatter_class=Formatter,
    )
    add_data(parser)
    add_columns(parser)
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where to save; a model that is there is replaced",
    )
    add_lambda_mi(
        parser,
        checked(float, "a number of at least 0", lambda value: 0 <= value < math.inf),
        "weight of the mutual information term",
    )
    add_criterion(parser)
    add_bottleneck(parser)
    add_test_size(
        parser,
        checked(float, "a number from 0 to 0.5", lambda value: 0 <= value <= 0.5),
        0.2,
        "the summary; 0 for none",
    )
    add_holdout(parser)
    add_max_epochs(parser)
    add_seed(parser, "the model and of the rows held out")
    parser.set_defaults(run=run_fit)


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
