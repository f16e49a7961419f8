"""`fairrep demo`: one classifier on Adult, without and with the MI term."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from textwrap import fill
from typing import Any

import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from .._estimators.classifier import MIDebiasedClassifier
from .._problem.criterion import CRITERIA
from .._utils.plotting import check_picture, new_figure, save_picture
from ..datasets import load_adult
from ..metrics import FairnessReport, fairness_report
from .output import check_outputs, fit_or_leave, progress, tell

RATES = {
    "accuracy": "accuracy",
    "selection_rate": "selection rate",
    "true_positive_rate": "true positive rate (TPR)",
    "false_positive_rate": "false positive rate (FPR)",
}
DISPARITIES = {
    "demographic_parity_difference": "0 is best: gap in selection rate",
    "demographic_parity_ratio": "1 is best: smaller rate / larger",
    "equalized_odds_difference": "0 is best: larger TPR or FPR gap",
    "equal_opportunity_difference": "0 is best: gap in TPR",
}
# Two colours of Okabe and Ito, told apart without colour vision and in grey.
BEFORE, AFTER = "#E69F00", "#0072B2"


@dataclass(frozen=True)
class Goal:
    """What a criterion asks for, and how to speak of it."""

    gap: str
    rates: list[str]  # what is to be equal
    information: str


GOALS = {
    "demographic_parity": Goal(
        "gap in selection rate between women and men",
        ["selection_rate"],
        "I(Z; S)",
    ),
    "equalized_odds": Goal(
        "larger of the gaps in true and in false positive rate between women and men",
        ["true_positive_rate", "false_positive_rate"],
        "I(Z; S | Y)",
    ),
    "equal_opportunity": Goal(
        "gap in true positive rate between women and men",
        ["true_positive_rate"],
        "I(Z; S | Y=1)",
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What is measured of one model."""

    report: FairnessReport
    mi_estimate: float
    attacker_auc: float
    constant_accuracy: float  # of predicting the commoner class for everybody

    @property
    def accuracy(self) -> float:
        return float(self.report.overall["accuracy"])


def run_demo(
    *,
    lambda_mi: float,
    criterion: str,
    seed: int,
    output: Path,
    force: bool,
    max_epochs: int | None = None,
) -> None:
    """Train both models, print the comparison and draw it."""
    can_draw = find_spec("matplotlib") is not None
    if can_draw:
        check_picture(output)
    check_outputs([], {"--output": output}, force=force)
    X, y, sex = load_adult(subset="train", return_X_y_s=True)
    test: tuple[Any, Any, Any] = load_adult(subset="test", return_X_y_s=True)
    print(_introduction(y, test, lambda_mi, criterion), flush=True)
    options: dict[str, Any] = {"criterion": criterion, "random_state": seed}
    if max_epochs is not None:
        options["max_epochs"] = max_epochs
    outcomes = []
    # Networks this small gain nothing from threads, which on shared cores wait for
    # each other: ten times slower has been seen.
    with threadpool_limits(1):
        for step, weight in enumerate([0.0, lambda_mi], start=1):
            tell(f"Training model {step} of 2: lambda_mi={weight:g}")
            model = MIDebiasedClassifier(weight, verbose=progress(), **options)
            fit_or_leave(model, X, y, sex)
            tell(f"Measuring model {step} of 2 on the test rows")
            outcomes.append(_measure(model, *test, seed=seed))
    before, after = outcomes
    print(_tables(before, after, criterion))
    print(summary(before, after, criterion), end="\n\n")
    if not can_draw:
        print('For a picture of this: pip install "fairrep[plot]"')
        return
    save_picture(_draw(before, after, lambda_mi, criterion), output, dpi=100)


def _measure(
    model: MIDebiasedClassifier,
    X: pd.DataFrame,
    y: pd.Series,
    sex: pd.Series,
    *,
    seed: int,
) -> Outcome:
    return Outcome(
        fairness_report(y, model.predict(X), sensitive_features=sex, pos_label=1),
        model.mi_estimate_,
        _attacker_auc(model.transform(X), sex, seed),
        max(y.mean(), 1 - y.mean()),
    )


