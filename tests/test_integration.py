"""The promise, end to end: inside scikit-learn's tools, and the effect itself.

The effect is measured on rows that were not trained on, by an attacker who was not
there in training, on data whose bias is known.
"""

import functools
import itertools

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from fairlearn.metrics import (
    demographic_parity_difference,
    equal_opportunity_difference,
    equalized_odds_difference,
)
from scipy.stats import spearmanr
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from fairrep import MIDebiasedClassifier, MIFairTransformer
from fairrep.datasets import make_biased_classification
from fairrep.metrics import demographic_parity_scorer

# -- the effect ----------------------------------------------------------------

N_TRAIN = 3000
GAPS = {
    "demographic_parity": demographic_parity_difference,
    "equalized_odds": equalized_odds_difference,
    "equal_opportunity": equal_opportunity_difference,
}
KINDS = ["binary", "rare group", "crossed", "separate", "continuous", "mixed"]


@functools.cache
def biased_data(kind, seed=0):
    """Data whose X tells S apart within the classes too: DP and EO differ."""
    sensitive = {
        "rare group": {
            "sensitive": "categorical",
            "group_proportions": (0.55, 0.33, 0.12),
        },
        "crossed": {"sensitive": "categorical", "n_groups": 4},
        "separate": {"sensitive": "categorical", "n_groups": 4},
        "continuous": {"sensitive": "continuous"},
        "mixed": {"sensitive": "continuous"},
    }
    X, y, s = make_biased_classification(
        N_TRAIN + 8000,
        n_features=6,
        mi_xs=0.3,
        merit_effect=3.0,
        proxy_effect=3.0,
        random_state=seed,
        return_X_y_s=True,
        **sensitive.get(kind, {}),
    )
    if kind in ("crossed", "separate"):
        A = pd.DataFrame({"left": s // 2, "right": np.where(s % 2, "u", "v")})
    elif kind == "mixed":
        noise = np.random.RandomState(seed).logistic(size=len(s))
        A = pd.DataFrame({"age": s, "retired": 2 * s + noise > 0})
    else:
        A = pd.DataFrame({"s": s})
    return X, y, A


@functools.cache
def released(kind, lambda_mi, fitted_for="demographic_parity", seed=0, **params):
    """z, prediction, y and S of rows not trained on."""
    X, y, A = biased_data(kind, seed)
    train, test = slice(N_TRAIN), slice(N_TRAIN, None)
    model = MIDebiasedClassifier(
        lambda_mi,
        criterion=fitted_for,
        sensitive_combination="separate" if kind == "separate" else "crossed",
        hidden_layer_sizes=(64,),
        critic_hidden_layer_sizes=(32,),
        batch_size=192,
        max_epochs=20,
        # The data are linear, and few of some cells: bins would only fit their noise.
        numeric_embedding=None,
        random_state=seed,
        # Where S is continuous, the default of three triples the time of a fit.
        critic_batches=1,
        **{"critic_steps": 3, **params},
    ).fit(X[train], y[train], sensitive_features=A[train])
    return model.transform(X[test]), model.predict(X[test]), y[test], A[test]


@functools.cache
def leak(criterion, *args, **params):
    """What a fresh attacker finds in z; of S given y where that is the criterion."""
    Z, _, y, A = released(*args, **params)
    if criterion == "demographic_parity":
        return attack(Z, A)
    classes = (0, 1) if criterion == "equalized_odds" else (1,)
    return max(attack(Z[y == label], A[y == label]) for label in classes)


def gap(criterion, kind, *args, **params):
    """The gap between groups, or between the thirds of a continuous attribute."""
    _, predicted, y, A = released(kind, *args, **params)
    groups = A.apply(lambda s: pd.qcut(s, 3, labels=False) if is_float(s) else s)
    crossed = kind not in ("separate", "mixed")  # mixed, they would be tiny groups
    parts = [list(groups)] if crossed else [[name] for name in groups]
    return max(
        GAPS[criterion](y, predicted, sensitive_features=groups[part]) for part in parts
    )


def is_float(column):
    return pd.api.types.is_float_dtype(column)


def attack(Z, A):
    """How well boosted trees read S from Z: 0 is by chance, 1 is perfectly."""
    learn, judge = slice(0, None, 2), slice(1, None, 2)
    return max(attack_one(Z[learn], A[s][learn], Z[judge], A[s][judge]) for s in A)


def attack_one(Z, s, Z_test, s_test):
    if is_float(s):
        attacker = HistGradientBoostingRegressor(max_iter=30, random_state=0)
        return spearmanr(attacker.fit(Z, s).predict(Z_test), s_test).statistic
    attacker = HistGradientBoostingClassifier(max_iter=30, random_state=0)
    scores = attacker.fit(Z, s).predict_proba(Z_test)
    scores = scores[:, 1] if scores.shape[1] == 2 else scores
    return 2 * roc_auc_score(s_test, scores, multi_class="ovr") - 1


def each_kind_of_each_criterion():
    """Each kind and each criterion a few times with the suite, all with the slow."""
    for i, (criterion, kind) in enumerate(itertools.product(GAPS, KINDS)):
        marks = () if i % len(GAPS) == i // len(KINDS) else pytest.mark.slow
        yield pytest.param(criterion, kind, marks=marks)


@pytest.mark.parametrize(("criterion", "kind"), [*each_kind_of_each_criterion()])
def test_lambda_lowers_the_leak_and_the_gap_of_the_criterion(criterion, kind):
    lambda_mi = 10.0 if criterion == "demographic_parity" else 30.0
    fair = (kind, lambda_mi, criterion)
    assert leak(criterion, *fair) < 0.7 * leak(criterion, kind, 0.0)
    assert gap(criterion, *fair) < 0.7 * gap(criterion, kind, 0.0)


@pytest.mark.parametrize(
    "kind",
    [
        "binary",
        pytest.param("rare group", marks=pytest.mark.slow),
        pytest.param("continuous", marks=pytest.mark.slow),
    ],
)
def test_mine_lowers_the_leak_and_the_gap(kind):
    parity = "demographic_parity"
    mine = {"mi_estimator": "mine", "critic_steps": 6}  # a slower learner than "auto"
    assert leak(parity, kind, 10.0, **mine) < 0.8 * leak(parity, kind, 0.0)
    assert gap(parity, kind, 10.0, **mine) < 0.6 * gap(parity, kind, 0.0)


def test_the_more_lambda_the_less_leak():
    parity = "demographic_parity"
    for measure in (leak, gap):
        none, some, much = (measure(parity, "binary", x) for x in (0.0, 1.0, 10.0))
        assert none > some > much


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_the_criterion_decides_which_gap_goes(kind):
    parity = (kind, 10.0, "demographic_parity")
    odds = (kind, 30.0, "equalized_odds")
    assert gap("demographic_parity", *parity) < gap("demographic_parity", *odds)
    assert gap("equalized_odds", *odds) < gap("equalized_odds", *parity)


# -- inside scikit-learn's tools -----------------------------------------------


@pytest.fixture
def routing():
    """Metadata routing enabled, and nothing else: no set_fit_request."""
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def one_hot(sparse):
    categorical = make_column_selector(dtype_exclude="number")
    return make_column_transformer(
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=sparse),
            categorical,
        ),
        remainder=SimpleImputer(),
        sparse_threshold=float(sparse),
    )


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.usefixtures("routing")
def test_pipeline_with_a_column_transformer(quick, adult, sparse):
    X, y, A = adult
    pipe = make_pipeline(one_hot(sparse), MIDebiasedClassifier(**quick))
    pipe.fit(X, y, sensitive_features=A["sex"])
    assert pipe[-1].sensitive_names_in_.tolist() == ["sex"]
    assert pipe.predict(X).shape == y.shape
    assert pipe.predict_proba(X[:5]).shape == (5, 2)
    assert pipe.score(X, y) > 0.5


