"""`fairrep tradeoff`: the whole curve on test rows, as a table and a picture."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from .._inputs.encoding import TableEncoder
from .._storage.folder import check_folder
from .._tradeoff.cv import MIDebiasedClassifierCV
from .._tradeoff.display import TradeoffDisplay
from .._utils.plotting import check_picture, save_picture
from ..metrics._intervals import compared
from ..metrics._report import other_word, sentence_of_class
from .output import check_outputs, fit_or_leave, progress, tell, write_rows
from .read import positive_named, read_and_split

NOW = "gradient boosting, unconstrained"


def run_tradeoff(
    *,
    data: str,
    target: str,
    sensitive: list[str],
    drop: list[str],
    criterion: str,
    pos_label: str | None,
    bottleneck: str,
    boosted: bool,
    max_gap: float,
    lambda_mi: float | None,
    cv: int | None,
    test_size: float,
    missing: str,
    seed: int,
    output: Path,
    reading: dict[str, Any],
    classes: bool,
    force: bool,
    escape_formulas: bool,
    holdout: Path | None = None,
    model: Path | None = None,
    max_epochs: int | None = None,
) -> None:
    """Train a path, choose on it, and set it against gradient boosting on test rows.

    The choice, or the point of the curve nearest to ``lambda_mi``, is saved where
    ``model`` says, and the test rows where ``holdout`` says.
    """
    check_picture(output)
    outputs = {"--output": output, "--holdout": holdout}
    check_outputs([data], outputs, force=force)
    if model is not None:
        check_folder(model)
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
    options: dict[str, Any] = {} if max_epochs is None else {"max_epochs": max_epochs}
    now = make_pipeline(
        TableEncoder(), HistGradientBoostingClassifier(random_state=seed)
    )
    clf = MIDebiasedClassifierCV(
        estimator=now if boosted else None,
        criterion=criterion,
        pos_label=positive,
        bottleneck=bottleneck,
        max_gap=max_gap,
        cv=cv,
        random_state=seed,
        verbose=progress(),
        **options,
    )
    with threadpool_limits(1):
        n_rows = f"{len(train[1]):,} rows of {data}"
        tell(f"Training a single net that serves all lambdas on {n_rows}")
        with warnings.catch_warnings():
            if lambda_mi is not None:  # what is wrong with the choice is of no interest
                warnings.filterwarnings("ignore", category=ConvergenceWarning)
            fit_or_leave(clf, *train)
        taken = clf.best_index_
        if lambda_mi is not None:
            lambdas = clf.lambda_path_.lambdas
            taken = int(np.abs(lambdas - lambda_mi).argmin())
            clf.set_lambda(lambdas[taken])
        if model is not None:
            clf.set_params(verbose=0).save(model)
        tell("Training gradient boosting on the same rows, for comparison")
        now.fit(*train[:2])
        tell(f"Measuring both on {len(test[1]):,} test rows")
        display = TradeoffDisplay.from_estimator(
            clf, test[0], test[1], sensitive_features=test[2], plot=False
        ).add(NOW, now)
    how = "chosen" if lambda_mi is None else "taken by hand"
    print(_table(display, taken, how, clf.confidence))
    print(_sentence(display, taken))
    greater = clf.classes_[-1]
    if (other := other_word(clf.classes_.tolist(), positive, greater)) is not None:
        print(sentence_of_class(str(greater), other))
    if model is not None:
        print(f"Model: {model}, at lambda_mi={clf.lambda_:.3g}")
    display.plot()
    save_picture(display.figure_, output, dpi=150)


def _table(display: TradeoffDisplay, taken: int, how: str, confidence: float) -> str:
    curve = display.figures.assign(model="")
    curve.loc[curve.index[taken], "model"] = f"<- {how}"
    rows = pd.concat([curve, display.others.assign(model=NOW)], ignore_index=True)
    shown = pd.DataFrame(
        {
            "lambda_mi": [
                "" if np.isnan(value) else f"{value:.3g}" for value in rows["lambda_mi"]
            ],
            display.score_name: _with_limits(rows, "score"),
            display.gap_name: _with_limits(rows, "gap"),
            "": rows["model"],
        }
    )
    if "certified_gap" in curve:
        limits = [f"{limit:.3f}" for limit in curve["certified_gap"]]
        shown.insert(3, "certified gap", [*limits, *[""] * len(display.others)])
    one, both = f"{confidence:.0%}", f"{2 * confidence - 1:.0%}"
    return (
        "On test rows, which trained and chose nothing. In brackets the lower and the "
        f"upper limit, one-sided:\neach holds with {one}, both with {both}. `fairrep "
        f"audit` gives two-sided intervals of 95%, which are wider on the same rows.\n"
        f"{shown.to_string(index=False)}\n"
    )


def _with_limits(rows: pd.DataFrame, name: str) -> list[str]:
    return [_figure(row, name) for _, row in rows.iterrows()]


def _figure(row: pd.Series, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{row[name]:.3f} ({low:.3f} to {high:.3f})"


def _sentence(display: TradeoffDisplay, taken: int) -> str:
    new, old = display.figures.iloc[taken], display.others.loc[NOW]
    compared = [
        f"{title} {_figure(new, name)} against {_figure(old, name)}, "
        f"{_verdict(new, old, name)}"
        for name, title in [("gap", display.gap_name), ("score", display.score_name)]
    ]
    return (
        f"lambda_mi={new['lambda_mi']:.3g} against gradient boosting: "
        f"{'; '.join(compared)}."
    )


def _verdict(new: pd.Series, old: pd.Series, name: str) -> str:
    columns = [name, f"{name}_low", f"{name}_high"]
    return compared(new[columns], old[columns]) or "no difference beyond the limits"