def _attacker_auc(z: NDArray, sex: pd.Series, seed: int) -> float:
    """What boosted trees, trained on half the rows of z, read of sex in the others."""
    z_train, z_test, male_train, male_test = train_test_split(
        z, sex == "Male", test_size=0.5, stratify=sex, random_state=seed
    )
    attacker = HistGradientBoostingClassifier(random_state=seed)
    attacker.fit(z_train, male_train)
    return float(roc_auc_score(male_test, attacker.predict_proba(z_test)[:, 1]))


# -- words -------------------------------------------------------------------------


def _introduction(
    y_train: pd.Series,
    test: tuple[pd.DataFrame, pd.Series, pd.Series],
    lambda_mi: float,
    criterion: str,
) -> str:
    _, y, sex = test
    women, men = (y[sex == group].mean() for group in ("Female", "Male"))
    return f"""\
One classifier trained twice: without and with the mutual information (MI) term.

data     Adult census income (UCI), bundled with fairrep: {len(y_train):,} rows to
         train on, and {len(y):,} test rows that neither model was trained on
target   income above 50,000 dollars a year: {women:.1%} of the women and
         {men:.1%} of the men in the test rows
S        sex. It is not a feature, but others tell much of it (husband, wife)
before   MIDebiasedClassifier(lambda_mi=0)
after    MIDebiasedClassifier(lambda_mi={lambda_mi:g}, criterion="{criterion}")
"""


def _tables(before: Outcome, after: Outcome, criterion: str) -> str:
    old, new = before.report.to_frame(), after.report.to_frame()
    lines = [
        f"{'TEST ROWS, BY GROUP':25}" + "".join(f"{group:>18}" for group in old.index),
        f"{'':25}" + f"{'before':>10}{'after':>8}" * len(old),
        f"{'people':25}" + "".join(f"{number:>18,.0f}" for number in old["count"]),
    ]
    for rate, name in RATES.items():
        pairs = zip(old[rate], new[rate], strict=True)
        cells = "".join(f"{b:>10.3f}{a:>8.3f}" for b, a in pairs)
        lines.append(f"{name:25}" + cells)
    lines += [
        "Selection rate: share predicted to earn more than 50,000 dollars. TPR: the",
        "same, of those who do earn it. FPR: the same, of those who do not.",
        "",
        f"{'TEST ROWS, WOMEN AND MEN':30}{'before':>7}{'after':>8}",
        _row(
            "accuracy",
            before.accuracy,
            after.accuracy,
            f"1 is best, {before.constant_accuracy:.3f} by a constant",
        ),
    ]
    for disparity, note in DISPARITIES.items():
        first, second = (
            getattr(outcome.report, disparity) for outcome in (before, after)
        )
        lines.append(_row(disparity.replace("_", " "), first, second, note))
    lines += [
        "",
        f"{'WHAT z STILL TELLS OF SEX':30}{'before':>7}{'after':>8}",
        _row(
            f"{GOALS[criterion].information}, estimate, nats",
            before.mi_estimate,
            after.mi_estimate,
            "0: nothing, 0.693: everything",
        ),
        _row(
            "AUC of a fresh attacker",
            before.attacker_auc,
            after.attacker_auc,
            "0.5: guesses, 1: always right",
        ),
        "z is the representation that predictions are made from. The estimate is made",
        "on training rows held out from the fit, both sexes counted equally. It can",
        "read too low, so an attacker checks it: boosted trees that learn sex from z",
        "on half of the test rows, judged on the other half.",
    ]
    if criterion != "demographic_parity":
        lines += [
            f"With criterion={criterion}, z may tell of sex what the target",
            "itself tells of it: the AUC need not come down to 0.5.",
        ]
    return "\n".join([*lines, ""])