def test_sparse_and_dense_pipelines_are_the_same_model(quick, adult):
    X, y, A = adult
    decisions = [
        Pipeline([("one_hot", one_hot(sparse)), ("clf", MIDebiasedClassifier(**quick))])
        .fit(X, y, clf__sensitive_features=A["sex"])
        .decision_function(X)
        for sparse in (False, True)
    ]
    np.testing.assert_array_equal(*decisions)


def test_pipeline_without_routing(quick, adult):
    X, y, A = adult
    pipe = Pipeline(
        [("prepare", one_hot(False)), ("clf", MIDebiasedClassifier(**quick))]
    )
    pipe.fit(X, y, clf__sensitive_features=A, clf__sample_weight=np.ones(len(X)))
    assert pipe.predict(X).shape == y.shape


@pytest.mark.usefixtures("routing")
def test_sample_weight_must_be_requested_as_everywhere(quick, adult):
    X, y, A = adult
    given = {"sensitive_features": A["sex"], "sample_weight": np.ones(len(X))}
    pipe = make_pipeline(one_hot(False), MIDebiasedClassifier(**quick))
    with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError):
        pipe.fit(X, y, **given)
    pipe[-1].set_fit_request(sample_weight=True)
    pipe.fit(X, y, **given)
    pipe[-1].set_fit_request(sensitive_features="group", sample_weight=False)
    pipe.fit(X, y, group=A["sex"])


