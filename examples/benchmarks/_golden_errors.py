"""Bad input for `golden.py`: each case raises, and what it raises is recorded."""

from functools import partial

import numpy as np
import pandas as pd
from _golden import table
from sklearn.linear_model import LinearRegression, LogisticRegression
from skorch.callbacks import EpochTimer

import fairrep
from fairrep import (
    AuditReport,
    MIDebiasedClassifier,
    MIDebiasedClassifierCV,
    MIFairTransformer,
    TradeoffDisplay,
    audit,
    certify,
    lambda_path,
)
from fairrep.auditing import CalibrationByGroupDisplay, LeakageDisplay, proxies
from fairrep.datasets import load_adult, load_german, make_biased_classification
from fairrep.metrics import demographic_parity_scorer, fairness_report

N = 200
X, y, s = (part[:N] for part in table("binary")[0])
THREE = table("three")[0].part(slice(N))
CODES = {"bottleneck": "discrete"}
ODD = np.arange(N) % 2


def with_value(values, value):
    changed = np.array(values, dtype=float)
    changed[(3,) * changed.ndim] = value
    return changed


def fit(make=MIDebiasedClassifier, X=X, y=y, s=s, weight=None, **params):
    model = make(**({"max_epochs": 1, "random_state": 0} | params))
    return model.fit(X, y, sensitive_features=s, sample_weight=weight)


bad_fit = partial(partial, fit, MIDebiasedClassifier)
bad_choice = partial(partial, fit, MIDebiasedClassifierCV)
bad_transformer = partial(partial, fit, MIFairTransformer)


def bad_path(y=y, s=s, **params):
    return partial(
        lambda_path,
        X,
        y,
        sensitive_features=s,
        **({"max_epochs": 1, "random_state": 0} | params),
    )


def use(method, *args, make=MIDebiasedClassifier):
    return lambda: getattr(fit(make), method)(*args)


def bad_audit(model=None, X=X, y=y, s=s, **options):
    def call():
        given = LogisticRegression().fit(table("binary")[0].X, table("binary")[0].y)
        return audit(
            given if model is None else model, X, y, sensitive_features=s, **options
        )

    return call


def bad_certificate(codes=ODD, s=s, **options):
    return partial(certify, codes, s, **options)


def bad_report(y=y, predicted=ODD, s=s, **options):
    return partial(fairness_report, y, predicted, sensitive_features=s, **options)


dates = pd.DataFrame({"day": pd.date_range("2020", periods=N)})
frame = pd.DataFrame(X).add_prefix("x")

