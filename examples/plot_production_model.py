"""
The fair version of a model in production
=========================================

Boosted trees are in use, tested and approved. They will not be thrown away for a
network. So give them to fairrep as they are: their score becomes an input, next to the
columns, and what it tells of the attribute is taken out by the same term.
"""

# %%
# The model in production was trained on some rows, last year. It is frozen: nothing
# here will change it.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator

from fairrep import MIDebiasedClassifierCV, TradeoffDisplay
from fairrep.datasets import load_adult

X, y, A = load_adult(subset="train", return_X_y_s=True)
X_test, y_test, A_test = load_adult(subset="test", return_X_y_s=True)

last_year = len(X) // 2
production = HistGradientBoostingClassifier(random_state=0)
production.fit(X[:last_year], y[:last_year])

# %%
# The fair version is fitted on *other* rows. On those that trained it, the score of the
# trees is better than it will ever be again, and a fit that trusted it would be misled;
# fairrep warns where it can tell. Without ``FrozenEstimator`` the trees would be fitted
# anew, out of fold, and all rows could be used.
#
# ``max_gap`` is kept by the gap's upper confidence limit on held-out rows, a fifth of
# these, some 0.02 above the gap itself: on new rows expect it well below 0.08.

X_new, y_new, A_new = X[last_year:], y[last_year:], A[last_year:]
fair = MIDebiasedClassifierCV(
    estimator=FrozenEstimator(production), max_gap=0.08, random_state=0
)
fair.fit(X_new, y_new, sensitive_features=A_new)
print(f"lambda_mi={fair.lambda_:.3g}")

# %%
# Whose decision changes? On the test rows, the share of each group by what the two
# models say.

decisions = pd.DataFrame(
    {
        "sex": A_test,
        "production": production.predict(X_test),
        "fair": fair.predict(X_test),
    }
)
kinds = {(1, 1): "yes, as before", (0, 1): "now yes", (1, 0): "now no"}
said = [decisions["production"], decisions["fair"]]
shares = pd.crosstab(decisions["sex"], said, normalize="index")
shares = shares.reindex(columns=list(kinds), fill_value=0).set_axis(
    list(kinds.values()), axis=1
)
print(shares.round(3))

# %%
# On the left, what fairness costs, from the model that is there: at λ = 0 the curve
# begins near the trees. On the right, what it means for people: some get a yes who did
# not, and some no longer. Discuss this picture before anything goes into production.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
display = TradeoffDisplay.from_estimator(
    fair, X_test, y_test, sensitive_features=A_test, ax=left
)
display.add("in production", production)
colors = ["#56B4E9", "#009E73", "#D55E00"]
shares.plot.barh(stacked=True, ax=right, color=colors, edgecolor="white")
right.set(xlabel="share of the group", ylabel="", title="positive decisions")
right.invert_yaxis()
