"""Measure models, or predictions as they come, on rows whose groups are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from tqdm.auto import tqdm

from ..._certificates.from_counts import Certificate, count_rows, from_counts
from ..._inputs.encoding import TableEncoder
from ..._inputs.groups import (
    Groups,
    crossed,
    present_rows,
    read_groups,
    sensitive_frame,
)
from ..._inputs.tables import as_pandas, check_row_order, take_rows
from ..._utils.types import Codes
from .attacks.leakage import measure_leakage, measure_reference
from .attacks.order import order_p_value
from .findings import Findings, ModelAudit
from .proxies import proxies as rank_proxies
from .subjects import Subject, read_model, read_predictions

MISSING = -1e9  # below what a coded row holds otherwise
MIN_CELL = 30  # rows of a group and label, for a certificate given y


@dataclass(frozen=True)
class Options:
    """The options of `audit` that say how to measure, checked."""

    leakage: bool = True
    min_group_size: int = 30
    not_compared: Sequence[str] = ()
    n_quantiles: int = 4
    n_bootstrap: int = 200
    confidence: float = 0.95
    random_state: Any = None
    missing: str = "raise"
    verbose: Any = 0

    CONSTRAINTS: ClassVar[dict[str, list]] = {
        "leakage": ["boolean"],
        "min_group_size": [Interval(Integral, 1, None, closed="left")],
        "not_compared": [list, tuple, set, frozenset],
        "n_quantiles": [Interval(Integral, 2, None, closed="left")],
        "n_bootstrap": [Interval(Integral, 20, None, closed="left")],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
        "missing": [StrOptions({"raise", "drop"})],
        "verbose": ["verbose"],
    }

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        validate_parameter_constraints(self.CONSTRAINTS, given, caller_name="audit")

    def draw_seed(self) -> int:
        """One seed for all draws: equal models get equal figures."""
        rng = self.random_state
        if not isinstance(rng, np.random.RandomState):
            rng = np.random.RandomState(rng)  # of its own, also for None
        return int(rng.randint(2**31 - 1))


@dataclass(frozen=True)
class Rows:
    """The rows that are measured, and the ways they divide into groups."""

    n_rows: int
    kept: Codes
    attributes: list[Groups]

    @classmethod
    def read(cls, sensitive_features: Any, n_rows: int, options: Options) -> "Rows":
        """Read and check `sensitive_features`."""
        kept = present_rows(sensitive_features, n_rows, options.missing)
        frame = sensitive_frame(sensitive_features, n_rows).iloc[kept]
        columns = read_groups(frame, options.n_quantiles)
        known = [name for column in columns for name in column.names]
        if unknown := [name for name in options.not_compared if name not in known]:
            raise ValueError(
                f"not_compared names {unknown[0]!r}, which is no group of these rows; "
                f"they are {', '.join(dict.fromkeys(known))}."
            )
        several = [crossed(columns)] if len(columns) > 1 else []
        return cls(n_rows, kept, [*columns, *several])

    @property
    def singles(self) -> list[Groups]:
        """The columns one by one."""
        return [attribute for attribute in self.attributes if not attribute.crossed]


def measure_models(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    sensitive_features: Any,
    pos_label: Any = None,
    **options: Any,
) -> Findings:
    """The findings of `audit`, which has the parameters."""
    chosen = Options(**options)
    check_row_order(X=X, y=y, sensitive_features=sensitive_features)
    y = as_pandas(y)
    n_rows = np.shape(X)[0]
    if y is not None and np.shape(y)[:1] != (n_rows,):
        raise ValueError(
            f"y has {len(np.atleast_1d(y))} rows and X has {n_rows}; expected the same "
            "number, in the same order."
        )
    rows = Rows.read(sensitive_features, n_rows, chosen)
    subjects = [
        read_model(name, model, X, y, pos_label)
        for name, model in _named(estimator).items()
    ]
    return _measure(subjects, X, rows, chosen)


def measure_predictions(
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any,
    y_score: Any = None,
    representation: Any = None,
    X: Any = None,
    labels: Any = None,
    pos_label: Any = None,
    name: str = "predictions",
    **options: Any,
) -> Findings:
    """The findings of `AuditReport.from_predictions`, which has the parameters."""
    chosen = Options(**options)
    check_row_order(
        X=X,
        y_true=y_true,
        y_pred=y_pred,
        y_score=y_score,
        representation=representation,
        sensitive_features=sensitive_features,
    )
    subject = read_predictions(
        name, y_true, y_pred, y_score, representation, labels, pos_label
    )
    rows = Rows.read(sensitive_features, len(subject), chosen)
    return _measure([subject], X, rows, chosen)


def _named(estimator: Any) -> dict[str, Any]:
    """Models by name; those of one class are numbered."""
    if isinstance(estimator, Mapping):
        named = {str(name): model for name, model in estimator.items()}
    else:
        models = estimator if isinstance(estimator, (list, tuple)) else [estimator]
        classes = [_class_name(model) for model in models]
        named = {}
        for i, (name, model) in enumerate(zip(classes, models, strict=True)):
            number = (
                f" {classes[: i + 1].count(name)}" if classes.count(name) > 1 else ""
            )
            named[f"{name}{number}"] = model
    if not named:
        raise ValueError("audit got no estimator; expected at least one.")
    return named


def _class_name(model: Any) -> str:
    if hasattr(model, "steps"):  # the last step says more than "Pipeline"
        return _class_name(model.steps[-1][1])
    return (
        _class_name(model.estimator)
        if hasattr(model, "best_estimator_")
        else (type(model).__name__)
    )


def _measure(
    subjects: Sequence[Subject], X: Any, rows: Rows, options: Options
) -> Findings:
    features = take_rows(X, rows.kept) if options.leakage and X is not None else None
    # The same draws for each model, and for the proxies: what is said of one does not
    # depend on which others are audited.
    seed = options.draw_seed()
    drawn: dict[str, Any] = {
        "n_bootstrap": options.n_bootstrap,
        "confidence": options.confidence,
        "random_state": seed,
    }
    models, proxies = {}, {}
    with tqdm(
        total=_n_steps(subjects, rows, features, options),
        unit="step",
        leave=False,
        disable=not options.verbose,
    ) as bar:
        # The mark that views are compared with: what trees read of X itself.
        references = {}
        if features is not None:
            coded = TableEncoder().fit(features).code(features)
            # Trees cut codes as they cut numbers; what is missing lies below them all.
            seen = np.nan_to_num(coded.reshape(len(coded), -1), nan=MISSING)
            for attribute in rows.singles:
                bar.set_description(f"attack on {attribute.name} in X")
                found = measure_reference(seen, attribute.series, name="X", **drawn)
                references[attribute.name] = {"X": found}
                bar.update()
        for subject in subjects:
            subject = subject.take(rows.kept)
            model = ModelAudit(subject.name, mi_estimate=subject.mi_estimate)
            for pos_label in subject.pos_labels:
                for attribute in rows.attributes:
                    bar.set_description(f"figures by {attribute.name}")
                    figures = subject.figures(
                        attribute,
                        pos_label,
                        min_group_size=options.min_group_size,
                        not_compared=options.not_compared,
                        n_bootstrap=options.n_bootstrap,
                        confidence=options.confidence,
                        random_state=np.random.RandomState(seed),
                    )
                    model.figures.append(figures)
                    bar.update()
            for attribute in rows.attributes if subject.has_numbers else []:
                model.regressions[attribute.name] = subject.regression(
                    attribute, options.confidence, _not_compared(attribute, options)
                )
            for attribute in rows.singles if options.leakage else []:
                model.leakage[attribute.name] = views = []
                for name, (view, requests) in subject.views().items():
                    bar.set_description(f"attacks on {attribute.name} in the {name}")
                    leakage = measure_leakage(
                        view, attribute.series, name=name, requests=requests, **drawn
                    )
                    of_x = references.get(attribute.name, {})
                    views.append(replace(leakage, references=of_x))
                    bar.update()
            for attribute in rows.attributes if subject.codes is not None else []:
                certificate = _certificate_of(subject, attribute, options)
                if certificate is not None:
                    model.certificates[attribute.name] = certificate
            models[subject.name] = model
        for attribute in rows.singles if features is not None else []:
            bar.set_description(f"proxies of {attribute.name}")
            proxies[attribute.name] = rank_proxies(
                features, attribute.series, random_state=seed
            )
            bar.update()
    attacked = rows.singles if options.leakage else []
    return Findings(
        models,
        proxies,
        {attribute.name: order_p_value(attribute.series) for attribute in attacked},
        n_rows=len(rows.kept),
        n_dropped=rows.n_rows - len(rows.kept),
        confidence=options.confidence,
        n_bootstrap=options.n_bootstrap,
        min_group_size=options.min_group_size,
    )


def _not_compared(attribute: Groups, options: Options) -> list[str]:
    """The groups that are too small, or are to be left out."""
    sizes = np.bincount(attribute.codes, minlength=len(attribute.names))
    return [
        name
        for name, size in zip(attribute.names, sizes, strict=True)
        if size < options.min_group_size
        or not {name, *name.split(", ")}.isdisjoint(options.not_compared)
    ]


def _n_steps(
    subjects: Sequence[Subject], rows: Rows, features: Any, options: Options
) -> int:
    """Steps of the bar: a table of figures, an attack on a view, a list of proxies."""
    n_singles = len(rows.singles)
    n_steps = sum(len(subject.pos_labels) for subject in subjects) * len(
        rows.attributes
    )
    if options.leakage:
        n_steps += n_singles * sum(len(subject.views()) for subject in subjects)
    if features is not None:
        n_steps += 2 * n_singles
    return n_steps


def _certificate_of(
    subject: Subject, attribute: Groups, options: Options
) -> Certificate | None:
    """A certificate for the groups of at least ``min_group_size`` rows, if two are."""
    sizes = np.bincount(attribute.codes)
    large = (sizes >= options.min_group_size)[attribute.codes]
    kept, codes = np.unique(attribute.codes[large], return_inverse=True)
    if subject.codes is None or len(kept) < 2:
        return None
    groups = replace(attribute, names=[attribute.names[g] for g in kept], codes=codes)
    known = subject.y_true is not None and not subject.has_numbers
    y = subject.y_true[large] if known and subject.y_true is not None else None
    if y is not None and pd.crosstab(codes, y).to_numpy().min() < MIN_CELL:
        y = None  # too few rows for equalized odds
    counts = count_rows(subject.codes[large], groups, y)
    return from_counts(counts, confidence=options.confidence)
