"""Measure models, or predictions as they come, on rows whose groups are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ..._certificates.from_counts import Certificate, count_rows, from_counts
from ..._inputs.encoding import TableEncoder
from ..._inputs.groups import Groups
from ..._inputs.tables import as_pandas, check_row_order, take_rows
from ...metrics._paired import paired_changes
from .attacks.leakage import Leakage, measure_leakage, measure_reference
from .attacks.order import order_p_value
from .attacks.proxies import proxies as rank_proxies
from .attacks.proxies import with_given_others
from .attacks.replaced import Donors, Replaced, find_donors
from .findings import CHANGES, Findings, ModelAudit
from .models import positive_of, read_model
from .options import Options
from .provenance import Provenance
from .rows import Rows
from .subjects import REPRESENTATION, Subject, read_array, read_predictions
from .verdicts import check_limits

MISSING = -1e9  # below what a coded row holds otherwise
MIN_CELL = 30  # rows of a group and label, for a certificate given y


def measure_models(
    estimator: Any,
    X: Any = None,
    y: Any = None,
    *,
    sensitive_features: Any = None,
    sensitive_probabilities: Any = None,
    pos_label: Any = None,
    **options: Any,
) -> Findings:
    """The findings of `audit`, which has the parameters."""
    chosen = Options(**options)
    given = sensitive_features, sensitive_probabilities
    if X is None:
        view = read_array(estimator, y)
        check_row_order(X=estimator, sensitive_features=sensitive_features)
        rows = chosen.read_rows(*given, len(view))
        return _measure([view], None, rows, chosen)
    check_row_order(
        X=X,
        y=y,
        sensitive_features=sensitive_features,
        sensitive_probabilities=sensitive_probabilities,
    )
    y = as_pandas(y)
    n_rows = np.shape(X)[0]
    if y is not None and np.shape(y)[:1] != (n_rows,):
        raise ValueError(
            f"y has {len(np.atleast_1d(y))} rows and X has {n_rows}; expected the same "
            "number, in the same order."
        )
    rows = chosen.read_rows(*given, n_rows)
    models = _named(estimator)
    if pos_label is None:
        pos_label = positive_of(models)
    subjects = [
        read_model(name, model, X, y, pos_label) for name, model in models.items()
    ]
    return _measure(subjects, X, rows, chosen)


def measure_predictions(
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
        sensitive_probabilities=sensitive_probabilities,
    )
    subject = read_predictions(
        name, y_true, y_pred, y_score, representation, labels, pos_label
    )
    rows = chosen.read_rows(sensitive_features, sensitive_probabilities, len(subject))
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
    subjects: Sequence[Subject],
    X: Any,
    rows: Rows,
    options: Options,
) -> Findings:
    if not rows.attributes and not any(subject.pos_labels for subject in subjects):
        raise ValueError(
            "A representation is audited by what attackers read from it, which needs "
            "groups that are known: expected sensitive_features; got "
            "sensitive_probabilities alone."
        )
    features, notes = _features(X, rows, options)
    # The same draws for each model, and for the proxies: what is said of one does not
    # depend on which others are audited.
    seed = options.draw_seed()
    with tqdm(
        total=_n_steps(subjects, rows, features, options),
        unit="step",
        leave=False,
        disable=not options.verbose,
    ) as bar:
        of_features = _attack_features(features, rows, options, seed, bar)
        models = {
            subject.name: _audit_of(
                subject, features, rows, of_features, options, seed, bar
            )
            for subject in subjects
        }
        changes = _changes(subjects, models, rows, options, seed)
    attacked = rows.singles if options.leakage else []
    return Findings(
        models,
        of_features.proxies,
        {a.name: order_p_value(a.groups.series) for a in attacked},
        n_rows=rows.n_audited,
        n_dropped=rows.n_rows - rows.n_audited,
        n_unknown=rows.n_unknown,
        confidence=options.confidence,
        n_bootstrap=options.n_bootstrap,
        min_group_size=options.min_group_size,
        changes=changes,
        limits=check_limits(options.limits, leakage=options.leakage),
        notes=notes,
        provenance=Provenance.now(
            rows=rows.fingerprint,
            models={subject.name: subject.provenance for subject in subjects},
            options=options.said,
            about=options.about,
        ),
    )


def _features(X: Any, rows: Rows, options: Options) -> tuple[Any, list[str]]:
    """X where its columns can be attacked one by one, and why not where they can't."""
    if not options.leakage or X is None or not rows.attributes:
        return None, []
    if np.ndim(X) > 2:
        return None, [
            f"X has {np.ndim(X)} dimensions, as images have: what its columns tell of "
            "the sensitive attribute was not measured."
        ]
    return X, []


