"""The cases of `golden.py` that train: classifiers, transformers, paths, choices."""

import math
from copy import deepcopy
from functools import cache, partial
from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import sklearn
import torch
from _golden import losses, of_model, of_picture, quiet, table
from fairlearn.metrics import equalized_odds_difference
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback
from torch import nn

from fairrep import (
    MIDebiasedClassifier,
    MIDebiasedClassifierCV,
    MIFairTransformer,
    TradeoffDisplay,
    lambda_path,
)
from fairrep.metrics import demographic_parity_scorer, equalized_odds_scorer

SHORT = {"max_epochs": 4, "random_state": 0}
CODES = {"bottleneck": "discrete"}
CERTIFIED = {**CODES, "calibration_fraction": 0.3}
SEPARATE, MASK = {"sensitive_combination": "separate"}, {"missing_sensitive": "mask"}
ODDS = {"criterion": "equalized_odds"}
GAPS = [
    f"{name}_difference"
    for name in ["demographic_parity", "equalized_odds", "equal_opportunity"]
]
BOTTLENECKS = ["gaussian", "deterministic", "discrete"]
CRITERIA = ["demographic_parity", "equalized_odds", "equal_opportunity"]
# For each kind of S two tables, and what it takes.
KINDS = {
    "binary": (["adult", "binary"], {}),
    "groups": (["groups", "german_housing"], {}),
    "continuous": (["continuous", "adult_age"], {}),
    "mixed": (["frame", "german_mixed"], {}),
    "crossed": (["adult_two", "german_two"], {}),
    "separate": (["adult_two", "german_two"], SEPARATE),
    "masked": (["adult_masked", "frame_masked"], MASK),
}


# -- parts that are given to a fit -----------------------------------------------


def flat_encoder(shape):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(math.prod(shape), 16), nn.ReLU(), nn.Dropout(0.1)
    )


def module(n_inputs):
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(n_inputs, 12), nn.Tanh())


def boosted():
    return HistGradientBoostingClassifier(max_iter=20, random_state=0)


def frozen(name):
    new = table(name)[1]
    return FrozenEstimator(LogisticRegression().fit(new.X, new.y))


class Interrupt(Callback):
    """Ctrl-C after three epochs."""

    def on_epoch_end(self, net, **_):
        if len(net.history) == 3:
            raise KeyboardInterrupt


# -- one lambda ----------------------------------------------------------------


def fit(make, name, params, **changed):
    """An estimator fitted on a table; parameters that are partial are called first."""
    made = {
        key: value() if isinstance(value, partial) else value
        for key, value in params.items()
    }
    return make(**(SHORT | made)).fit(**(table(name)[0].named | changed))


def fitted(make, name, params, **changed):
    model = fit(make, name, params, **changed)
    encoder = getattr(model, "encoder", None)
    loading = {} if encoder is None else {"encoder": encoder}
    return of_model(model, table(name)[1].X, model.callbacks is None, **loading)


def classifier(name, *param_sets, **params):
    for more in param_sets:
        params = params | more
    return partial(fitted, MIDebiasedClassifier, name, params)


def transformer(name, *, y="given", **params):
    if isinstance(y, str):
        return partial(fitted, MIFairTransformer, name, params)
    return partial(fitted, MIFairTransformer, name, params, y=y)


def pairs():
    """Each kind of S with each bottleneck and criterion, on both of its tables."""
    for (kind, (names, params)), (shift, bottleneck) in product(
        KINDS.items(), enumerate(BOTTLENECKS)
    ):
        for i, name in enumerate(names):
            criterion = CRITERIA[(shift + i + len(kind)) % 3]
            yield (
                f"{kind}, {name}, {bottleneck}, {criterion}",
                classifier(name, params, bottleneck=bottleneck, criterion=criterion),
            )
    for how, bottleneck, criterion in product(
        ["crossed", "separate"], BOTTLENECKS, CRITERIA[:2]
    ):
        yield (
            f"three classes, {how}, {bottleneck}, {criterion}",
            classifier(
                "three",
                bottleneck=bottleneck,
                criterion=criterion,
                sensitive_combination=how,
            ),
        )


