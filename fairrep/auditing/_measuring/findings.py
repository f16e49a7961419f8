"""Findings are what an audit measured, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..._certificates.from_counts import Certificate
from ..._utils.plain import plain
from .attacks.leakage import Leakage
from .provenance import Provenance
from .rates.groups import GroupFigures

# What a change from the first model to another one is told by.
CHANGES = ["model", "class", "sensitive", "figure", "change", "low", "high"]
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
    other_word : str or None
        The other class, where both are words and nobody said which is positive.
    share_seen : float or None
        Of the rows, the share that was in the fit by the model's ``fingerprint_``; None
        where it has none.

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
    other_word: str | None = None
    share_seen: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, strings and numbers.

        Returns
        -------
        content : dict
        """
        return {
            "groups": [figures.to_dict() for figures in self.figures],
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
        By sensitive column, what each column of X tells of it, in nats: alone, and
        "given_others", what it adds to them; by the larger, most first.
    order : dict of str to float
        By sensitive column, the p-value of the hypothesis that the order of the rows is
        independent of it. Where it is small, whoever gets rows or scores in this order
        reads S from it.
    n_rows : int
        Rows audited.
    n_dropped : int
        Rows left out of everything because all their sensitive values are missing.
    n_unknown : dict of str to int
        By sensitive column, and crossing, the rows left out of its figures because a
        value is missing there.
    confidence : float
        Nominal coverage of the intervals.
    n_bootstrap : int
        Draws behind each bootstrap interval.
    min_group_size : int
        Smaller groups are left out of the disparities.
    changes : DataFrame
        Of several models, how "figure" differs from that of the first on the same rows,
        with intervals that hold together: "change", "low" and "high" by "model",
        "class" and "sensitive".
    limits : dict of str to float
        What was set to figures before, by their names.
    notes : list of str
        What could not be measured, and why.
    provenance : Provenance
        When, of what and how the report was made.
    """

    models: dict[str, ModelAudit]
    proxies: dict[str, pd.DataFrame]
    order: dict[str, float]
    n_rows: int
    n_dropped: int
    n_unknown: dict[str, int]
    confidence: float
    n_bootstrap: int
    min_group_size: int
    changes: pd.DataFrame
    limits: dict[str, float]
    notes: list[str]
    provenance: Provenance

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
            raise ValueError("There are no predictions here, so no figures by group.")
        return found


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
