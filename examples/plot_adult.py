"""
Audit a model, debias it, audit again
=====================================

Gradient boosted trees predict from census data who earns more than 50,000 dollars a
year. They never see sex. Do they treat women and men alike? This is the main job of
fairrep from end to end: measure, reduce, measure again.
"""

# %%
# What we have
# ------------
#
# Adult comes with the package. ``A`` is sex, which is no column of ``X``. The test rows
# are for audits alone: they train and choose nothing.

from sklearn.ensemble import HistGradientBoostingClassifier

from fairrep import MIDebiasedClassifier, audit
from fairrep.datasets import load_adult

X, y, A = load_adult(subset="train", return_X_y_s=True)
X_test, y_test, A_test = load_adult(subset="test", return_X_y_s=True)

trees = HistGradientBoostingClassifier(random_state=0).fit(X, y)

# %%
# The first audit
# ---------------
#
# One line for any fitted classifier. The report says who is selected, and the gaps
# between groups with their intervals.

report = audit(
    trees, X_test, y_test, sensitive_features=A_test, leakage=False, random_state=0
)
print(report)

# %%
# Men are selected three times as often as women. Leaving sex out of the columns did not
# help: others tell it.
#
# Debias
# ------
#
# The same data and one number more. ``lambda_mi`` is the price of a nat of information
# on sex; with 0 this would be a plain network. Sex is needed for ``fit`` and for the
# audit, never for ``predict``.

fair = MIDebiasedClassifier(lambda_mi=5.0, random_state=0)
fair.fit(X, y, sensitive_features=A)

# %%
# The second audit
# ----------------
#
# Two models in one report, now with attackers: five classifiers that are trained to
# read sex from the score, and from the representation that fairrep made. That takes
# longer, so they get 3,000 of the test rows.

rows = slice(3000)
report = audit(
    {"boosted trees": trees, "fairrep": fair},
    X_test[rows],
    y_test[rows],
    sensitive_features=A_test[rows],
    random_state=0,
)
print(report.compare().to_string())

# %%
# Two lines deserve a second look. Accuracy fell: that is the price. And the equalized
# odds difference *rose*: where the classes really are of unequal share, equal selection
# asks for unequal error rates. What should be equal is for you to say, with
# ``criterion``.
#
# How could the trees know sex? The columns that tell most of it, each by itself:

print(report.proxies["sex"].head(4).round(3))

# %%
# The picture for the meeting: whom each model selects, and how well the best attacker
# reads sex from its score.

import matplotlib.pyplot as plt

from fairrep.auditing import GroupsDisplay, LeakageDisplay

figure, axes = plt.subplots(2, 2, figsize=(10, 5), layout="constrained", sharex="row")
for (above, below), name in zip(axes.T, report.models, strict=True):
    display = GroupsDisplay(report.figures(model=name))
    display.plot(above, metrics=["selection_rate"])
    above.set_xlim(0, 0.4)
    above.set_title(name, loc="left", fontweight="bold")
    LeakageDisplay(report.models[name].leakage["sex"][:1], "sex").plot(below)