OPTIONS = {
    "mine": classifier("adult", mi_estimator="mine"),
    "mine, continuous": classifier("continuous", mi_estimator="mine"),
    "mine, mixed": classifier("frame", ODDS, mi_estimator="mine"),
    "prediction": classifier("adult", mi_target="prediction"),
    "prediction, odds": classifier("three", ODDS, mi_target="prediction"),
    "rescaled": classifier("adult", gradient_rescaling=True),
    "rescaled, ReLU": classifier(
        "groups", gradient_rescaling=True, bottleneck="deterministic", n_members=1
    ),
    "critic steps": classifier("binary", critic_steps=2, critic_batches=2),
    "critic sizes": classifier(
        "frame", critic_hidden_layer_sizes=(8,), critic_learning_rate=0.01
    ),
    "empirical": classifier("groups", group_weights="empirical"),
    "empirical, codes": classifier("adult_two", CODES, group_weights="empirical"),
    "class weight": classifier("german", class_weight="balanced"),
    "class weights": classifier("frame", class_weight={"yes": 3.0, "no": 1.0}),
    "early stopping": classifier(
        "adult", early_stopping=True, n_iter_no_change=2, tol=0.05, max_epochs=8
    ),
    "early stopping, codes": classifier(
        "german", CODES, early_stopping=True, max_epochs=6
    ),
    "interrupted": classifier("binary", callbacks=[Interrupt()]),
    "boosted": classifier("binary", estimator=boosted()),
    "boosted, codes": classifier("german_numbers", CERTIFIED, estimator=boosted()),
    "boosted, three": classifier("three", ODDS, estimator=boosted()),
    "boosted, class weight": classifier(
        "binary", estimator=boosted(), class_weight="balanced"
    ),
    "frozen": classifier("binary", estimator=partial(frozen, "binary")),
    "module": classifier("binary", encoder=partial(module, 10)),
    "module, codes": classifier("groups", CODES, encoder=partial(module, 10)),
    "callable": classifier("frame", encoder=flat_encoder),
    "callable, odds": classifier("three", ODDS, encoder=flat_encoder),
    "images": classifier("images", encoder=flat_encoder),
    "no bins": classifier("adult", numeric_embedding=None),
    "few bins": classifier("adult", n_bins=4, n_members=2),
    "no hidden layer": classifier("german", hidden_layer_sizes=()),
    "no hidden layer, codes": classifier("binary", CODES, hidden_layer_sizes=()),
    "two hidden layers": classifier("binary", hidden_layer_sizes=(16, 8)),
    "two hidden layers, codes": classifier(
        "frame", CODES, hidden_layer_sizes=(16, 8), n_codes=6
    ),
    "one member": classifier("adult", n_members=1, n_components=3, noise_std=0.6),
    "dropout": classifier("binary", dropout=0.1),
    "no dropout": classifier("german", dropout=0, warmup_epochs=0, batch_size=50),
    "certificate": classifier("adult", CERTIFIED, lambda_mi=3.0),
    "certificate, odds": classifier("binary", CERTIFIED, ODDS),
    "certificates": classifier("german_two", CERTIFIED, SEPARATE),
    "certificates, three": classifier("three", CERTIFIED, SEPARATE),
    "certificate, quartiles": classifier("continuous", CERTIFIED),
    "nothing held out": classifier("binary", validation_fraction=0.0, lambda_mi=10),
    "learning rate": classifier("german", learning_rate=0.01, random_state=5),
    "constant rate of positives": classifier("rare"),
}


def inputs():
    """The same rows in other forms: weights, sparse, lists, polars, no S."""
    rows, _ = table("binary")
    weight = np.random.default_rng(1).exponential(size=len(rows.X))
    for name, params, changed in [
        ("weights", {}, {"sample_weight": weight}),
        ("weights, boosted", {"estimator": boosted()}, {"sample_weight": weight}),
        ("weights, codes", CERTIFIED, {"sample_weight": weight}),
        ("no S", {"lambda_mi": 0}, {"sensitive_features": None}),
        ("no S, codes", {"lambda_mi": 0, **CODES}, {"sensitive_features": None}),
        ("unused S", {"lambda_mi": 0}, {}),
        ("sparse", {}, {"X": sparse.csr_matrix(rows.X * (rows.X > 0))}),
        ("lists", {}, {"X": rows.X.tolist(), "y": rows.y.tolist()}),
        ("single precision", {}, {"X": rows.X.astype(np.float32)}),
        ("S in a dict", {}, {"sensitive_features": {"s": rows.sensitive}}),
        ("y of booleans", {}, {"y": rows.y == 1}),
    ]:
        yield name, partial(fitted, MIDebiasedClassifier, "binary", params, **changed)
    yield "polars", of_polars
    yield (
        "RandomState",
        partial(fit_and_predict, random_state=np.random.RandomState(2), max_epochs=3),
    )
    yield "pipeline and search", of_search


def of_polars():
    old, new = table("frame")
    model = MIDebiasedClassifier(**SHORT).fit(
        pl.from_pandas(old.X), old.y, sensitive_features=pl.from_pandas(old.sensitive)
    )
    return of_model(model, pl.from_pandas(new.X))


def fit_and_predict(**params):
    old, new = table("binary")
    model = MIDebiasedClassifier(**params).fit(**old.named)
    return {"proba": model.predict_proba(new.X), "clone": repr(clone(model))}


