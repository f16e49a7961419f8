"""Probabilities of groups, as users have them: what is taken, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from fairrep import AuditReport, audit
from fairrep._inputs.doubts import warn_of_probabilities
from fairrep.datasets import make_biased_classification
from fairrep.metrics import fairness_report

Y = np.arange(120) % 2
D = np.arange(120) // 3 % 2
P = pd.DataFrame({"a": np.linspace(0, 1, 120), "b": np.linspace(1, 0, 120)})
NO_GROUPS = "Neither sensitive_features nor sensitive_probabilities is given"


def changed(row, column, value):
    frame = P.copy()
    frame.loc[row, column] = value
    return frame


UNFIT = {
    "above 1": (changed(3, "a", 1.2), r"holds 1.2 in row 3, column 'a'; expected prob"),
    "negative": (changed(4, "b", -0.1), "holds -0.1 in row 4, column 'b'"),
    "infinite": (changed(4, "b", np.inf), "holds inf in row 4, column 'b'"),
    "percent": (P * 100, "holds 100 in row 0, column 'b'"),
    "sum": (changed(7, "a", 0.5), r"row 7 sums to 1.441; expected 1 .*1 of 120 rows"),
    "missing": (changed(7, "a", np.nan), "has missing values: 1 in 'a', of 120 rows"),
    "all missing": (P * np.nan, "has missing values: 120 in 'a', 120 in 'b'"),
    "one column": (P[["a"]], "has 1 columns; expected one for each group, at least 2"),
    "one dimension": (P["a"].to_list(), "a column for each group; got 1 dimensions"),
    "a series": (P["a"], "a column for each group; got 1 dimensions"),
    "no weight": (P.assign(c=0.0), "group 'c' has a probability of 0 in all 120 rows"),
    "rows": (P[1:], "has 119 rows; expected 120"),
    "text": (P.assign(a="x"), "must hold numbers"),
    "twice": (P.set_axis(["a", "a"], axis=1), "has two columns named 'a'"),
    "lengths": ({"a": [0.5], "b": [0.5, 0.5]}, "columns of different lengths"),
    "named": ({"race": P, "age": P * 100}, r"sensitive_probabilities\['age'\] holds"),
}


@pytest.mark.parametrize(("p", "message"), UNFIT.values(), ids=UNFIT)
def test_what_is_unfit_is_named(p, message):
    for call in (AuditReport.from_predictions, fairness_report):
        with pytest.raises(ValueError, match=message):
            call(Y, D, sensitive_probabilities=p)


def test_sparse_ones_are_refused():
    with pytest.raises(TypeError, match=r"is sparse; .* pass .toarray\(\)"):
        fairness_report(Y, D, sensitive_probabilities=sparse.csr_matrix(P))


def test_rounded_probabilities_are_taken():
    third = pd.DataFrame(np.full((120, 3), 0.333), columns=list("abc"))
    found = fairness_report(Y, D, sensitive_probabilities=third)
    assert found.by_group["count"].tolist() == pytest.approx([40, 40, 40])


def test_rows_that_miss_a_probability_are_dropped_on_demand():
    p = changed(7, "a", np.nan)
    sex = pd.Series(np.where(np.arange(120) % 3, "f", "m")).where(lambda s: s.index > 1)
    options = {"sensitive_probabilities": p, "leakage": False, "missing": "drop"}
    found = AuditReport.from_predictions(Y, D, sensitive_features=sex, **options)
    assert (found.n_rows, found.n_dropped) == (120, 0)
    assert [*found.n_unknown.values()] == [2, 1]
    kept = np.setdiff1d(np.arange(120), [7])
    expected = fairness_report(
        Y[kept], D[kept], sensitive_probabilities=p.to_numpy()[kept]
    )
    value = found.figures(sensitive="sensitive_probabilities").value
    rate = expected.by_group["selection_rate"]
    np.testing.assert_allclose(value["selection_rate"][:2], rate)


def test_known_groups_or_probabilities_are_needed():
    with pytest.raises(ValueError, match=f"{NO_GROUPS}; expected one of them, or both"):
        AuditReport.from_predictions(Y, D)
    X, y, _ = make_biased_classification(200, return_X_y_s=True, random_state=0)
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match=NO_GROUPS):
        audit(model, X, y)
    with pytest.raises(ValueError, match=r"Expected either .*; got neither"):
        fairness_report(Y, D)
    with pytest.raises(ValueError, match=r"Expected either .*; got both"):
        fairness_report(Y, D, sensitive_features=Y, sensitive_probabilities=P)
    with pytest.raises(ValueError, match="has 2 attributes; expected one"):
        fairness_report(Y, D, sensitive_probabilities={"race": P, "age": P})
    with pytest.raises(ValueError, match="both have an attribute named 'race'"):
        AuditReport.from_predictions(
            Y, D, sensitive_features={"race": Y}, sensitive_probabilities={"race": P}
        )
    with pytest.raises(ValueError, match="which needs groups that are known"):
        AuditReport.from_predictions(
            None, None, representation=P, sensitive_probabilities=P
        )


def test_a_model_is_audited_by_probabilities_alone():
    X, y, _ = make_biased_classification(300, return_X_y_s=True, random_state=0)
    model = LogisticRegression().fit(X, y)
    p = np.random.RandomState(0).dirichlet([1, 1], 300)
    found = audit(model, X, y, sensitive_probabilities=p)
    assert found.proxies == found.order == {}
    assert found.models["LogisticRegression"].leakage == {}
    expected = fairness_report(y, model.predict(X), sensitive_probabilities=p)
    np.testing.assert_allclose(
        found.figures().disparities["value"], expected.disparities
    )


def test_a_shuffled_index_is_told_of():
    y = pd.Series(Y, index=np.arange(120)[::-1])
    with pytest.raises(ValueError, match="sensitive_probabilities has the index of y_"):
        fairness_report(y, D, sensitive_probabilities=P)


# -- what seems to be probabilities --------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        P,
        P.assign(sex=np.where(Y, "f", "m"), old=Y),
        P.astype(object),
        P.round(3).astype("Float64"),
        pd.DataFrame({"a": Y == 1, "b": Y == 0}),
    ],
)
def test_columns_that_sum_to_1_are_told_of(frame):
    with pytest.warns(UserWarning, match=r"'a', 'b' of sensitive_features sum to 1 in"):
        warn_of_probabilities(frame)


def test_an_audit_and_a_report_tell_of_them():
    message = r"If they are probabilities, pass them as sensitive_probabilities\."
    with pytest.warns(UserWarning, match=message):
        AuditReport.from_predictions(
            Y, D, sensitive_features=P, leakage=False, n_bootstrap=20, n_quantiles=2
        )
    with (
        pytest.warns(UserWarning, match=message),
        pytest.raises(ValueError, match="an identifier"),
    ):
        fairness_report(Y, D, sensitive_features=P)


@pytest.mark.parametrize(
    "frame",
    [
        changed(3, "a", 0.5),
        changed(3, "a", np.nan),
        P[["a"]],
        pd.DataFrame({"a": Y, "b": D}),
        pd.DataFrame({"a": Y == 1, "b": np.where(Y, "f", "m")}),
        pd.DataFrame({"a": pd.to_timedelta(Y), "b": pd.to_timedelta(1 - Y)}),
        pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": [0, 1]}),
        pd.DataFrame({"a": [1.5, 0.5], "b": [-0.5, 0.5]}),
    ],
)
def test_other_columns_are_taken_in_silence(frame):
    warn_of_probabilities(frame)
