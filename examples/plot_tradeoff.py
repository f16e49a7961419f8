"""
The whole trade-off from one fit
================================

What does fairness cost here? One training of `MIDebiasedClassifierCV` answers for
every ``lambda_mi`` at once, and takes the most accurate model whose gap is within a
limit. The curve is then drawn on test rows, beside the models that one has now.
"""

# %%
# The limit is to the gap's upper confidence limit on held-out rows, not to the gap
# itself: of twenty candidates the luckiest would otherwise win.

from fairrep import MIDebiasedClassifierCV, TradeoffDisplay
from fairrep.datasets import load_adult

X, y, A = load_adult(subset="train", return_X_y_s=True)
X_test, y_test, A_test = load_adult(subset="test", return_X_y_s=True)
X, y, A = X[:16000], y[:16000], A[:16000]

clf = MIDebiasedClassifierCV(max_gap=0.08, random_state=0)
clf.fit(X, y, sensitive_features=A)

# %%
# How it chose: score and gap of each lambda on the held-out rows, with their limits.

print(clf.path_.round(3).to_string(index=False))
print(f"\nChosen: lambda_mi={clf.lambda_:.3g}")

# %%
# How the choice does on rows that had no part in it:

from fairrep.metrics import fairness_report

print(fairness_report(y_test, clf.predict(X_test), sensitive_features=A_test))

# %%
# Somewhere else on the curve is a matter of milliseconds, not of another fit. Of two
# requests the second costs a little accuracy:

for lambda_mi in [0.5 * clf.lambda_, 2 * clf.lambda_]:
    accuracy = clf.set_lambda(lambda_mi).score(X_test, y_test)
    print(f"lambda_mi={lambda_mi:.3g}: accuracy {accuracy:.3f}")

clf.set_lambda(clf.path_["lambda_mi"][clf.best_index_])

# %%
# The whole curve, and what one could have without fairrep: boosted trees, and a
# logistic regression.

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

trees = HistGradientBoostingClassifier(random_state=0).fit(X, y)
columns = make_column_transformer(
    (StandardScaler(), make_column_selector(dtype_include="number")),
    (
        OneHotEncoder(handle_unknown="ignore"),
        make_column_selector(dtype_exclude="number"),
    ),
)
logistic = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(X, y)

display = TradeoffDisplay.from_estimator(clf, X_test, y_test, sensitive_features=A_test)
display.add("boosted trees", trees)
display.add("logistic regression", logistic)
