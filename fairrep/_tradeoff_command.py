"""What `fairrep tradeoff` does: the curve on test rows, as a table and a picture."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from ._commands import fit_or_leave, progress, tell
from ._cv import MIDebiasedClassifierCV
from ._data import read_and_split
from ._inputs import TableEncoder
from ._model_folder import check_folder
from ._plotting import check_picture, save_picture
from ._tradeoff import TradeoffDisplay

NOW = "gradient boosting, unconstrained"


def run_tradeoff(
    *,
    data: str,
    target: str,
    sensitive: list[str],
    drop: list[str],
    criterion: str,
    bottleneck: str,
    boosted: bool,
    max_gap: float,
    cv: int | None,
    test_size: float,
    missing: str,
    seed: int,
    output: Path,
    model: Path | None = None,
    max_epochs: int | None = None,
) -> None:
    """Train a path, choose on it, and set it against gradient boosting on test rows.

    The choice is saved where ``model`` says.
    """
    check_picture(output)
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
    )
    options: dict[str, Any] = {} if max_epochs is None else {"max_epochs": max_epochs}
    now = make_pipeline(
        TableEncoder(), HistGradientBoostingClassifier(random_state=seed)
    )
    clf = MIDebiasedClassifierCV(
        estimator=now if boosted else None,
        criterion=criterion,
        bottleneck=bottleneck,
        max_gap=max_gap,
        cv=cv,
        random_state=seed,
        verbose=progress(),
        **options,
    )
    with threadpool_limits(1):
        tell(f"Training one net for every lambda on {len(train[1]):,} rows of {data}")
        fit_or_leave(clf, *train)
        if model is not None:
            clf.set_params(verbose=0).save(model)
        tell("Training gradient boosting on the same rows, for comparison")
        now.fit(*train[:2])
        tell(f"Measuring both on {len(test[1]):,} test rows")
        display = TradeoffDisplay.from_estimator(
            clf, test[0], test[1], sensitive_features=test[2], plot=False
        ).add(NOW, now)
    print(_table(display, clf))
    print(_sentence(display, clf))
    if model is not None:
        print(f"Model: {model}, at lambda_mi={clf.lambda_:.3g}")
    display.plot()
    save_picture(display.figure_, output, dpi=150)


def _table(display: TradeoffDisplay, clf: MIDebiasedClassifierCV) -> str:
    curve = display.figures.assign(model="")
    curve.loc[curve.index[clf.best_index_], "model"] = "<- chosen"
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
    percent = f"{clf.confidence:.0%}"
    return (
        "On test rows, which trained and chose nothing; in brackets limits that hold "
        f"with {percent} each\n{shown.to_string(index=False)}\n"
    )


def _with_limits(rows: pd.DataFrame, name: str) -> list[str]:
    columns = rows[[name, f"{name}_low", f"{name}_high"]].to_numpy(dtype=float)
    return [f"{v:.3f} ({low:.3f} to {high:.3f})" for v, low, high in columns]


def _sentence(display: TradeoffDisplay, clf: MIDebiasedClassifierCV) -> str:
    chosen = display.figures.iloc[clf.best_index_]
    now = display.others.loc[NOW]
    return (
        f"Against gradient boosting, lambda_mi={clf.lambda_:.3g} brings the "
        f"{display.gap_name} from {now['gap']:.3f} to {chosen['gap']:.3f} and the "
        f"{display.score_name} from {now['score']:.3f} to {chosen['score']:.3f}."
    )
