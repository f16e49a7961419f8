"""The data sets of the benchmarks: one function each, in TASKS.

A function takes the seed and the file of COMPAS (None where it isn't given) and returns
the training rows and the test rows. To add a data set, write one and name it in TASKS.
"""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd
from sklearn.model_selection import train_test_split

from fairrep.datasets import load_adult, load_german, make_biased_classification

COMPAS_COLUMNS = [
    "sex",
    "age",
    "race",
    "juv_fel_count",
    "juv_misd_count",
    "juv_other_count",
    "priors_count",
    "c_charge_degree",
]


class Rows(NamedTuple):
    X: pd.DataFrame
    y: pd.Series
    A: pd.Series


class Task(NamedTuple):
    load: Callable[[int, str | None], tuple[Rows, Rows]]
    seeds: int  # how many, from 0
    title: str
    s_in_x: bool = False  # so that every method sees S at prediction


def stratified(X, y, A, seed):
    """A split of 70 to 30, stratified by class and group."""
    halves = train_test_split(
        X,
        y,
        A,
        test_size=0.3,
        random_state=seed,
        stratify=A.astype(str) + y.astype(str),
    )
    return Rows(*halves[::2]), Rows(*halves[1::2])


def adult(sensitive):
    def load(seed, compas):
        return tuple(
            Rows(*load_adult(subset=subset, sensitive=sensitive, return_X_y_s=True))
            for subset in ["train", "test"]
        )

    return load


def german(sensitive):
    def load(seed, compas):
        return stratified(*load_german(sensitive=sensitive, return_X_y_s=True), seed)

    return load


def compas_race(seed, compas):
    """The rows that ProPublica's analysis kept, of the two largest groups."""
    raw = pd.read_csv(compas)
    kept = (
        raw["days_b_screening_arrest"].between(-30, 30)
        & (raw["is_recid"] != -1)
        & (raw["c_charge_degree"] != "O")
        & raw["score_text"].notna()
        & raw["race"].isin(["African-American", "Caucasian"])
    )
    rows = raw[kept]
    X = rows[COMPAS_COLUMNS]
    X = X.astype(dict.fromkeys(X.select_dtypes(exclude="number"), "category"))
    return stratified(X, rows["two_year_recid"], rows["race"], seed)


def synthetic(seed, compas):
    """Small, to try the benchmark itself."""
    X, y, A = make_biased_classification(
        600, mi_xs=0.3, return_X_y_s=True, random_state=seed
    )
    X = pd.DataFrame(X).add_prefix("x")
    return stratified(X, pd.Series(y), pd.Series(A), seed)


TASKS = {
    "adult-sex": Task(
        adult("sex"), 3, "Adult, sex. Official split, sex not among the inputs"
    ),
    "adult-race": Task(
        adult("race"),
        3,
        "Adult, race, five groups. Official split, race not among the inputs",
    ),
    "compas-race": Task(
        compas_race,
        3,
        "COMPAS, race. 70 to 30 by seed, race among the inputs",
        s_in_x=True,
    ),
    "german-sex": Task(
        german("sex"),
        20,
        "German credit, sex. 70 to 30 by seed, sex and marital status not among the "
        "inputs",
    ),
    "german-age": Task(
        german("age_over_25"),
        20,
        "German credit, age above 25. 70 to 30 by seed, age not among the inputs",
    ),
    "synthetic": Task(synthetic, 2, "Synthetic. 70 to 30 by seed"),
}
