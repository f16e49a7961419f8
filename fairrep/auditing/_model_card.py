"""`model_card` writes a page about a fitted model, from it and its audit."""

import sys
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ._measuring.findings import Findings, ModelAudit
from ._page.model_card import Details, as_markdown

# A parameter may be an estimator of many lines.
MAX_VALUE = 200


def model_card(
    model: Any,
    report: Findings,
    path: Any = None,
    *,
    name: str | None = None,
    title: str | None = None,
    authors: str | None = None,
    intended_use: str | None = None,
    out_of_scope: str | None = None,
    training_data: str | None = None,
    evaluation_data: str | None = None,
    caveats: str | None = None,
) -> str:
    """Return a model card in Markdown: what a model is, and what its audit found.

    It has the headings of [1]_. What only the author knows is a parameter, in Markdown
    of their own; where it is not given the card says so, for them to fill in.

    Parameters
    ----------
    model : estimator
        The fitted model: fairrep's or any with `get_params`, such as a pipeline, of
        which the last step is described, or a search, of which the best estimator is.
    report : AuditReport
        Its audit, on rows that neither trained nor chose it.
    path : str or path-like, default=None
        Where to write the card; None to only return it.
    name : str, default=None
        Name of the model in `report`; needed where the report is of several.
    title : str, default=None
        Title of the card; None for the name of the model in `report`.
    authors : str, default=None
        Who made it, and how to reach them.
    intended_use : str, default=None
        What it is for, and for whom.
    out_of_scope : str, default=None
        What it is not for.
    training_data : str, default=None
        What it was trained on.
    evaluation_data : str, default=None
        What the audited rows are, and how they were chosen.
    caveats : str, default=None
        What else is to be known, before what is true of every audit.

    Returns
    -------
    text : str
        Markdown. Model details: class, version, parameters that differ from their
        defaults, sensitive attribute, criterion and lambda. Then use, groups, metrics,
        rows, figures by group with intervals, disparities, what attackers read,
        certificates and what the figures do not cover.

    Raises
    ------
    TypeError
        If `report` is no report.
    ValueError
        If the report is of several models and `name` does not say which.
    sklearn.exceptions.NotFittedError
        If the model is not fitted.

    References
    ----------
    .. [1] M. Mitchell et al., "Model Cards for Model Reporting", FAT*, 2019.
       https://arxiv.org/abs/1810.03993

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from fairrep import audit, model_card
    >>> from fairrep.datasets import make_biased_classification
    >>> X, y, s = make_biased_classification(600, return_X_y_s=True, random_state=0)
    >>> model = LogisticRegression(C=0.5).fit(X[:300], y[:300])
    >>> report = audit(
    ...     model, X[300:], y[300:], sensitive_features=s[300:], leakage=False
    ... )
    >>> card = model_card(model, report, intended_use="To show what a card looks like.")
    >>> print(card.partition("## Intended use")[0])
    # Model card: LogisticRegression
    <BLANKLINE>
    ## Model details
    ...
    - Parameters other than the defaults: `` C=0.5 ``
    <BLANKLINE>
    <BLANKLINE>
    """
    if not isinstance(report, Findings):
        raise TypeError(
            "report must be an AuditReport, as audit and AuditReport.from_predictions "
            f"return it; got {type(report).__name__}."
        )
    audited = _audited(report, name)
    said = {
        "title": title,
        "authors": authors,
        "intended_use": intended_use,
        "out_of_scope": out_of_scope,
        "training_data": training_data,
        "evaluation_data": evaluation_data,
        "caveats": caveats,
    }
    text = as_markdown(_details(model), report, audited, said)
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def _audited(report: Findings, name: str | None) -> ModelAudit:
    if name is None and len(report.models) > 1:
        raise ValueError(
            f"The report is of several models, {[*report.models]}; name the one that "
            "the card is of."
        )
    if name is not None and name not in report.models:
        raise ValueError(f"name={name!r} is none of the models {[*report.models]}.")
    return report.models[name or next(iter(report.models))]


def _details(model: Any) -> Details:
    """What the model says of itself; of a pipeline its last step."""
    model = getattr(model, "best_estimator_", model)
    if isinstance(model, BaseEstimator):  # others cannot tell
        check_is_fitted(model)
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    certificate = getattr(last, "certificate_", {})
    classes = getattr(model, "classes_", None)
    lambda_mi = getattr(last, "lambda_", getattr(last, "lambda_mi", None))
    return Details(
        model_class=type(last).__name__,
        package=_package(type(last)),
        params=_changed_params(last),
        classes=None if classes is None else np.asarray(classes).tolist(),
        sensitive=[str(name) for name in getattr(last, "sensitive_names_in_", ())],
        criterion=None if lambda_mi is None else getattr(last, "criterion", None),
        lambda_mi=lambda_mi,
        n_features=getattr(model, "n_features_in_", None),
        certificates=(
            certificate if isinstance(certificate, dict) else {"": certificate}
        ),
    )


def _package(cls: type) -> str:
    """The package that a class is of, and its version where it says one."""
    name = cls.__module__.partition(".")[0]
    version = getattr(sys.modules.get(name), "__version__", None)
    return name if version is None else f"{name} {version}"


def _changed_params(model: Any) -> dict[str, str]:
    """Parameters that differ from their defaults, as they are written in code."""
    if not hasattr(model, "get_params"):
        return {}
    defaults = signature(type(model)).parameters
    changed = {}
    for name, value in model.get_params(deep=False).items():
        default = defaults[name].default if name in defaults else None
        if repr(value) != repr(default):  # as scikit-learn's own repr compares them
            written = " ".join(repr(value).split())
            too_long = len(written) > MAX_VALUE
            changed[name] = written[: MAX_VALUE - 3] + "..." if too_long else written
    return changed