def _row(name: str, before: float, after: float, note: str) -> str:
    return f"{name:30}{before:>7.3f}{after:>8.3f}   {note}"


def summary(before: Outcome, after: Outcome, criterion: str) -> str:
    """Say in plain words what changed and what it cost, better or worse."""
    goal = GOALS[criterion]

    def change(disparity: str) -> str:
        return _change(
            getattr(before.report, disparity), getattr(after.report, disparity)
        )

    sentences = [
        f"The {goal.gap} {change(CRITERIA[criterion].gap)}; accuracy "
        f"{_change(before.accuracy, after.accuracy)}."
    ]
    if not change(CRITERIA[criterion].gap).startswith("fell"):
        sentences.append("So the MI term did not narrow the gap that it is meant to.")
    if round(after.accuracy, 3) <= round(after.constant_accuracy, 3):
        sentences.append(
            "The second model is useless: predicting the same for everybody would be "
            "as accurate. A smaller --lambda-mi may do better."
        )
    for other in ("demographic_parity", "equalized_odds"):
        disparity = CRITERIA[other].gap
        if other != criterion and change(disparity).startswith("rose"):
            sentences.append(
                f"The {disparity.replace('_', ' ')} got worse: it "
                f"{change(disparity)}. Fairness criteria can conflict, and this model "
                f"was trained for another one; --criterion {other} trains for this."
            )
    sentences.append("One split and one seed: a few thousandths are noise.")
    return fill(" ".join(sentences), 80, break_on_hyphens=False)


def _change(before: float, after: float) -> str:
    # As they are read: 0.1701 to 0.1699 is no change in three digits.
    old, new = f"{before:.3f}", f"{after:.3f}"
    if old == new:
        return f"stayed at {old}"
    return f"{'fell' if after < before else 'rose'} from {old} to {new}"


# -- picture -----------------------------------------------------------------------


def _draw(before: Outcome, after: Outcome, lambda_mi: float, criterion: str) -> Any:
    """Bars by group: what was to become equal, and what it cost."""
    captions = {
        "selection_rate": "predicted above 50,000 dollars",
        "true_positive_rate": "predicted above, of those who are",
        "false_positive_rate": "predicted above, of those who are not",
        "accuracy": "predicted correctly",
    }
    rates = [*GOALS[criterion].rates, "accuracy"]
    figure = new_figure(figsize=(4.8 * len(rates), 5), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.15, h_pad=0.08)
    axes = figure.subplots(1, len(rates))
    for ax, rate in zip(axes, rates, strict=True):
        news = []
        for outcome, shift, color, name in [
            (
                before,
                -0.2,
                BEFORE,
                "before: no mutual information term (lambda_mi = 0)",
            ),
            (after, 0.2, AFTER, f"after: with it (lambda_mi = {lambda_mi:g})"),
        ]:
            women, men, everyone = heights = outcome.report.to_frame()[rate]
            news.append(everyone if rate == "accuracy" else abs(women - men))
            at = [place + shift for place in range(3)]
            bars = ax.bar(at, heights, width=0.38, color=color, label=name)
            ax.bar_label(bars, fmt="%.3f", padding=2)
        what = "all" if rate == "accuracy" else "gap between women and men"
        name = rate.replace("_", " ")
        ax.set_title(
            f"{name.capitalize()}: {captions[rate]}\n"
            f"{what}: {news[0]:.3f} before, {news[1]:.3f} after",
            fontsize="medium",
        )
        ax.set_xticks(range(3), ["women", "men", "all"])
        ax.set_xlabel("sex (S)")
        ax.set_ylabel(f"{name} (share of people)")
        ax.margins(y=0.12)
        ax.spines[["top", "right"]].set_visible(False)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2
    )
    n_rows = int(before.report.overall["count"])
    figure.suptitle(
        f"Adult census: is income above 50,000 dollars? {n_rows:,} test rows; "
        "sensitive attribute S: sex",
        fontweight="bold",
    )
    return figure