def of_search():
    old, new = table("german_numbers")
    scoring = {
        "accuracy": "accuracy",
        "parity": demographic_parity_scorer,
        "odds": equalized_odds_scorer,
    }
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            make_pipeline(StandardScaler(), MIDebiasedClassifier(**SHORT)),
            {"midebiasedclassifier__lambda_mi": [0.5, 5]},
            scoring=scoring,
            refit="accuracy",
            cv=2,
        ).fit(old.X, old.y, sensitive_features=old.sensitive)
    results = {k: v for k, v in search.cv_results_.items() if "time" not in k}
    pipeline = search.best_estimator_.set_output(transform="pandas")
    return {"results": results, "frame": pipeline.transform(new.X)} | {
        "proba": pipeline.predict_proba(new.X)
    }


def transformers():
    score = np.exp(table("continuous")[0].X[:, 0])
    yield "classes", transformer("adult")
    yield "classes, odds", transformer("three", **ODDS)
    yield "numbers", transformer("continuous", y=score)
    yield "numbers, codes", transformer("binary", y=table("binary")[0].X[:, 1], **CODES)
    yield "no y", transformer("frame", y=None)
    yield "no y, mine", transformer("adult_age", y=None, mi_estimator="mine")
    yield "no y, codes", transformer("german", y=None, **CODES)
    yield "no y, module", transformer("binary", y=None, encoder=partial(module, 10))
    yield "index", transformer("binary", output="index", **CERTIFIED)
    yield "index, no y", transformer("groups", y=None, output="index", **CERTIFIED)
    yield "certificate", transformer("german_two", **CERTIFIED)
    yield "weights", transformer("german", class_weight="balanced", n_members=2)
    yield "separate", transformer("adult_two", bottleneck="deterministic", **SEPARATE)


# -- all lambdas -----------------------------------------------------------------

GRID = {"lambdas": [0, 0.5, 2, 8]}
FOUND = {"n_lambdas": 5}
PATHS = {
    "grid": ("adult", GRID),
    "range found": ("german", FOUND),
    "range found, codes": ("adult", FOUND | CERTIFIED),
    "grid, codes": ("binary", GRID | CERTIFIED),
    "grid, codes, odds": ("adult", GRID | CERTIFIED | ODDS),
    "grid, odds": ("frame", GRID | ODDS),
    "range found, three": ("three", FOUND | ODDS),
    "range found, continuous": ("continuous", FOUND),
    "opportunity": ("german_mixed", GRID | {"criterion": "equal_opportunity"}),
    "separate": ("adult_two", GRID | SEPARATE),
    "masked": ("frame_masked", GRID | MASK | {"n_members": 1}),
    "separate, codes": ("german_two", GRID | SEPARATE | CODES),
    "ReLU": ("binary", GRID | {"bottleneck": "deterministic", "mi_estimator": "mine"}),
    "prediction": ("binary", FOUND | {"mi_target": "prediction"}),
    "rescaled": ("binary", GRID | {"gradient_rescaling": True, "critic_steps": 2}),
    "early stopping": ("german", GRID | {"early_stopping": True, "tol": 0.02}),
    "interrupted": ("binary", GRID | {"callbacks": [Interrupt()]}),
    "boosted": ("binary", GRID | {"estimator": boosted()}),
    "callable": ("binary", GRID | {"encoder": flat_encoder}),
    "no hidden layer": ("binary", GRID | {"hidden_layer_sizes": (), "dropout": 0.2}),
    "nothing held out": ("binary", GRID | {"validation_fraction": 0}),
    "one lambda": ("binary", {"lambdas": [2.0]}),
}


def path(name, params, **changed):
    return lambda_path(**(table(name)[0].named | SHORT | params | changed))


def of_path(name, params):
    found, (_, new) = path(name, params), table(name)
    middle = float(np.mean(found.lambda_range)) / 2 + found.lambda_range[0] / 2
    point = found.at(middle)
    encoder = params.get("encoder")
    loading = {} if encoder is None else {"encoder": encoder}
    of_point = of_model(point, new.X, "callbacks" not in params, **loading)
    answers = {
        f"{method} at {value:g}": partial(getattr(found, method), new.X, value)
        for method in ["predict", "predict_proba", "transform"]
        for value in [found.lambda_range[0], middle, found.lambda_range[1]]
    }
    gaps = {f"figures of {gap}": partial(found.figures, gap=gap) for gap in GAPS} | {
        "figures of a callable": partial(
            found.figures, gap=equalized_odds_difference, n_bootstrap=10
        )
    }
    X, y, groups = found.held_out_
    return {
        "lambdas": found.lambdas,
        "range": found.lambda_range,
        "text": repr(found),
        "classes": found.classes_,
        "criterion": found.criterion,
        "history": losses(found),
        "held out X": pd.DataFrame(X),
        "held out y": y,
        "held out groups": groups,
        "figures": found.figures,
        "figures of AUC": partial(found.figures, scoring="roc_auc", n_bootstrap=50),
        "figures elsewhere": partial(
            found.figures, [middle], confidence=0.8, random_state=3
        ),
        "estimates": lambda: [found.at(value).mi_estimate_ for value in found.lambdas],
        **gaps,
        **answers,
        **{f"point {key}": value for key, value in of_point.items()},
    }


