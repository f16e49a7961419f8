"""`fairrep audit`: how a model or predictions treat groups, and what leaks."""

import math
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from .._estimators.load import load_model
from .._utils.files import replacing, sha256_of
from ..auditing import AuditReport, audit, model_card
from ..auditing._measuring.baseline import read_baseline
from ..auditing._measuring.rates.groups import SCORING
from ..auditing._measuring.verdicts import FAILED, verdicts
from ..auditing._showing.sentences import verdict_sentence
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
    fail_below: list[tuple[str, float]],
    about: list[tuple[str, str]],
    baseline: Path | None,
    group_name: list[tuple[str, str, str]],
    html: Path | None,
    json: Path | None,
    card: Path | None,
    impact_ratios: Path | None,
    reference: str | None,
    min_group_share: float,
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
    limits = dict([*fail_above, *fail_below])
    if not leakage and "leakage" in limits:
        raise ValueError("--fail-above leakage=... needs what --no-leakage leaves out")
    if not sensitive and "leakage" in limits:
        raise ValueError("--fail-above leakage=... needs a --sensitive column to read")
    if impact_ratios is None and (reference is not None or min_group_share > 0):
        option = "--min-group-share" if reference is None else "--reference"
        raise ValueError(f"{option} goes with --impact-ratios, the table that has it")
    if baseline is not None and html is None:
        raise ValueError("--baseline goes with --html, the page that compares with it")
    former = None if baseline is None else read_baseline(baseline)
    if card is not None and model is None:
        raise ValueError("--card goes with --model, which it is of")
    outputs_of = {"--html": html, "--json": json, "--card": card}
    outputs_of["--impact-ratios"] = impact_ratios
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
        for name in limits if not hasattr(subject, "predict") else []:
            if name != "leakage":
                raise ValueError(
                    f"{model} holds a {type(subject).__name__}, which has no predict, "
                    f"so no figure for the limit to {name}"
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
        "group_names": _by_column(group_name),
        "limits": limits,
        "about": {**dict(about), **_files(data, model)},
        "random_state": seed,
        "verbose": progress(),
    }
    if pos_label is not None:
        options["pos_label"] = label_named(pos_label, frame[target])
    otherwise = []
    if leakage or model:
        # Without features, predictions are attacked all the same.
        needed = model is not None
        otherwise = feature_columns(data, frame, roles, drop, needed=needed)
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
                X=frame[otherwise] if leakage and otherwise else None,
                name=str(prediction),
                **options,
            )
    # Before anything is written, as a reference may be no group.
    ratios = None
    if impact_ratios is not None:
        ratios = _impact_ratios(report, reference, min_group_share)
    _write(report, html, json, former)
    if card == STDOUT:
        print(model_card(subject, report))
    elif card is not None:
        with replacing(card) as file:
            file.write(model_card(subject, report).encode())
        tell(f"Written: {card}")
    if impact_ratios is not None and ratios is not None:
        write_table(ratios, impact_ratios, escape=escape_formulas)
        tell(f"Written: {impact_ratios}")
    return _judge(report)


def _by_column(names: list[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    """Names of groups by sensitive column and value."""
    found: dict[str, dict[str, str]] = {}
    for column, value, name in names:
        found.setdefault(column, {})[value] = name
    return found


def _files(data: str, model: Path | None) -> dict[str, str]:
    """The files that a report is of, with their hashes, for its provenance."""
    files = {"data": Path(data), "model": model}
    found = {"data": data}
    for what, path in files.items():
        if path is not None and path.exists():
            found[what] = f"{path}, SHA-256 {sha256_of(path)}"
    return found


def _impact_ratios(
    report: AuditReport, reference: str | None, min_group_share: float
) -> pd.DataFrame:
    """Tables of selection rates and, where there are scores, of scoring rates."""
    rates = {"selection_rate": "selected"}
    if SCORING in report.figures().value:
        rates[SCORING] = "above_median"
    tables = []
    for rate, passed in rates.items():
        table = report.impact_ratios(
            rate=rate, reference_group=reference, min_group_share=min_group_share
        )
        table = table.rename(columns={rate: "value", passed: "passed"}).reset_index()
        table.insert(0, "rate", rate)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


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


def _write(
    report: AuditReport, html: Path | None, json: Path | None, baseline: Any
) -> None:
    if json == STDOUT:
        print(report.to_json())
    else:
        print(report)
    if html is not None:
        with replacing(html) as file:
            file.write(report.to_html(baseline=baseline).encode())
        tell(f"Written: {html}")
    if json is not None and json != STDOUT:
        with replacing(json) as file:
            file.write(report.to_json().encode())
        tell(f"Written: {json}")


def _judge(report: AuditReport) -> int:
    """Say in one line on standard error which limits are passed; 1 if any is."""
    failures = [
        f"there is no figure for the limit to {figure}"
        for figure, limit in report.limits.items()
        if not verdicts(report.models, {figure: limit})
    ]
    for verdict in report.verdicts:
        sentence = verdict_sentence(verdict, several=False)
        if math.isnan(verdict.value):
            # What could not be measured has not been shown to be within the limit.
            failures.append(
                f"{sentence[0].lower()}{sentence[1:-1]} (too few groups are large "
                "enough to be compared: audit more rows, or merge small groups)"
            )
        elif verdict.outcome == FAILED:
            failures.append(sentence.removeprefix("Failed: ").removesuffix("."))
    if not failures:
        return 0
    tell(f"fairrep: failed: {'; '.join(failures)}")
    return 1
