"""The peers of fairrep in tradeoff.py: their grids, and one small adapter each.

An adapter takes the encoded training rows, the encoded test rows, the seed and a
criterion, and yields for each point of its grid the point's name and the labels it
predicts of the test rows. The packages are imported where they are used: one that is
missing is reported, and not needed by the others. Settings that aren't named here are
the packages' own.
"""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linprog
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    StratifiedKFold,
    cross_val_predict,
    train_test_split,
)

BOUNDS = [0.005, 0.01, 0.02, 0.05, 0.1]
TOLERANCES = [0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.13, 0.16, 0.2]
CORRELATIONS = np.linspace(0.1, 1, 10).round(1)
FAIRRET_WEIGHTS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2]
ALPHAS = [0.1, 0.3, 1, 3, 10]
LFR_WEIGHTS = [1, 3, 10, 20]
# The learning rate of the multipliers, and the tolerance of both error rates.
FAIRGBM = [(0.1, tolerance) for tolerance in [0.1, 0.05, 0.03, 0.02, 0.01]]
FAIRGBM += [(rate, 0) for rate in [0.005, 0.02, 0.05, 0.1, 0.2, 0.4]]


def logistic():
    return LogisticRegression(max_iter=1000)


def trees(seed):
    return HistGradientBoostingClassifier(random_state=seed)


def unmitigated_logistic(train, test, seed, criterion):
    yield "-", logistic().fit(train.x, train.y).predict(test.x)


def unmitigated_trees(train, test, seed, criterion):
    yield "-", trees(seed).fit(train.x, train.y).predict(test.x)


def exponentiated_gradient(base, train, test, seed, criterion):
    from fairlearn.reductions import (
        DemographicParity,
        EqualizedOdds,
        ExponentiatedGradient,
    )

    constraints = {"DP": DemographicParity, "EO": EqualizedOdds}[criterion]
    model = trees(seed) if base == "trees" else logistic()
    for bound in BOUNDS:
        fair = ExponentiatedGradient(model, constraints(difference_bound=bound))
        fair.fit(train.x, train.y, sensitive_features=train.s)
        yield f"difference_bound={bound}", fair.predict(test.x, random_state=seed)


def threshold_optimizer(train, test, seed, criterion):
    from fairlearn.postprocessing import ThresholdOptimizer

    model = trees(seed).fit(train.x, train.y)
    names = {"DP": "demographic_parity", "EO": "equalized_odds"}
    # For equalized odds fairlearn has no tolerance.
    for tol in TOLERANCES if criterion == "DP" else [0.0]:
        fair = ThresholdOptimizer(
            estimator=model,
            constraints=names[criterion],
            prefit=True,
            predict_method="predict_proba",
            tol=tol or None,
        )
        fair.fit(train.x, train.y, sensitive_features=train.s)
        yield (
            f"tol={tol}",
            fair.predict(test.x, sensitive_features=test.s, random_state=seed),
        )


def linear_post(make_trees, train, test, seed, criterion):
    """LinearPost (Xian and Zhao 2024, arXiv 2405.04025), blind, written anew.

    Of all rules that see x alone the most accurate within a limit is linear in what
    boosted trees say of y and of S: it predicts 1 where

        2 P(y=1|x) - 1 > sum over groups s of m_s P(s|x) / P(s)

    with multipliers that sum to 0; for equalized odds P(s, y|x) / P(s, y) stands for
    each y in place of P(s|x) / P(s). The multipliers solve the dual of the linear
    program on the training rows, scored by trees that left them out.
    """
    labels = train.codes if criterion == "DP" else 2 * train.codes + train.y
    models = [make_trees(seed), make_trees(seed)]
    seen, unseen = [], []
    for model, target in zip(models, (train.y, labels), strict=True):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        seen.append(
            cross_val_predict(model, train.X, target, cv=folds, method="predict_proba")
        )
        unseen.append(model.fit(train.X, target).predict_proba(test.X))
    shares = np.bincount(labels) / len(labels)
    # One column a cell: groups, or groups of each label.
    gain, cells = 2 * seen[0][:, 1] - 1, seen[1] / shares
    gain_unseen, cells_unseen = 2 * unseen[0][:, 1] - 1, unseen[1] / shares
    families = [np.arange(len(shares))]
    if criterion == "EO":
        families = [np.arange(0, len(shares), 2), np.arange(1, len(shares), 2)]
    for bound in sorted({0.001, 0.002, *TOLERANCES[1:], *BOUNDS}):
        multipliers = _dual(gain, cells, families, bound)
        yield f"bound={bound}", gain_unseen > cells_unseen @ multipliers