CHOICES = {
    "hold-out": ("adult", GRID | {"max_gap": 0.2}),
    "hold-out, range found": ("german", FOUND | {"max_gap": 0.3}),
    "limit that cannot be met": ("adult", GRID | {"max_gap": 0.0}),
    "no limit": ("binary", GRID | {"max_gap": 1.0, "scoring": "roc_auc"}),
    "splits": ("adult", GRID | {"cv": 3, "max_gap": 0.15}),
    "splits, range found": ("binary", FOUND | {"cv": 2, "max_gap": 0.4}),
    "splits, odds": ("frame", GRID | ODDS | {"cv": 3, "max_gap": 0.4}),
    "splits, given": (
        "groups",
        GRID | {"cv": StratifiedKFold(2, shuffle=True, random_state=1), "max_gap": 0.6},
    ),
    "odds": ("binary", GRID | ODDS | {"max_gap": 0.3, "validation_fraction": 0.3}),
    "another gap": ("frame", GRID | {"gap": GAPS[1], "max_gap": 0.5}),
    "callable gap": (
        "binary",
        GRID | {"gap": equalized_odds_difference, "max_gap": 0.5, "n_bootstrap": 50},
    ),
    "certificate": ("adult", GRID | CERTIFIED | {"max_gap": 0.2}),
    "certificate, splits": ("binary", GRID | CERTIFIED | {"cv": 2, "max_gap": 0.4}),
    "three classes": ("three", GRID | {"max_gap": 0.9}),
    "continuous": ("continuous", GRID | {"max_gap": 0.5, "confidence": 0.8}),
    "early stopping": ("german", GRID | {"early_stopping": True, "max_gap": 0.3}),
    "boosted, splits": (
        "binary",
        GRID | {"estimator": boosted(), "cv": 2, "max_gap": 0.5},
    ),
}


def of_choice(name, params):
    found, (_, new) = fit(MIDebiasedClassifierCV, name, params), table(name)
    chosen = {
        "lambda": found.lambda_,
        "index": found.best_index_,
        "path": found.path_,
        "results": found.cv_results_,
    }
    chosen |= of_model(found, new.X)
    other = deepcopy(found)
    smallest, largest = other.lambda_path_.lambda_range
    other.set_lambda(smallest + (largest - smallest) / 3)
    moved = {"lambda": other.lambda_} | of_model(other, new.X, saved=False)
    return chosen | {f"moved {key}": value for key, value in moved.items()}


# -- pictures --------------------------------------------------------------------


@cache
@quiet
def chosen(name):
    params = GRID | (CERTIFIED if name == "adult" else {}) | {"max_gap": 0.3}
    return fit(MIDebiasedClassifierCV, name, params)


def of_display(display):
    names = ["score_name", "gap_name", "chosen", "max_gap", "confidence", "constant"]
    return {
        "figures": display.figures,
        "others": display.others,
        **{name: getattr(display, name) for name in names},
        **of_picture(display),
    }


def displays():
    def beside(name):
        new = table(name)[1]
        now = LogisticRegression().fit(*table("binary")[0][:2])
        display = TradeoffDisplay.from_estimator(chosen(name), **new.named)
        return of_display(display.add("now", now) if name == "binary" else display)

    def on_path(**options):
        found = quiet(path)("binary", GRID)
        return of_display(TradeoffDisplay.from_path(found, **options))

    for name in ["adult", "binary"]:
        yield (
            f"of the choice, {name}",
            lambda name=name: of_display(TradeoffDisplay.from_estimator(chosen(name))),
        )
        yield f"new rows, {name}", partial(beside, name)
    yield "of a path", on_path
    yield (
        "of a path, odds",
        partial(on_path, gap=GAPS[1], scoring="roc_auc", n_bootstrap=50),
    )
    yield "of a path, new rows", partial(on_path, **table("binary")[1].named)


def cases():
    yield from ((f"classifier/{name}", case) for name, case in pairs())
    yield from ((f"option/{name}", case) for name, case in OPTIONS.items())
    yield from ((f"input/{name}", case) for name, case in inputs())
    yield from ((f"transformer/{name}", case) for name, case in transformers())
    for name, given in PATHS.items():
        yield f"path/{name}", partial(of_path, *given)
    for name, given in CHOICES.items():
        yield f"choice/{name}", partial(of_choice, *given)
    yield from ((f"display/{name}", case) for name, case in displays())
