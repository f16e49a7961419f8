"""`fairrep audit`: how a model or predictions treat groups, and what leaks."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from .._estimators.load import load_model
from .._utils.files import replacing
from ..auditing import AuditReport, audit
from ..auditing._showing.words import LEAKAGE_NAMES, number
from .options import GAPS
from .output import STDOUT, check_outputs, progress, tell, write_table
from .read import (
    check_columns,
    check_roles,
    complete_rows,
    feature_columns,
    features_of_model,
    label_named,
)
from .tables import read_data


def run_audit(
    *,
    data: str,
    target: str,
    sensitive: list[str],
    sensitive_probabilities: list[tuple[str, list[str]]],
    drop: list[str],
    prediction: str | None,
    score: str | None,
    model: Path | None,
    pos_label: str | None,
    leakage: bool,
    fail_above: list[tuple[str, float]],
    html: Path | None,
    json: Path | None,
    impact_ratios: Path | None,
    reference: str | None,
    not_compared: list[str],
    missing: str,
    seed: int,
    trust: list[str],
    trust_pickle: bool,
    reading: dict[str, Any],
    force: bool,
    escape_formulas: bool,
) -> int:
    """Audit a model or predictions; return 1 where a limit is passed, else 0."""
    if not sensitive and not sensitive_probabilities:
        raise ValueError("expected --sensitive, --sensitive-probabilities, or both")
    if score is not None and prediction is None:
        raise ValueError("--score goes with --prediction: a model gives its own scores")
    if not leakage and "leakage" in dict(fail_above):
        raise ValueError("--fail-above leakage=... needs what --no-leakage leaves out")
    if not sensitive and "leakage" in dict(fail_above):
        raise ValueError("--fail-above leakage=... needs a --sensitive column to read")
    if reference is not None and impact_ratios is None:
        raise ValueError("--reference goes with --impact-ratios, the table that has it")
    outputs_of = {"--html": html, "--json": json, "--impact-ratios": impact_ratios}
    check_outputs([data, model], outputs_of, force=force)
    outputs = [name for name in (prediction, score) if name is not None]
    probable = [column for _, columns in sensitive_probabilities for column in columns]
    check_roles(
        target=[target],
        sensitive=sensitive,
        sensitive_probabilities=probable,
        outputs=outputs,
        drop=drop,
    )
    subject = None
    if model is not None:
        subject = load_model(model, trusted=trust, trust_pickle=trust_pickle)
        for kind in GAPS if not hasattr(subject, "predict") else []:
            if kind in dict(fail_above):
                raise ValueError(
                    f"{model} holds a {type(subject).__name__}, which has no predict, "
                    f"so no figure for --fail-above {kind}"
                )
    frame = read_data(data, **reading)
    roles = [target, *sensitive, *probable, *outputs]
    check_columns(frame, [*roles, *drop], data)
    # Rows without a sensitive value are dropped, and counted, by the audit.
    whole = roles if missing == "raise" else [target, *outputs]
    frame = complete_rows(frame, whole, missing)
    options: dict[str, Any] = {
        "sensitive_features": frame[sensitive] if sensitive else None,
        "sensitive_probabilities": {
            name: frame[columns] for name, columns in sensitive_probabilities
        }
        or None,
        "leakage": leakage,
        "missing": missing,
        "not_compared": not_compared,
        "random_state": seed,
        "verbose": progress(),
    }
    if pos_label is not None:
        options["pos_label"] = label_named(pos_label, frame[target])
    otherwise = feature_columns(data, frame, roles, drop) if leakage or model else []
    tell(f"Auditing {len(frame):,} rows of {data}")
    with threadpool_limits(1):
        if subject is not None:
            X = features_of_model(subject, data, frame, otherwise)
            report = audit(subject, X, frame[target], **options)
        else:
            _check_predictions(frame, prediction, target)
            report = AuditReport.from_predictions(
                frame[target],
                frame[prediction],
                y_score=None if score is None else frame[score],
                X=frame[otherwise] if leakage else None,
                name=str(prediction),
                **options,
            )
    # Before anything is written, as a reference may be no group.
    ratios = None
    if impact_ratios is not None:
        ratios = report.impact_ratios(reference_group=reference)
    _write(report, html, json)
    if impact_ratios is not None and ratios is not None:
        write_table(ratios.reset_index(), impact_ratios, escape=escape_formulas)
        tell(f"Written: {impact_ratios}")
    return _judge(report, fail_above)


def _check_predictions(
    frame: pd.DataFrame, prediction: str | None, target: str
) -> None:
    predicted, labels = frame[prediction], frame[target].drop_duplicates()
    unknown = predicted[~predicted.isin(labels)]
    if len(unknown) == 0:
        return
    advice = "scores go with --score, beside predicted labels"
    if unknown.nunique() <= len(labels):
        advice = "write both in the same way"
    raise ValueError(
        f"column {prediction!r}, the prediction, holds values such as "
        f"{unknown.iloc[0]!r}, in {len(unknown)} of {len(predicted)} rows, that are no "
        f"labels of {target!r} ({', '.join(map(repr, labels.tolist()[:10]))}); {advice}"
    )


def _write(report: AuditReport, html: Path | None, json: Path | None) -> None:
    if json == STDOUT:
        print(report.to_json())
    else:
        print(report)
    for output, text in [(html, AuditReport.to_html), (json, AuditReport.to_json)]:
        if output is not None and output != STDOUT:
            with replacing(output) as file:
                file.write(text(report).encode())
            tell(f"Written: {output}")


def _judge(report: AuditReport, fail_above: list[tuple[str, float]]) -> int:
    """Say in one line on standard error which limits are passed; 1 if any is."""
    failures = []
    for kind, most in fail_above:
        for what, value in _judged(report, kind):
            # What could not be measured has not been shown to be within the limit.
            if math.isnan(value):
                failures.append(f"{what} is unknown, not within {most:g}")
            elif value > most:
                failures.append(f"{what} is {number(value)}, above {most:g}")
    if not failures:
        return 0
    tell(f"fairrep: failed: {'; '.join(failures)}")
    return 1


def _judged(report: AuditReport, kind: str) -> Iterator[tuple[str, float]]:
    """The figures that a limit of this kind is for, by name."""
    for name, model in report.models.items():
        if kind == "leakage":
            for attribute, views in model.leakage.items():
                for found in views:
                    metric = LEAKAGE_NAMES[found.metric]
                    what = f"{metric} of {attribute} read from the {found.name}"
                    yield f"{what} of {name}", max(found.value, found.averaging or 0.0)
            continue
        for figures in model.figures:
            words = GAPS[kind].replace("_", " ")
            what = f"{words} by {figures.attribute} (class {figures.pos_label!r})"
            yield what, figures.disparities.loc[GAPS[kind], "value"]