@dataclass(frozen=True)
class OfFeatures:
    """What the columns of X tell of S, by attribute.

    Parameters
    ----------
    proxies : dict of str to DataFrame
        Column by column.
    references : dict of str to Leakage
        Together, which is the mark that views are compared with.
    donors : Donors or None
        Rows whose values the columns take where they are replaced.
    """

    proxies: dict[str, pd.DataFrame]
    references: dict[str, Leakage]
    donors: Donors | None


def _attack_features(
    features: Any, rows: Rows, options: Options, seed: int, bar: tqdm
) -> OfFeatures:
    if features is None:
        return OfFeatures({}, {}, None)
    proxies: dict[str, pd.DataFrame] = {}
    for attribute in rows.singles:
        bar.set_description(f"proxies of {attribute.name}")
        proxies[attribute.name] = rank_proxies(
            take_rows(features, attribute.rows),
            attribute.groups.series,
            random_state=seed,
        )
        bar.update()
    coded = TableEncoder().fit(features).code(features)
    # Trees cut codes as they cut numbers; what is missing lies below them all.
    seen = np.nan_to_num(coded.reshape(len(coded), -1), nan=MISSING)
    donors = _donors(features, seen, proxies, seed)
    references = {}
    for attribute in rows.singles:
        bar.set_description(f"attack on {attribute.name} in X")
        found = measure_reference(
            seen[attribute.rows],
            attribute.groups.series,
            name="X",
            replaced=donors.replaced(seen, np.asarray).take(attribute.rows),
            **options.drawn(seed),
        )
        references[attribute.name] = found
        table = with_given_others(proxies[attribute.name], found.given_others)
        proxies[attribute.name] = table
        bar.update()
    return OfFeatures(proxies, references, donors)


def _audit_of(
    subject: Subject,
    features: Any,
    rows: Rows,
    of_features: OfFeatures,
    options: Options,
    seed: int,
    bar: tqdm,
) -> ModelAudit:
    """All that is found of one model."""
    model = ModelAudit(
        subject.name,
        mi_estimate=subject.mi_estimate,
        other_word=subject.other_word,
        share_seen=subject.share_seen,
    )
    known = [(a.groups, subject.take(a.rows)) for a in rows.attributes]
    probable = [(a.groups, subject.take(a.rows)) for a in rows.probable]
    for pos_label in subject.pos_labels:
        for groups, part in known:
            bar.set_description(f"figures by {groups.name}")
            figures = part.figures(
                groups,
                pos_label,
                min_group_size=options.min_group_size,
                not_compared=options.not_compared,
                n_bootstrap=options.n_bootstrap,
                confidence=options.confidence,
                random_state=np.random.RandomState(seed),
            )
            model.figures.append(figures)
            bar.update()
        for weights, part in probable:
            bar.set_description(f"figures by {weights.name}")
            figures = part.probable_figures(
                weights,
                pos_label,
                min_group_size=options.min_group_size,
                not_compared=options.not_compared,
                confidence=options.confidence,
            )
            model.figures.append(figures)
            bar.update()
    replaced = _replaced(subject, features, of_features.donors)
    for attribute in rows.singles if options.leakage else []:
        of_x = of_features.references.get(attribute.name)
        beside = {} if of_x is None else {"X": of_x}
        model.leakage[attribute.name] = views = []
        for name, (view, requests) in subject.take(attribute.rows).views().items():
            bar.set_description(f"attacks on {attribute.name} in the {name}")
            changed = None
            if name == REPRESENTATION and replaced is not None:
                changed = replaced.take(attribute.rows)
            leakage = measure_leakage(
                view,
                attribute.groups.series,
                name=name,
                requests=requests,
                replaced=changed,
                **options.drawn(seed),
            )
            views.append(replace(leakage, references=beside))
            bar.update()
    for groups, part in known:
        certificate = _certificate_of(part, groups, options)
        if certificate is not None:
            model.certificates[groups.name] = certificate
    return model