@pytest.mark.usefixtures("routing")
def test_transformer_before_a_classifier(quick, adult):
    X, y, A = adult
    pipe = make_pipeline(MIFairTransformer(**quick), LogisticRegression())
    pipe.fit(X, y, sensitive_features=A["sex"])
    assert pipe.predict(X).shape == y.shape
    np.testing.assert_array_equal(
        pipe.predict(X), pipe[-1].predict(pipe[0].transform(X))
    )
    names = [f"mifairtransformer{i}" for i in range(4)]
    assert pipe[:-1].get_feature_names_out().tolist() == names


def test_transformer_before_a_classifier_without_routing(quick, adult):
    X, y, A = adult
    pipe = make_pipeline(MIFairTransformer(**quick), LogisticRegression())
    pipe.fit(X, y, mifairtransformer__sensitive_features=A["sex"])
    assert pipe.predict(X).shape == y.shape


@pytest.mark.usefixtures("routing")
# Some folds of three epochs predict one class; that is not what is tested.
@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_grid_search_over_lambda(quick, adult, n_jobs, monkeypatch):
    # The workers of joblib know nothing of pytest's filters.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    X, y, A = adult
    search = GridSearchCV(
        MIDebiasedClassifier(**quick),
        {"lambda_mi": [0.0, 2.0]},
        scoring={"accuracy": "accuracy", "parity": demographic_parity_scorer},
        refit="parity",
        cv=2,
        n_jobs=n_jobs,
        error_score="raise",
    )
    search.fit(X, y, sensitive_features=A["sex"])
    parity = search.cv_results_["mean_test_parity"]
    assert parity.shape == (2,)
    assert ((parity >= -1) & (parity <= 0)).all()
    assert search.best_params_["lambda_mi"] == [0.0, 2.0][parity.argmax()]
    assert search.predict(X).shape == y.shape
    # Wherever it is trained, the same seed gives the same model.
    alone = sklearn.clone(search.best_estimator_)
    alone.fit(X, y, sensitive_features=A["sex"])
    np.testing.assert_array_equal(alone.predict_proba(X), search.predict_proba(X))


@pytest.mark.usefixtures("routing")
@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_grid_search_over_a_pipeline(quick, adult):
    X, y, A = adult
    pipe = Pipeline(
        [("prepare", one_hot(False)), ("clf", MIDebiasedClassifier(**quick))]
    )
    search = GridSearchCV(
        pipe,
        {"clf__lambda_mi": [0.0, 2.0]},
        scoring=demographic_parity_scorer,
        cv=2,
        error_score="raise",
    )
    search.fit(X, y, sensitive_features=A["sex"])
    assert search.score(X, y, sensitive_features=A["sex"]) <= 0


