"""AuditReport is what an audit returns: findings, with words, page and pictures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from .._utils.plain import plain, plain_tree
from .._version import __version__
from ._measuring.baseline import changes_since, read_baseline
from ._measuring.findings import Findings
from ._measuring.measure import measure_predictions
from ._measuring.rates.impact import impact_ratios
from ._measuring.verdicts import Verdict
from ._page.html import render
from ._showing.comparison import comparison
from ._showing.groups_display import GroupsDisplay
from ._showing.sentences import summary, verdict_of
from ._showing.text import as_text

# Of what `to_dict` gives: a field that changes its meaning or goes raises it. Written
# down in `templates/report.schema.json`.
SCHEMA = "fairrep-audit-1"


@dataclass(repr=False)
class AuditReport(Findings):
    """Figures by group, and what attackers read of S, of one or more models.

    Made by :func:`audit` or :meth:`from_predictions`. `print` it for text.

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
    >>> report
    AuditReport(models=['predictions'], n_rows=100, confidence=0.95)
    >>> len(report.to_frame()) > 20
    True
    """

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        sensitive_features: Any = None,
        sensitive_probabilities: Any = None,
        y_score: Any = None,
        representation: Any = None,
        X: Any = None,
        labels: Any = None,
        pos_label: Any = None,
        leakage: bool = True,
        min_group_size: int = 30,
        not_compared: Sequence[str] = (),
        n_quantiles: int = 4,
        n_bootstrap: int = 200,
        confidence: float = 0.95,
        random_state: Any = None,
        missing: str = "raise",
        group_names: Mapping[str, Mapping[Any, str]] | None = None,
        limits: Mapping[str, float] | None = None,
        about: Mapping[str, str] | None = None,
        verbose: int = 0,
        name: str = "predictions",
    ) -> "AuditReport":
        """Audit predictions, whatever made them; a representation; or both.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_samples,)
            True and predicted labels. Both may be None where there is a
            `representation`, which is then audited alone.
        sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
            As in :func:`audit`; None where there are `sensitive_probabilities`.
        sensitive_probabilities : array-like of shape (n_samples, n_groups), or dict, \
                default=None
            As in :func:`audit`.
        y_score : array-like of shape (n_samples,) or (n_samples, n_classes), \
                default=None
            Scores of the positive class, or one column a class in the order of
            `labels`. Scores in [0, 1] are taken for probabilities.
        representation : array-like of shape (n_samples, n_components), default=None
            What is released of each row.
        X : array-like of shape (n_samples, n_features), default=None
            The features, for the mark that leakage is compared with and the proxies.
        labels : array-like, default=None
            All classes; None for those in `y_true` and `y_pred`, sorted.
        pos_label : bool, int, float or str, default=None
            The positive class. None for the greater of two labels; of more than two,
            for each of them against the rest.
        leakage : bool, default=True
            As in :func:`audit`, like those that follow.
        min_group_size : int, default=30
            Smaller groups are left out of the disparities.
        not_compared : sequence of str, default=()
            Groups that take no part in comparisons, such as "unknown".
        n_quantiles : int, default=4
            Groups of a continuous sensitive column.
        n_bootstrap : int, default=200
            Draws behind each bootstrap interval.
        confidence : float, default=0.95
            Nominal coverage of each interval.
        random_state : int, RandomState instance or None, default=None
            Seed of draws and attackers.
        missing : {"raise", "drop"}, default="raise"
            What to do with rows that miss a sensitive value.
        group_names : dict of str to dict, default=None
            By sensitive column, names for the values that stand in it.
        limits : dict of str to float, default=None
            What figures have to keep within.
        about : dict of str to str, default=None
            What else the report is to say of where it comes from.
        verbose : int, default=0
            1 shows a progress bar on standard error.
        name : str, default="predictions"
            Name of the model in the report.

        Returns
        -------
        report : AuditReport

        Raises
        ------
        ValueError
            If the input is unfit, as in :func:`audit`.

        Examples
        --------
        >>> from fairrep import AuditReport
        >>> y_true = [0, 1] * 50
        >>> y_pred = [0, 1, 1, 1] * 25
        >>> sex = {"sex": ["f"] * 50 + ["m"] * 50}
        >>> report = AuditReport.from_predictions(
        ...     y_true, y_pred, sensitive_features=sex, leakage=False, random_state=0
        ... )
        >>> frame = report.to_frame().set_index(["group", "metric"])
        >>> float(frame.loc[("f", "selection_rate"), "value"])
        0.74
        """
        findings = measure_predictions(
            y_true,
            y_pred,
            sensitive_features=sensitive_features,
            sensitive_probabilities=sensitive_probabilities,
            y_score=y_score,
            representation=representation,
            X=X,
            labels=labels,
            pos_label=pos_label,
            name=name,
            leakage=leakage,
            min_group_size=min_group_size,
            not_compared=not_compared,
            n_quantiles=n_quantiles,
            n_bootstrap=n_bootstrap,
            confidence=confidence,
            random_state=random_state,
            missing=missing,
            group_names=group_names or {},
            limits=limits or {},
            about=about or {},
            verbose=verbose,
        )
        return cls(**vars(findings))

    @property
    def summary(self) -> list[str]:
        """The findings, a sentence each."""
        return summary(self)

    def impact_ratios(
        self,
        *,
        model: str | None = None,
        rate: str = "selection_rate",
        reference_group: str | None = None,
        min_group_share: float = 0.0,
    ) -> pd.DataFrame:
        """Selection rate and impact ratio of each group, as rules on hiring name them.

        Of every sensitive column and, where there are several, of their crossing.

        Parameters
        ----------
        model : str, default=None
            Which; None for the first.
        rate : {"selection_rate", "scoring_rate"}, default="selection_rate"
            What is compared: the share predicted positive, or, of scores, the share
            above the median score of all rows.
        reference_group : str, default=None
            The group that others are compared with. None, and for columns that have no
            such group, is the one with the highest rate of those compared.
        min_group_share : float, default=0
            Groups of a smaller share of the rows keep their count and rate, and get no
            ratio, nor do groups that the audit left out of its comparisons. New York
            City's rule on hiring tools allows 0.02.

        Returns
        -------
        table : DataFrame
            By "sensitive" and "group": "count", "share" (of the rows whose group is
            known), "selected" (rows predicted positive) and "selection_rate", or
            "above_median" and "scoring_rate"; "impact_ratio" with its limits "low" and
            "high" (Newcombe's, in logarithms, of each pair by itself), "p_value"
            (Fisher's exact test of the pair) and "below_four_fifths", whether the ratio
            is below 0.8. NaN where there is no ratio. Rows without a value in the
            column are counted as the group "(not known)". Of groups known as
            probabilities counts are their sums, and the p-value is that of the
            difference in standard errors.

        Raises
        ------
        ValueError
            If there is no such model, rate or group, or nothing was predicted.

        Examples
        --------
        >>> from fairrep import AuditReport
        >>> report = AuditReport.from_predictions(
        ...     [0, 1] * 100,
        ...     [1] * 40 + [0] * 60 + [1] * 60 + [0] * 40,
        ...     sensitive_features={"sex": ["f"] * 100 + ["m"] * 100},
        ...     leakage=False,
        ... )
        >>> table = report.impact_ratios()
        >>> round(float(table.loc[("sex", "f"), "impact_ratio"]), 3)
        0.667
        """
        figures = self._figures_of(model)
        return impact_ratios(
            [f for f in figures if f.pos_label == figures[0].pos_label],
            rate=rate,
            reference_group=reference_group,
            min_group_share=min_group_share,
            n_unknown=self.n_unknown,
            confidence=self.confidence,
        )

    @property
    def verdicts(self) -> list[Verdict]:
        """One for each limit, model, sensitive column and class."""
        return verdict_of(self)

    def changes_since(self, baseline: Any) -> pd.DataFrame:
        """Compare rates and gaps with those of a former report.

        Parameters
        ----------
        baseline : AuditReport, dict, str or path-like
            The former report, its `to_dict`, or the file that `to_json` wrote. Models
            are matched by name; where both reports are of a single one, these two.

        Returns
        -------
        changes : DataFrame
            A row for each figure that both have: "model", "class", "sensitive",
            "group" (empty of gaps), "figure", "before", "now" and "moved": "smaller" or
            "larger" where each value is beyond the interval of the other, else "not
            surely".

        Raises
        ------
        ValueError
            If the baseline is no report of fairrep.

        Examples
        --------
        >>> from fairrep import AuditReport
        >>> given = {"sensitive_features": ["f"] * 50 + ["m"] * 50, "leakage": False}
        >>> y_true = [0, 1] * 50
        >>> old = AuditReport.from_predictions(y_true, [0, 1] * 50, **given)
        >>> new = AuditReport.from_predictions(y_true, [1, 1] * 50, **given)
        >>> changes = new.changes_since(old).set_index(["group", "figure"])
        >>> changes.loc[("f", "selection_rate"), "moved"]
        'larger'
        """
        return changes_since(self.to_dict(), read_baseline(baseline))

    def compare(self) -> pd.DataFrame:
        """The models side by side: accuracy, disparities and leakage, as text.

        Of attributes with up to six groups also the selection rate of each.

        Returns
        -------
        frame : DataFrame of str
            One column a model; its `to_string` shows them all. `to_frame` has the
            numbers, and `summary` says which gaps differ from those of the first model
            beyond their intervals.
        """
        return comparison(self)

    def to_dict(self) -> dict[str, Any]:
        """Return dicts, lists, strings and numbers, ready for JSON; NaN is None.

        Returns
        -------
        content : dict
        """
        return {
            "schema": SCHEMA,
            "made_by": f"fairrep {__version__}",
            "provenance": self.provenance.to_dict(),
            "limits": self.limits,
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "summary": self.summary,
            "n_rows": self.n_rows,
            "n_dropped": self.n_dropped,
            "n_unknown": self.n_unknown,
            "confidence": self.confidence,
            "n_bootstrap": self.n_bootstrap,
            "min_group_size": self.min_group_size,
            "changes": [
                {key: plain(value) for key, value in row.items()}
                for row in self.changes.to_dict("records")
            ],
            "models": {name: model.to_dict() for name, model in self.models.items()},
            "order": {name: plain(value) for name, value in self.order.items()},
            "proxies": {
                name: {
                    str(column): {key: plain(value) for key, value in row.items()}
                    for column, row in table.iterrows()
                }
                for name, table in self.proxies.items()
            },
        }

    def to_json(self, path: Any = None, *, indent: int | None = 2) -> str:
        """Return JSON text, which is also written to `path` if one is given.

        Parameters
        ----------
        path : str or path-like, default=None
            Where to write it; None to only return it.
        indent : int or None, default=2
            Spaces a level; None for a single line.

        Returns
        -------
        text : str
        """
        text = json.dumps(plain_tree(self.to_dict()), indent=indent, allow_nan=False)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    def to_html(
        self, path: Any = None, *, baseline: Any = None, tradeoff: Any = None
    ) -> str:
        """Return one page that needs nothing else, which is also written to `path`.

        Parameters
        ----------
        path : str or path-like, default=None
            Where to write the page; None to only return it.
        baseline : AuditReport, dict, str or path-like, default=None
            A former report, as in `changes_since`, whose table the page then has.
        tradeoff : DataFrame, default=None
            Score and gap by lambda, such as ``path_`` of a `MIDebiasedClassifierCV`:
            the columns "lambda_mi", "score" and "gap". The page then has the curve.

        Returns
        -------
        html : str

        Raises
        ------
        ImportError
            If jinja2 or matplotlib is missing: ``pip install "fairrep[report]"``.
        """
        changes = None if baseline is None else self.changes_since(baseline)
        text = render(self, self.to_dict(), changes=changes, tradeoff=tradeoff)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def plot(
        self, *, model: str | None = None, sensitive: str | None = None, ax: Any = None
    ) -> Any:
        """Draw the rates by group of one model, class and attribute, as titled.

        Parameters
        ----------
        model, sensitive : str, default=None
            Which; None for the first.
        ax : matplotlib Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        display : GroupsDisplay
        """
        figures = self.figures(model=model, sensitive=sensitive)
        display = GroupsDisplay(figures, confidence=self.confidence).plot(ax=ax)
        title = f"class {figures.pos_label!r} by {figures.attribute}"
        title = f"{model or next(iter(self.models))}: {title}"
        display.ax_.set_title(title, loc="left", pad=28)  # above the legend
        return display

    def __str__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        """The findings and the models side by side, in a notebook."""
        sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.summary)
        return f"<ul>{sentences}</ul>{self.compare().to_html(border=0)}"

    def __repr__(self) -> str:
        return (
            f"AuditReport(models={[*self.models]}, n_rows={self.n_rows}, "
            f"confidence={self.confidence:g})"
        )
