"""`fairrep fit`: train a classifier on a file, save it, say how it does."""

from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from .._estimators.classifier import MIDebiasedClassifier
from .._problem.criterion import CRITERIA
from .._storage.folder import check_folder
from ..auditing import AuditReport, audit
from ..auditing._showing.words import interval, number
from .output import check_outputs, fit_or_leave, progress, tell, write_rows
from .read import positive_named, read_and_split


def run_fit(
    *,
    data: str,
    target: str,
    sensitive: list[str],
    drop: list[str],
    lambda_mi: float,
    criterion: str,
    pos_label: str | None,
    bottleneck: str,
    test_size: float,
    missing: str,
    seed: int,
    model: Path,
    reading: dict[str, Any],
    classes: bool,
    force: bool,
    escape_formulas: bool,
    holdout: Path | None = None,
    max_epochs: int | None = None,
) -> None:
    """Train a classifier, save it, and say how it does on rows held out."""
    check_folder(model)
    if holdout is not None and test_size == 0:
        raise ValueError("--holdout writes the rows that --test-size 0 does not keep")
    check_outputs([data], {"--holdout": holdout}, force=force)
    train, test = read_and_split(
        data,
        target=target,
        sensitive=sensitive,
        drop=drop,
        missing=missing,
        test_size=test_size,
        seed=seed,
        reading=reading,
        classes=classes,
    )
    positive = positive_named(pos_label, train, test)
    if holdout is not None:
        write_rows(test, holdout, escape=escape_formulas)
    n_rows, n_features = train[0].shape
    tell(f"Training on {n_rows:,} rows and {n_features} columns of {data}")
    options: dict[str, Any] = {} if max_epochs is None else {"max_epochs": max_epochs}
    classifier = MIDebiasedClassifier(
        lambda_mi,
        criterion=criterion,
        pos_label=positive,
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
        *_information(classifier, report),
    ]
    return "\n".join(lines)


def _information(classifier: MIDebiasedClassifier, report: AuditReport) -> list[str]:
    """The estimate of I(Z; S), but for one of 0 beside a gap that shows more."""
    (model,) = report.models.values()
    gap = CRITERIA[classifier.criterion].gap
    lows = [figures.disparities.loc[gap, "low"] for figures in model.figures]
    estimate = f"{classifier.mi_estimate_:.3f}"
    if estimate == "0.000" and any(low > 0 for low in lows):
        return ["- What attackers can read: `fairrep audit`."]
    return [
        f"- Estimate of the mutual information that is left: {estimate} nats, a lower "
        "bound. `fairrep audit` attacks."
    ]


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
