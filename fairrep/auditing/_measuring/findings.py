"""Findings are what an audit measured, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..._certificates.from_counts import Certificate
from ..._utils.plain import plain
from ...metrics._regression import RegressionReport
from .attacks.leakage import Leakage
from .groups import GroupFigures
from .score_figures import ALL

COLUMNS = ["model", "class", "sensitive", "group", "metric", "value", "low", "high"]


@dataclass
class ModelAudit:
    """The part of an :class:`AuditReport` that is about one model.

    Parameters
    ----------
    name : str
        Name of the model in the report.
    figures : list of GroupFigures
        One for each class audited and each attribute.
    leakage : dict of str to list of Leakage
        By sensitive column, what attackers read from the score and the representation.
    mi_estimate : float or None
        The model's own estimate from training of what its representation tells of S,
        in nats. A lower bound that can read too low.
    certificates : dict of str to Certificate
        By attribute, where the representation is discrete: limits for any classifier
        and any attacker that sees only the code. They hold if the rows audited neither
        trained nor chose the model.
    regressions : dict of str to RegressionReport
        By attribute, what a regressor predicts by group, in place of ``figures``.

    Examples
    --------
    >>> from fairrep import AuditReport
    >>> report = AuditReport.from_predictions(
    ...     [0, 1] * 50,
    ...     [0, 1, 1, 1] * 25,
    ...     sensitive_features={"sex": ["f"] * 50 + ["m"] * 50},
    ...     leakage=False,
    ...     random_state=0,
    ... )
    >>> report.models["predictions"].figures[0].groups
    ['f', 'm']
    """

    name: str
    figures: list[GroupFigures] = field(default_factory=list)
    leakage: dict[str, list[Leakage]] = field(default_factory=dict)
    mi_estimate: float | None = None
    certificates: dict[str, Certificate] = field(default_factory=dict)
    regressions: dict[str, RegressionReport] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, strings and numbers.

        Returns
        -------
        content : dict
        """
        regressions = [report.to_dict() for report in self.regressions.values()]
        return {
            "groups": [figures.to_dict() for figures in self.figures] or regressions,
            "leakage": {
                name: [found.to_dict() for found in views]
                for name, views in self.leakage.items()
            },
            "mi_estimate": plain(self.mi_estimate),
            "certificates": {
                name: certificate.to_dict()
                for name, certificate in self.certificates.items()
            },
        }


@dataclass
class Findings:
    """The figures of one or more models, and how they were measured.

    Parameters
    ----------
    models : dict of str to ModelAudit
        The models by name.
    proxies : dict of str to DataFrame
        By sensitive column, what each column of X tells of it, in nats; most first.
    order : dict of str to float
        By sensitive column, the p-value of the hypothesis that the order of the rows is
        independent of it. Where it is small, whoever gets rows or scores in this order
        reads S from it.
    n_rows : int
        Rows audited.
    n_dropped : int
        Rows left out because a sensitive value is missing.
    confidence : float
        Nominal coverage of the intervals.
    n_bootstrap : int
        Draws behind each bootstrap interval.
    min_group_size : int
        Smaller groups are left out of the disparities.
    """

    models: dict[str, ModelAudit]
    proxies: dict[str, pd.DataFrame]
    order: dict[str, float]
    n_rows: int
    n_dropped: int
    confidence: float
    n_bootstrap: int
    min_group_size: int

    def to_frame(self) -> pd.DataFrame:
        """Every figure as a row.

        Returns
        -------
        frame : DataFrame
            With the columns "model", "class", "sensitive", "group" (empty for what
            compares groups), "metric", "value", "low" and "high". The rows of leakage
            have the view as group, "score" or "representation";
            "attacker_surest_tenth" is the share told rightly of the tenth of rows that
            an attacker is surest of.
            Those of a certificate have "code", the limit as "high" and the figure of
            these rows as "value".
        """
        rows: list[dict[str, Any]] = []
        for name, model in self.models.items():
            for figures in model.figures:
                about = {
                    "model": name,
                    "class": figures.pos_label,
                    "sensitive": figures.attribute,
                }
                rows += [about | row for row in figures.to_frame().to_dict("records")]
            for attribute, report in model.regressions.items():
                about = {"model": name, "class": None, "sensitive": attribute}
                rows += [about | row for row in _regression_rows(report)]
            for attribute, views in model.leakage.items():
                about = {"model": name, "class": None, "sensitive": attribute}
                rows += [about | row for row in _leakage_rows(views)]
            for attribute, certificate in model.certificates.items():
                about = {"model": name, "class": None, "sensitive": attribute}
                rows += [about | row for row in _certificate_rows(certificate)]
        return pd.DataFrame(rows, columns=COLUMNS)

    def figures(
        self, *, model: str | None = None, sensitive: str | None = None
    ) -> GroupFigures:
        """The group figures of one model and attribute.

        Parameters
        ----------
        model, sensitive : str, default=None
            Which; None for the first.

        Returns
        -------
        figures : GroupFigures
            Frames ``value``, ``low`` and ``high`` of the rates, with a row a group;
            and ``disparities``.

        Raises
        ------
        ValueError
            If there is none of that name, or only a representation was audited.
        """
        found = self._figures_of(model)
        by_attribute = {figures.attribute: figures for figures in reversed(found)}
        names = dict.fromkeys(figures.attribute for figures in found)
        ordered = {name: by_attribute[name] for name in names}
        return _pick(ordered, sensitive, "sensitive")

    def _figures_of(self, model: str | None) -> list[GroupFigures]:
        """All group figures of a model, or of the first."""
        found: list[GroupFigures] = _pick(self.models, model, "model").figures
        if not found:
            raise ValueError(
                "There are no predictions of classes here, so no rates by group. Of a "
                "regressor see models[name].regressions."
            )
        return found


def _regression_rows(report: RegressionReport) -> list[dict[str, Any]]:
    rows = [
        {
            "group": ALL if group == "overall" else group,
            "metric": metric,
            "value": value,
        }
        for group, figures in report.to_frame().to_dict("index").items()
        for metric, value in figures.items()
    ]
    between = {**report.gaps.to_dict("index")}
    for ranks in report.rank_correlations.to_dict("records"):
        between["rank_correlation"] = ranks
    for metric, found in between.items():
        limits = {name: found[name] for name in ("value", "low", "high")}
        rows.append({"group": "", "metric": metric, **limits})
    return rows


def _leakage_rows(views: list[Leakage]) -> list[dict[str, Any]]:
    rows = []
    for found in views:
        limits = {"value": found.value, "low": found.low, "high": found.high}
        nats = {"value": found.mi, "low": found.mi_low, "high": found.mi_high}
        named = {"group": found.name, "metric": f"attacker_{found.metric}"}
        rows.append({**named, **limits})
        rows.append({**named, "metric": "attacker_mutual_info", **nats})
        surest = {"metric": "attacker_surest_tenth", "value": found.surest.value}
        rows.append({**named, **surest})
    return rows


def _certificate_rows(certificate: Certificate) -> list[dict[str, Any]]:
    return [
        {
            "group": "code",
            "metric": f"certified_{name}",
            "value": observed,
            "high": getattr(certificate, name),
        }
        for name, observed in certificate.estimates.items()
        if observed is not None
    ]


def _pick(named: Mapping[str, Any], name: str | None, what: str) -> Any:
    if name is None:
        return next(iter(named.values()))
    if name not in named:
        raise ValueError(f"{what}={name!r} is none of {[*named]}.")
    return named[name]