def _dual(gain, cells, families, bound):
    """Multipliers of the most accurate rule whose rates differ by at most ``bound``.

    The least of E[max(0, gain - cells @ m)] + bound / 2 * sum |m|, where the m of a
    family sum to 0. It is solved as a linear program of m's parts above and below 0 and
    of a slack for each row.
    """
    n, k = cells.shape
    of_rows = np.full(n, 1 / n)
    costs = np.concatenate([np.full(2 * k, bound / 2), of_rows])
    above = sparse.hstack([-cells, cells, -sparse.eye(n)], format="csc")
    sums = np.zeros((len(families), 2 * k + n))
    for row, family in zip(sums, families, strict=True):
        row[family], row[family + k] = 1, -1
    found = linprog(
        costs, A_ub=above, b_ub=-gain, A_eq=sums, b_eq=np.zeros(len(families))
    )
    return found.x[:k] - found.x[k : 2 * k]


def correlation_remover(train, test, seed, criterion):
    from fairlearn.preprocessing import CorrelationRemover

    # One column for each group but the first.
    columns = list(range(train.codes.max()))
    x, x_test = (
        np.column_stack([rows.codes[:, None] == np.add(columns, 1), rows.x])
        for rows in (train, test)
    )
    for alpha in CORRELATIONS:
        remover = CorrelationRemover(sensitive_feature_ids=columns, alpha=alpha).fit(x)
        model = logistic().fit(remover.transform(x), train.y)
        yield f"alpha={alpha}", model.predict(remover.transform(x_test))


def epochs_and_batch(n_rows):
    """Of all neural peers."""
    if n_rows > 10_000:
        return 20, 512
    return (20, 128) if n_rows > 2000 else (30, 64)


def corrected_engine(seed):
    """fairlearn 0.15's engine with the seed in use and the projection of its paper.

    As shipped the seed of torch is always 0, and the term is no inner product of
    matrices (Zhang, Lemoine and Mitchell 2018, Mitigating Unwanted Biases with
    Adversarial Learning).
    """
    import torch
    from fairlearn.adversarial._pytorch_engine import PytorchEngine

    class Corrected(PytorchEngine):
        def __init__(self, base, X, Y, A):
            base.random_state_ = SimpleNamespace(random=lambda: seed)
            super().__init__(base, X, Y, A)

        def train_step(self, X, Y, A):
            predicted = self.predictor_model(X)
            task_loss = self.predictor_loss(predicted, Y)
            seen = torch.cat((predicted, Y), 1) if self.base.pass_y_ else predicted
            adversary_loss = self.adversary_loss(self.adversary_model(seen), A)
            weights = list(self.predictor_model.parameters())
            task = torch.autograd.grad(task_loss, weights, retain_graph=True)
            harm = torch.autograd.grad(adversary_loss, weights, retain_graph=True)
            self.adversary_optimizer.zero_grad()
            adversary_loss.backward()
            for weight, of_task, of_harm in zip(weights, task, harm, strict=True):
                unit = of_harm / (of_harm.norm() + 1e-12)
                projected = (of_task * unit).sum() * unit
                weight.grad = of_task - projected - self.base.alpha * of_harm
            self.predictor_optimizer.step()
            self.adversary_optimizer.step()
            return task_loss.item(), adversary_loss.item()

    return Corrected


def adversarial(corrected, train, test, seed, criterion):
    from fairlearn.adversarial import AdversarialFairnessClassifier

    names = {"DP": "demographic_parity", "EO": "equalized_odds"}
    epochs, batch_size = epochs_and_batch(len(train.y))
    for alpha in ALPHAS:
        model = AdversarialFairnessClassifier(
            backend=corrected_engine(seed) if corrected else "torch",
            predictor_model=[100, "relu"],
            adversary_model=[50, "relu"],
            constraints=names[criterion],
            alpha=alpha,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=1e-3,
            shuffle=True,
            random_state=seed,
        )
        model.fit(train.x, train.y, sensitive_features=train.s)
        yield f"alpha={alpha}", np.ravel(model.predict(test.x)).astype(int)


