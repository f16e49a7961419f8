"""What the mutual information term does on Adult: accuracy, gaps and leakage by lambda.

Official split, sex as S and not in X. Every figure is of the test rows, which trained
and chose nothing; mean and standard deviation over the seeds. "attacker" is the AUC
with which gradient boosting, cross-fitted on the test rows, tells sex from z;
"estimate" is `mi_estimate_` in nats, to be read beside it.

    python examples/benchmarks/adult.py
    python examples/benchmarks/adult.py --settings defaults --seeds 0 1 2 --jobs 2
"""

import argparse

import pandas as pd
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_score

from fairrep import MIDebiasedClassifier
from fairrep.datasets import load_adult
from fairrep.metrics import fairness_report

PAPER = {
    "mi_estimator": "mine",
    "bottleneck": "deterministic",
    "n_components": 32,
    "n_members": 1,
    "group_weights": "empirical",
    "critic_hidden_layer_sizes": (64, 64, 64),
    "critic_steps": 5,
    "critic_batches": 1,
    "dropout": 0.1,
    "numeric_embedding": None,
}
SETTINGS = {
    "defaults": ({}, [0, 2, 5, 10]),
    "one member": ({"n_members": 1}, [0, 2, 5, 10]),
    "paper": (PAPER, [0, 1, 5]),
    "paper, rescaled gradient": ({**PAPER, "gradient_rescaling": True}, [1, 5]),
}


def attacker_auc(z, s):
    """AUC of a fresh attacker, cross-fitted: each row judged by one that it didn't fit.

    Of the folds apart, since the scores of two attackers have no common scale.
    """
    attacker = HistGradientBoostingClassifier(random_state=0)
    return cross_val_score(attacker, z, s, scoring="roc_auc", cv=5).mean()


def one_fit(setting, lambda_mi, seed):
    params, _ = SETTINGS[setting]
    X, y, A = load_adult(subset="train", return_X_y_s=True)
    X_test, y_test, A_test = load_adult(subset="test", return_X_y_s=True)
    model = MIDebiasedClassifier(lambda_mi, random_state=seed, **params)
    model.fit(X, y, sensitive_features=A)
    predicted = model.predict(X_test)
    report = fairness_report(y_test, predicted, sensitive_features=A_test)
    return {
        "setting": setting,
        "lambda": lambda_mi,
        "seed": seed,
        "accuracy": accuracy_score(y_test, predicted),
        "DP difference": report.demographic_parity_difference,
        "EO difference": report.equalized_odds_difference,
        "estimate (nats)": model.mi_estimate_,
        "attacker AUC": attacker_auc(model.transform(X_test), A_test == "Male"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=[*SETTINGS])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--csv", help="where to write one row for each fit")
    args = parser.parse_args()
    rows = Parallel(n_jobs=args.jobs)(
        delayed(one_fit)(setting, lambda_mi, seed)
        for setting in args.settings
        for lambda_mi in SETTINGS[setting][1]
        for seed in args.seeds
    )
    table = pd.DataFrame(rows)
    if args.csv:
        table.to_csv(args.csv, index=False)
    groups = table.drop(columns="seed").groupby(["setting", "lambda"], sort=False)
    cells = groups.agg(lambda x: f"{x.mean():.4f} ± {x.std(ddof=1):.4f}")
    print(f"Adult, test rows, mean ± sd over {len(args.seeds)} seeds")
    print(cells.to_string())


if __name__ == "__main__":
    main()
