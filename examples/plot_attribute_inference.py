"""
What a prediction gives away of a row
=====================================

A service answers with a probability. Whoever asks about a person learns the answer,
and with it something of what the person did not say: here, whether they are married.
That is an attribute inference attack. ``mi_target="prediction"`` limits what the
predicted probabilities tell of a column that is to stay private, which is passed as
``S``.
"""

# %%
# The columns that say outright who is married are not in ``X``, and so the model never
# asks for them. Income is still related to it.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, roc_auc_score

from fairrep import lambda_path
from fairrep.datasets import load_adult

PRIVATE = ["marital-status", "relationship"]


def load(subset):
    frame = load_adult(subset=subset).frame
    married = frame["relationship"].isin(["Husband", "Wife"]).to_numpy()
    return frame.drop(columns=[*PRIVATE, "income"]), frame["income"], married


X, y, married = load("train")
X_test, y_test, married_test = load("test")

# %%
# One training for every weight of the information.

path = lambda_path(
    X,
    y,
    sensitive_features={"married": married},
    lambdas=[0, 0.3, 1, 3, 10],
    mi_target="prediction",
    random_state=0,
)

# %%
# The attacker knows some people, asks about others, and learns from the probability
# alone. One half of the test rows are those known.

known = np.arange(len(X_test)) % 2 == 0


def attack(probability):
    """AUC of an attacker who sees one number a person."""
    seen = probability[:, [1]]
    model = HistGradientBoostingClassifier(max_iter=50, random_state=0)
    model.fit(seen[known], married_test[known])
    return roc_auc_score(married_test[~known], model.predict_proba(seen[~known])[:, 1])


constant = np.mean(y_test == y.mode()[0])
rows = []
for lambda_mi in path.lambdas:
    probability = path.predict_proba(X_test, lambda_mi)
    rows.append(
        {
            "lambda_mi": lambda_mi,
            "accuracy": accuracy_score(y_test, path.predict(X_test, lambda_mi)),
            "attacker's AUC": attack(probability),
            "predicted positive": np.mean(path.predict(X_test, lambda_mi)),
        }
    )
results = pd.DataFrame(rows)
print(results.round(3).to_string(index=False))

# %%
# The price is high. Who is married earns more in these data, so that an answer which
# tells nothing of it can tell little of income: the accuracy falls towards that of
# always giving the commonest answer, the dotted line. What other columns tell of the
# person stays as it was.

figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
ax.plot(results["attacker's AUC"], results["accuracy"], "o-", lw=1)
for _, point in results.iterrows():
    ax.annotate(
        f"λ = {point['lambda_mi']:g}",
        (point["attacker's AUC"], point["accuracy"]),
        xytext=(6, -10),
        textcoords="offset points",
        fontsize="small",
    )
ax.axhline(constant, ls=":", color="0.3", label="always the commonest class")
ax.axvline(0.5, ls="--", color="0.3", label="a guess")
ax.set(
    xlabel="AUC of who infers 'married' from the probability",
    ylabel="accuracy of the prediction",
)
ax.legend(loc="upper left", bbox_to_anchor=(0.06, 1))
ax.margins(x=0.12)