def fairret(train, test, seed, criterion):
    """A network of 100 hidden units with a norm of fairret's as a term of its loss."""
    import torch
    from fairret.loss import NormLoss
    from fairret.statistic import FalsePositiveRate, PositiveRate, TruePositiveRate

    parity = NormLoss(PositiveRate())
    odds = [NormLoss(TruePositiveRate()), NormLoss(FalsePositiveRate())]
    x, x_test = torch.from_numpy(train.x), torch.from_numpy(test.x)
    y = torch.from_numpy(train.y.astype(np.float32))[:, None]
    s = torch.from_numpy(np.eye(train.codes.max() + 1, dtype=np.float32)[train.codes])
    epochs, batch_size = epochs_and_batch(len(y))

    def unfairness(logits, rows):
        try:
            if criterion == "DP":
                return parity(logits, s[rows])
            return sum(term(logits, s[rows], y[rows]) for term in odds)
        except NotImplementedError:  # no positive in the batch
            return 0.0

    for weight in FAIRRET_WEIGHTS:
        torch.manual_seed(seed)
        net = torch.nn.Sequential(
            torch.nn.Linear(x.shape[1], 100), torch.nn.ReLU(), torch.nn.Linear(100, 1)
        )
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(batch_size):
                if len(rows) < batch_size:
                    continue
                logits = net(x[rows])
                loss = torch.nn.functional.binary_cross_entropy_with_logits(
                    logits, y[rows]
                ) + weight * unfairness(logits, rows)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        with torch.no_grad():
            yield f"weight={weight}", (net(x_test)[:, 0] > 0).numpy().astype(int)


@cache
def fairgbm_classifier():
    """FairGBM's class; scikit-learn has renamed an argument since its release."""
    import fairgbm.sklearn as package

    def renamed(check):
        def call(*args, force_all_finite=True, **kwargs):
            return check(*args, ensure_all_finite=force_all_finite, **kwargs)

        return call

    package._LGBMCheckXY = renamed(package._LGBMCheckXY)
    package._LGBMCheckArray = renamed(package._LGBMCheckArray)
    return package.FairGBMClassifier


def fairgbm(train, test, seed, criterion):
    for rate, tolerance in FAIRGBM:
        model = fairgbm_classifier()(
            constraint_type="FPR,FNR",
            constraint_fpr_tolerance=tolerance,
            constraint_fnr_tolerance=tolerance,
            multiplier_learning_rate=rate,
            random_state=seed,
            n_jobs=1,
            verbose=-1,
        )
        model.fit(train.x, train.y, constraint_group=train.codes)
        yield f"rate={rate}, tolerance={tolerance}", model.predict(test.x)


def oxonfair(infers, train, test, seed, criterion):
    """Thresholds by group, chosen on three tenths of the training rows.

    If it ``infers`` groups, by boosted trees, it sees S at no prediction.
    """
    from oxonfair import FairPredictor
    from oxonfair import group_metrics as metrics

    rows, held_out = train_test_split(
        np.arange(len(train.y)), test_size=0.3, random_state=seed, stratify=train.y
    )
    model = trees(seed).fit(train.x[rows], train.y[rows])
    of_s = trees(seed).fit(train.x[rows], train.codes[rows]) if infers else False
    validation = {
        "data": train.x[held_out],
        "target": train.y[held_out],
        "groups": train.codes[held_out],
    }
    unseen = {"data": test.x, "target": test.y, "groups": test.codes}
    gaps = {"DP": metrics.demographic_parity, "EO": metrics.equalized_odds}
    for bound in TOLERANCES[1:]:
        fair = FairPredictor(model, validation, inferred_groups=of_s)
        fair.fit(metrics.accuracy, gaps[criterion], bound)
        yield f"bound={bound}", np.ravel(fair.predict(unseen)).astype(int)


def fair_representations(train, test, seed, criterion):
    """AIF360's LFR: prototypes, by L-BFGS."""
    from aif360.sklearn.preprocessing import LearnedFairRepresentations

    frame, frame_test = (
        pd.DataFrame(rows.x, index=pd.Index(rows.codes, name="s")).add_prefix("x")
        for rows in (train, test)
    )
    y = pd.Series(train.y, index=frame.index)
    for weight in LFR_WEIGHTS:
        model = LearnedFairRepresentations(
            prot_attr="s",
            n_prototypes=10,
            reconstruct_weight=0.01,
            target_weight=1.0,
            fairness_weight=weight,
            random_state=seed,
            max_iter=100,
        )
        model.fit(frame, y, priv_group=1)
        yield f"fairness_weight={weight}", np.asarray(model.predict(frame_test))