ERRORS = {
    # fit: rows
    "short S": bad_fit(s=s[:-1]),
    "short y": bad_fit(y=y[:-1]),
    "no rows": bad_fit(X[:0], y[:0], s[:0]),
    "one group": bad_fit(s=np.zeros(N)),
    "identifier": bad_fit(s=[f"id {i}" for i in range(N)]),
    "S equals y": bad_fit(s=y),
    "S of names": bad_fit(s=["sex"]),
    "S of no columns": bad_fit(s=pd.DataFrame(index=range(N))),
    "S of two columns of a name": bad_fit(
        s=pd.DataFrame(np.c_[s, ODD], columns=["a", "a"])
    ),
    "S missing": bad_fit(s=with_value(s, np.nan)),
    "S missing in all rows": bad_fit(s=[None] * N, missing_sensitive="mask"),
    "S infinite": bad_fit(s=with_value(X[:, 0], np.inf)),
    "no S": bad_fit(s=None),
    "X infinite": bad_fit(X=with_value(X, np.inf)),
    "X of strings": bad_fit(X=np.full((N, 2), "a")),
    "X of dates": bad_fit(X=dates),
    "X 1-d": bad_fit(X=X[:, 0]),
    "X 3-d without encoder": bad_fit(X=X.reshape(N, 2, 5)),
    "one class": bad_fit(y=np.ones(N)),
    "y missing": bad_fit(y=with_value(y, np.nan)),
    "y continuous": bad_fit(y=X[:, 0]),
    "y of two columns": bad_fit(y=np.c_[y, y]),
    "no y": bad_fit(y=None),
    "other order of rows": bad_fit(
        X=pd.DataFrame(X), y=pd.Series(y), s=pd.Series(s)[::-1]
    ),
    "negative weight": bad_fit(weight=-np.ones(N)),
    "weights of zero": bad_fit(weight=np.zeros(N)),
    "short weights": bad_fit(weight=np.ones(3)),
    "no row with S": bad_fit(
        s=np.where(y == 1, None, s.astype(object)),
        missing_sensitive="mask",
        criterion="equal_opportunity",
    ),
    "one group a class": bad_fit(
        s=np.where(y == 1, 1, ODD), criterion="equal_opportunity"
    ),
    "opportunity of three": bad_fit(*THREE, criterion="equal_opportunity"),
    # fit: parameters
    **{
        f"{name}={value!r}": bad_fit(**{name: value})
        for name, value in [
            ("lambda_mi", -1),
            ("lambda_mi", "1"),
            ("criterion", "parity"),
            ("mi_estimator", "knn"),
            ("mi_target", "score"),
            ("bottleneck", "vib"),
            ("n_components", 0),
            ("n_members", "some"),
            ("noise_std", 0),
            ("hidden_layer_sizes", (0,)),
            ("hidden_layer_sizes", [[1]]),
            ("dropout", 1),
            ("numeric_embedding", "periodic"),
            ("encoder", 3),
            ("estimator", LinearRegression()),
            ("group_weights", "uniform"),
            ("sensitive_combination", "both"),
            ("missing_sensitive", "drop"),
            ("class_weight", "even"),
            ("class_weight", {7: 1.0}),
            ("warmup_epochs", 1),
            ("validation_fraction", 0.9),
            ("calibration_fraction", 0.3),
            ("device", "tpu9"),
            ("random_state", "x"),
            ("batch_size", 0),
            ("learning_rate", float("nan")),
        ]
    },
    "early stopping on nothing": bad_fit(early_stopping=True, validation_fraction=0),
    "early stopping on a row": bad_fit(
        X[:20], y[:20], s[:20], early_stopping=True, validation_fraction=0.05
    ),
    "prediction of codes": bad_fit(mi_target="prediction", **CODES),
    "members of codes": bad_fit(n_members=4, **CODES),
    "more codes than rows": bad_fit(n_codes=N + 1, **CODES),
    "certificate of few rows": bad_fit(
        X[:30], y[:30], s[:30], calibration_fraction=0.1, **CODES
    ),
    "diverges": bad_fit(learning_rate=1e30, n_members=1, hidden_layer_sizes=()),
    "transformer: class weight": bad_transformer(y=X[:, 0], class_weight="balanced"),
    "transformer: odds without y": bad_transformer(y=None, criterion="equalized_odds"),
    "transformer: index": bad_transformer(output="index"),
    "transformer: output": bad_transformer(output="code"),
    # after fit
    "unfitted predict": lambda: MIDebiasedClassifier().predict(X),
    "unfitted transform": lambda: MIFairTransformer().transform(X),
    "unfitted save": lambda: MIDebiasedClassifier().save("nowhere"),
    "unfitted names": lambda: MIFairTransformer().get_feature_names_out(),
    "no certificate": lambda: fit().certificate_,
    "no estimator": lambda: fit().estimator_,
    "fewer columns": use("predict", X[:, :-1]),
    "other columns": lambda: fit(X=frame).predict(frame.rename(columns={"x0": "z"})),
    "fewer named columns": lambda: fit(X=frame).predict(frame.drop(columns="x1")),
    "text for numbers": lambda: fit(X=frame).predict(frame.assign(x0="a")),
    "save with callbacks": lambda: fit(callbacks=[EpochTimer()]).save("nowhere"),
    "load nothing": lambda: fairrep.load("no/such/folder"),
    "load_model of nothing": lambda: fairrep.load_model("no/such.skops"),
    "load_model of another kind": lambda: fairrep.load_model("model.txt"),
    # paths
    "path: lambda_mi": bad_path(lambda_mi=1.0),
    "path: unknown": bad_path(colour="red"),
    "path: descending": bad_path(lambdas=[2, 1]),
    "path: negative": bad_path(lambdas=[-1, 1]),
    "path: empty": bad_path(lambdas=[]),
    "path: infinite": bad_path(lambdas=[0, np.inf]),
    "path: one lambda": bad_path(n_lambdas=1),
    "path: no S": bad_path(s=None),
    "path: one class": bad_path(y=np.ones(N)),
    "path: outside": lambda: bad_path(lambdas=[1, 2])().predict(X, 3.0),
    "path: text": lambda: bad_path(lambdas=[1, 2])().at("1"),
    "path: gap": lambda: bad_path(lambdas=[1, 2])().figures(gap="parity"),
    "path: scoring": lambda: bad_path(lambdas=[1, 2])().figures(scoring="best"),
    "choice: nothing held out": bad_choice(validation_fraction=0),
    "choice: no S": bad_choice(s=None),
    "choice: no S, splits": bad_choice(s=None, cv=2),
    "choice: max_gap": bad_choice(max_gap=2),
    "choice: gap": bad_choice(gap="parity"),
    "choice: scoring": bad_choice(scoring="best"),
    "choice: confidence": bad_choice(confidence=0.3),
    "choice: a split": bad_choice(cv=1),
    "choice: empty split": bad_choice(cv=[(np.arange(N), [])]),
    "choice: lambdas": bad_choice(lambdas=[3, 1]),
    "choice: cell without rows": bad_choice(
        s=np.r_[np.zeros(N - 3), np.ones(3)], criterion="equalized_odds"
    ),
    "choice: unfitted": lambda: MIDebiasedClassifierCV().set_lambda(1),
    "choice: outside": lambda: fit(
        MIDebiasedClassifierCV, lambdas=[0, 1], max_gap=1
    ).set_lambda(3),
    "display: of another": lambda: TradeoffDisplay.from_estimator(fit()),
    "display: unfitted": lambda: TradeoffDisplay.from_estimator(
        MIDebiasedClassifierCV()
    ),
    "display: no rows": lambda: TradeoffDisplay(
        pd.DataFrame(), score_name="a", gap_name="b"
    ).add("fit", fit()),
    "display: no scores": lambda: CalibrationByGroupDisplay.from_predictions(
        y, 9 * X[:, 0], sensitive_features=s
    ),
    "display: no leakage": lambda: LeakageDisplay([], "s"),
    # measurements
    "certify: continuous": bad_certificate(s=X[:, 0]),
    "certify: one group": bad_certificate(s=np.zeros(N)),
    "certify: few rows": bad_certificate(s=np.r_[np.zeros(N - 3), np.ones(3)]),
    "certify: few rows of a class": bad_certificate(y=np.r_[np.zeros(N - 3), [1] * 3]),
    "certify: fractions": bad_certificate(X[:, 0]),
    "certify: one-hot": bad_certificate(np.eye(2)[ODD]),
    "certify: no rows": bad_certificate([], []),
    "certify: missing code": bad_certificate(with_value(ODD, np.nan)),
    "certify: missing S": bad_certificate(s=with_value(s, np.nan)),
    "certify: short S": bad_certificate(s=s[:-1]),
    "certify: confidence": bad_certificate(confidence=0.2),
    "audit: no y": bad_audit(y=None),
    "audit: short y": bad_audit(y=y[:-1]),
    "audit: unseen label": bad_audit(y=y + 1),
    "audit: one group": bad_audit(s=np.zeros(N)),
    "audit: missing": bad_audit(s=with_value(s, np.nan)),
    "audit: draws": bad_audit(n_bootstrap=1),
    "audit: confidence": bad_audit(confidence=1),
    "audit: missing=": bad_audit(missing="mask"),
    "audit: class": bad_audit(pos_label=5),
    "audit: no model": bad_audit([]),
    "audit: a text": bad_audit("model"),
    "audit: unfitted": bad_audit(LogisticRegression()),
    "audit: unfitted of fairrep": bad_audit(MIDebiasedClassifier()),
    "audit: regression": bad_audit(LinearRegression().fit(X, y)),
    "audit: scores": lambda: AuditReport.from_predictions(
        y, ODD, y_score=X, sensitive_features=s
    ),
    "audit: nothing": lambda: AuditReport.from_predictions(
        None, None, sensitive_features=s
    ),
    "report: probabilities": bad_report(predicted=X[:, 0]),
    "report: class": bad_report(pos_label=5),
    "report: three": bad_report(THREE.y, THREE.y, THREE.sensitive),
    "report: short": bad_report(predicted=ODD[:-1]),
    "report: missing S": bad_report(s=with_value(s, np.nan)),
    "report: weights": bad_report(sample_weight=-np.ones(N)),
    "report: group without weight": bad_report(sample_weight=(s == 1) * 1.0),
    "scorer: no S": lambda: demographic_parity_scorer(fit(), X, y),
    "scorer: three": lambda: demographic_parity_scorer(
        LogisticRegression().fit(THREE.X, THREE.y),
        *THREE[:2],
        sensitive_features=THREE.sensitive,
    ),
    "scorer: request": lambda: demographic_parity_scorer.set_score_request(groups=True),
    "proxies: short": partial(proxies, X, pd.Series(s[:-1])),
    "proxies: missing": partial(proxies, X, pd.Series(with_value(s, np.nan))),
    "proxies: dates": partial(proxies, dates, pd.Series(s)),
    "figures: model": lambda: bad_audit(leakage=False)().figures(model="other"),
    "figures: column": lambda: bad_audit(leakage=False)().figures(sensitive="other"),
    "data: subset": partial(load_adult, subset="half"),
    "data: column": partial(load_german, sensitive="colour"),
    "data: kind": partial(make_biased_classification, sensitive="some"),
    "data: information": partial(make_biased_classification, mi_xs=9),
    "data: proportions": partial(
        make_biased_classification,
        sensitive="categorical",
        group_proportions=[1, 1, 1],
    ),
}