# -- frames as users have them -------------------------------------------------


def messy(adult):
    """Categories, strings, booleans, numbers with NaN, and pandas' own dtypes."""
    X, y, A = adult
    X = X.assign(
        education=X["education"].astype(str),
        over_40=X["hours-per-week"] > 40,
        age=X["age"].where(X.index % 7 > 0),
        gain=X["capital-gain"].astype("Int64").where(X.index % 5 > 0),
        rare_text=np.where(X.index % 3 == 0, None, "text"),
    )
    return X, y, A


def test_pandas_with_every_kind_of_column(quick, adult):
    X, y, A = messy(adult)
    assert X.isna().any().sum() >= 4
    model = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=A)
    assert model.sensitive_names_in_.tolist() == ["sex", "race"]
    assert model.predict(X).shape == y.shape
    assert np.isfinite(model.transform(X)).all()


def test_unknown_categories_and_new_gaps_at_predict(quick, adult):
    X, y, A = messy(adult)
    model = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=A["sex"])
    new = X[:20].assign(
        education="none yet",
        workclass=pd.Categorical(["a startup"] * 20),
        age=np.nan,
        **{"hours-per-week": np.nan},
    )
    with pytest.warns(UserWarning, match="were never seen in fit") as caught:
        assert np.isfinite(model.predict_proba(new)).all()
    named = {str(warning.message).split("'")[1] for warning in caught}
    assert named == {"education", "workclass"}


def test_categories_of_one_batch_are_read_as_in_fit(quick, adult):
    X, y, A = messy(adult)
    model = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=A["sex"])
    rows = X[10:13]
    few = rows.assign(workclass=rows["workclass"].cat.remove_unused_categories())
    few["marital-status"] = few["marital-status"].astype(str)
    np.testing.assert_array_equal(model.transform(few), model.transform(rows))
    np.testing.assert_allclose(
        model.transform(rows), model.transform(X)[10:13], atol=1e-5
    )


def test_index_of_the_frames_means_nothing(quick, adult):
    X, y, A = adult
    model = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=A["sex"])
    shuffled = A["sex"].set_axis(np.random.RandomState(0).permutation(len(A)))
    other = MIDebiasedClassifier(**quick)
    other.fit(X, y.set_axis(y.index + 5), sensitive_features=shuffled)
    np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))


def test_polars_gives_the_model_of_pandas(quick, adult):
    X, y, A = messy(adult)
    X["gain"] = X["gain"].astype(float)
    of_pandas = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=A)
    table, target, groups = (
        pl.DataFrame({name: frame[name].to_list() for name in frame})
        for frame in (X.astype(object).where(X.notna(), None), y.to_frame(), A)
    )
    model = MIDebiasedClassifier(**quick)
    model.fit(table, target["income"], sensitive_features=groups)
    assert model.feature_names_in_.tolist() == list(X)
    assert model.sensitive_names_in_.tolist() == ["sex", "race"]
    np.testing.assert_array_equal(
        model.predict_proba(table), of_pandas.predict_proba(X)
    )
    np.testing.assert_array_equal(model.transform(X), of_pandas.transform(X))


@pytest.mark.parametrize("form", ["list", "array", "series", "frame", "polars", "bool"])
def test_sensitive_features_in_every_container(quick, biased, form):
    X, y, s = biased
    forms = {
        "list": s.tolist(),
        "array": s[:, None],
        "series": pd.Series(s, index=range(7, 407)),
        "frame": pd.DataFrame({"s": s}),
        "polars": pl.Series(s),
        "bool": s == 1,
    }
    model = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=s)
    other = MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=forms[form])
    np.testing.assert_array_equal(other.predict_proba(X), model.predict_proba(X))