def _changes(
    subjects: Sequence[Subject],
    models: Mapping[str, ModelAudit],
    rows: Rows,
    options: Options,
    seed: int,
) -> pd.DataFrame:
    """What changes from the first model that predicts to the others."""
    found = []
    predicting = [subject for subject in subjects if subject.y_pred is not None]
    classes = [subject.pos_labels for subject in predicting]
    if len(predicting) < 2 or len({*classes}) > 1:
        return pd.DataFrame(columns=CHANGES)
    for attribute in rows.attributes:
        parts = [subject.take(attribute.rows) for subject in predicting]
        figures = [
            f for f in models[parts[0].name].figures if f.attribute == attribute.name
        ]
        for of_class in figures:
            positive = of_class.pos_label
            table = paired_changes(
                (parts[0].y_true == positive).astype(np.int64),
                np.stack([part.y_pred == positive for part in parts]).astype(np.int64),
                attribute.groups.codes,
                compared=of_class.compared,
                confidence=options.confidence,
                rng=np.random.RandomState(seed),
            ).reset_index()
            names = [part.name for part in parts]
            table["model"] = table.pop("classifier").map(names.__getitem__)
            about = {"class": positive, "sensitive": attribute.name}
            found.append(table.assign(**about)[CHANGES])
    return pd.concat(found, ignore_index=True)


def _donors(
    features: Any, seen: NDArray, proxies: dict[str, pd.DataFrame], seed: int
) -> Donors:
    """Rows whose values the columns of X take, the same for all attributes."""
    names = (
        [*features.columns] if hasattr(features, "columns") else range(seen.shape[1])
    )
    shares = pd.concat([table["share"] for table in proxies.values()], axis=1)
    strongest = shares.max(axis=1).sort_values(ascending=False, kind="stable").index
    return find_donors(seen, names, [*strongest], seed)


def _replaced(
    subject: Subject, features: Any, donors: Donors | None
) -> Replaced | None:
    """What the model's representation becomes, if it has one, with columns replaced."""
    if subject.represent is None or donors is None:
        return None
    made = donors.replaced(features, subject.represent)
    return replace(made, views=[*made.views])  # for each attribute once


def _n_steps(
    subjects: Sequence[Subject], rows: Rows, features: Any, options: Options
) -> int:
    """Steps of the bar: a table of figures, an attack on a view, a list of proxies."""
    n_singles = len(rows.singles)
    n_ways = len(rows.attributes) + len(rows.probable)
    n_steps = n_ways * sum(len(subject.pos_labels) for subject in subjects)
    if options.leakage:
        n_steps += n_singles * sum(len(subject.views()) for subject in subjects)
    if features is not None:
        n_steps += 2 * n_singles
    return n_steps


def _certificate_of(
    subject: Subject, groups: Groups, options: Options
) -> Certificate | None:
    """A certificate of codes for the groups of enough rows, if two have as many."""
    sizes = np.bincount(groups.codes)
    large = (sizes >= options.min_group_size)[groups.codes]
    kept, codes = np.unique(groups.codes[large], return_inverse=True)
    if subject.codes is None or len(kept) < 2:
        return None
    groups = replace(groups, names=[groups.names[g] for g in kept], codes=codes)
    y = None if subject.y_true is None else subject.y_true[large]
    if y is not None and pd.crosstab(codes, y).to_numpy().min() < MIN_CELL:
        y = None  # too few rows for equalized odds
    counts = count_rows(subject.codes[large], groups, y)
    return from_counts(counts, confidence=options.confidence)
