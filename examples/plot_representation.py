"""
A fair representation for tasks that nobody knows yet
=====================================================

A data owner hands a table to others, who will train whatever they like on it. With
`MIFairTransformer` they get a representation instead, that tells little of sex: then no
model of it can tell groups far apart, whatever it predicts.
"""

# %%
# Without ``y`` the representation keeps what reconstructs the columns. Three columns
# play the tasks that nobody knew: they are taken out of ``X`` before, and their owner
# never sees the model.

import matplotlib.pyplot as plt
import pandas as pd
from fairlearn.metrics import demographic_parity_difference
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.class_weight import compute_sample_weight

from fairrep import MIFairTransformer
from fairrep.datasets import load_adult

TASKS = {
    "income above 50K": lambda frame: frame["income"] == 1,
    "long hours": lambda frame: frame["hours-per-week"] > 40,
    "office work": lambda frame: frame["occupation"].isin(
        ["Adm-clerical", "Exec-managerial", "Prof-specialty", "Sales"]
    ),
}
HIDDEN = ["income", "hours-per-week", "occupation", "sex"]


def load(subset):
    frame = load_adult(subset=subset).frame
    tasks = {name: task(frame).astype(int) for name, task in TASKS.items()}
    return frame.drop(columns=HIDDEN), tasks, frame["sex"]


X, tasks, A = load("train")
X_test, tasks_test, A_test = load("test")

# %%
# What the owner does, once, without any task in mind. More components than for one
# task, since more is to be kept.

transformer = MIFairTransformer(lambda_mi=1.0, n_components=16, random_state=0)
Z = transformer.fit_transform(X, sensitive_features=A)
Z_test = transformer.transform(X_test)

# %%
# What others do with it, later: the same boosted trees, on the columns and on the
# representation. Reading sex itself is one more task, of the curious.

tasks["sex"], tasks_test["sex"] = (s.eq("Male").astype(int) for s in (A, A_test))
results = []
for task, y in tasks.items():
    for seen, train, test in [("columns", X, X_test), ("representation", Z, Z_test)]:
        model = HistGradientBoostingClassifier(max_iter=60, random_state=0)
        model.fit(train, y, sample_weight=compute_sample_weight("balanced", y))
        truth, predicted = tasks_test[task], model.predict(test)
        results.append(
            {
                "task": task,
                "from": seen,
                "balanced accuracy": balanced_accuracy_score(truth, predicted),
                "gap": demographic_parity_difference(
                    truth, predicted, sensitive_features=A_test
                ),
            }
        )
results = pd.DataFrame(results)
print(results.round(3).to_string(index=False))

# %%
# Each arrow is a task, from the columns to the representation: to the left is more
# equal, up is more useful. Sex itself moves furthest: what was easy to read is now
# nearly a guess, which is 0.5.

figure, ax = plt.subplots(figsize=(7.5, 5), layout="constrained")
for i, (task, pair) in enumerate(results.groupby("task", sort=False)):
    gap, accuracy = pair["gap"].to_numpy(), pair["balanced accuracy"].to_numpy()
    color = f"C{i}"
    ax.annotate(
        "",
        xy=(gap[1], accuracy[1]),
        xytext=(gap[0], accuracy[0]),
        arrowprops={"arrowstyle": "-|>", "color": color, "shrinkA": 6, "shrinkB": 6},
    )
    ax.plot(gap[0], accuracy[0], "o", mfc="white", color=color)
    ax.plot(gap[1], accuracy[1], "o", color=color, label=task)
ax.plot([], [], "o", mfc="white", color="0.3", label="from the columns")
ax.plot([], [], "o", color="0.3", label="from the representation")
ax.axhline(0.5, ls=":", color="0.3")
ax.set_xlim(left=0)
ax.set(
    xlabel="demographic parity difference between women and men  (0 is parity)",
    ylabel="balanced accuracy  (0.5 is a guess)",
)
ax.legend(loc="lower right")
