"""The whole trade-off from one fit, and the best model within a limit on the gap.

`GridSearchCV` (grid_search.py) is the plain way; this one trains once for all lambdas,
chooses by the gap's upper confidence limit on held-out rows, and shows the curve on
test rows, beside the boosted trees that one has now.
"""

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from fairrep import MIDebiasedClassifierCV, TradeoffDisplay
from fairrep.datasets import load_adult
from fairrep.metrics import fairness_report

X, y, A = load_adult(subset="train", return_X_y_s=True)
X_test, y_test, A_test = load_adult(subset="test", return_X_y_s=True)
X, y, A = X[:12000], y[:12000], A[:12000]

clf = MIDebiasedClassifierCV(max_gap=0.08, n_lambdas=12, random_state=0)
clf.fit(X, y, sensitive_features=A)
print(clf.path_.round(3).to_string(index=False))
print(f"\nChosen: lambda_mi={clf.lambda_:.3g}\n")
print(fairness_report(y_test, clf.predict(X_test), sensitive_features=A_test))

now = make_pipeline(
    make_column_transformer(
        (
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
            make_column_selector(dtype_exclude="number"),
        ),
        remainder="passthrough",
    ),
    HistGradientBoostingClassifier(random_state=0),
).fit(X, y)
display = TradeoffDisplay.from_estimator(clf, X_test, y_test, sensitive_features=A_test)
display.add("gradient boosting, as it is", now)
display.figure_.savefig("tradeoff.png", dpi=150)
print("\nPicture: tradeoff.png")
