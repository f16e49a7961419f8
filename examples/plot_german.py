"""
A thousand rows: repeated splits and honest error bars
======================================================

German Credit has 1,000 rows, 190 of them of people of 25 or younger. On a test set of
250, that leaves 48 of the young, and a gap of 0.1 comes from chance alone. So one split
says nothing: repeat it, and show the spread.
"""

# %%
# In each split one `lambda_path` gives the classifier at every lambda, for a few
# seconds of training. Beside it, as marks, a logistic regression, and "predictions"
# that are drawn by lot at the rate of good risks: no model can be more even than that.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import t
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from fairrep import lambda_path
from fairrep.datasets import load_german
from fairrep.metrics import fairness_report

X, y, A = load_german(sensitive="age_over_25", return_X_y_s=True)
columns = make_column_transformer(
    (StandardScaler(), make_column_selector(dtype_include="number")),
    (
        OneHotEncoder(handle_unknown="ignore"),
        make_column_selector(dtype_exclude="number"),
    ),
)
logistic = make_pipeline(columns, LogisticRegression(C=0.1, max_iter=1000))

cell = A.astype(str) + y.astype(str)  # each split has its share of all four

LAMBDAS = [0, 0.3, 1, 3]
N_SPLITS, TEST_SIZE = 8, 0.25
rows = []
rng = np.random.default_rng(0)
splits = StratifiedShuffleSplit(N_SPLITS, test_size=TEST_SIZE, random_state=0)
for split, (train, test) in enumerate(splits.split(X, cell)):
    path = lambda_path(
        X.iloc[train],
        y.iloc[train],
        sensitive_features=A.iloc[train],
        lambdas=LAMBDAS,
        random_state=split,
    )
    logistic.fit(X.iloc[train], y.iloc[train])
    predicted = {
        f"λ = {value:g}": path.predict(X.iloc[test], value) for value in LAMBDAS
    }
    predicted["logistic regression"] = logistic.predict(X.iloc[test])
    predicted["by lot"] = (rng.random(len(test)) < y.mean()).astype(int)
    for model, y_pred in predicted.items():
        report = fairness_report(y.iloc[test], y_pred, sensitive_features=A.iloc[test])
        gap = report.demographic_parity_difference
        accuracy = report.overall["accuracy"]
        rows.append({"split": split, "model": model, "gap": gap, "accuracy": accuracy})
results = pd.DataFrame(rows)

# %%
# The splits share rows, so their standard error would be too small: eight splits are
# not eight samples. The correction of Nadeau and Bengio (2003) adds to 1/n the number
# of test rows per training row. To compare two models, take their difference within
# each split, and the mean of these with the same width: most of the spread is of the
# splits, and falls out.

width = t.ppf(0.975, N_SPLITS - 1) * np.sqrt(1 / N_SPLITS + TEST_SIZE / (1 - TEST_SIZE))
table = results.groupby("model", sort=False)[["accuracy", "gap"]].agg(["mean", "std"])
print(table.round(3))
accuracy = results.pivot_table("accuracy", index="split", columns="model")
lead = accuracy["logistic regression"] - accuracy["λ = 0"]
print(f"logistic regression - (λ = 0): {lead.mean():.3f} ± {width * lead.std():.3f}")

# %%
# Each dot is a split. Look at one column: somebody who had tried one split could have
# reported any of these gaps. And since no gap is below zero, its mean is not zero even
# for the lot. What is no further from zero than that is no gap that one could show.
# Accuracy doesn't tell the models apart either: by the figure above, the lead of
# logistic regression may be chance.

figure, axes = plt.subplots(2, 1, figsize=(8, 6), layout="constrained", sharex=True)
for ax, column in zip(axes, ["gap", "accuracy"], strict=True):
    for place, (_, values) in enumerate(results.groupby("model", sort=False)[column]):
        ax.plot(place + rng.uniform(-0.1, 0.1, len(values)), values, "o", alpha=0.35)
        mean, error = values.mean(), width * values.std()
        ax.errorbar(place + 0.25, mean, error, fmt="sk", capsize=4)
    ax.set_xticks(range(results["model"].nunique()), results["model"].unique())
    ax.set_ylabel(column)
    ax.grid(axis="y", alpha=0.3)
axes[0].set(ylim=(0, None), ylabel="demographic parity difference")
axes[0].set_title("dots are splits, bars the mean with its 95 % interval")
