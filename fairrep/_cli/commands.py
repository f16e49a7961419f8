"""The commands and their options, without what they run: help takes no time."""

import argparse
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .options import (
    Formatter,
    add_bottleneck,
    add_classes,
    add_columns,
    add_criterion,
    add_data,
    add_escape,
    add_force,
    add_holdout,
    add_lambda_mi,
    add_max_epochs,
    add_model,
    add_picture,
    add_positive,
    add_seed,
    add_test_size,
    add_trust,
    checked,
    group_name,
    least,
    limit,
    probabilities,
)


def add_fit(commands: Any) -> None:
    """Add `fairrep fit` to the commands."""
    parser = commands.add_parser(
        "fit",
        help="train a classifier on a file and save it",
        description="Train MIDebiasedClassifier on the columns of a file, save it to a "
        "folder, and print how it does on rows held out. The target and the sensitive "
        "columns are no features.",
        formatter_class=Formatter,
    )
    add_data(parser)
    add_columns(parser)
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where to save; a model that is there is replaced",
    )
    add_lambda_mi(
        parser,
        checked(float, "a number of at least 0", lambda value: 0 <= value < math.inf),
        "weight of the mutual information term",
    )
    add_criterion(parser)
    add_positive(parser)
    add_bottleneck(parser)
    add_test_size(
        parser,
        checked(float, "a number from 0 to 0.5", lambda value: 0 <= value <= 0.5),
        0.2,
        "the summary; 0 for none",
    )
    add_holdout(parser)
    add_max_epochs(parser)
    add_seed(parser, "the model and of the rows held out")
    add_classes(parser)
    add_force(parser)
    add_escape(parser)
    parser.set_defaults(run="fit")


def add_predict(commands: Any) -> None:
    """Add `fairrep predict` to the commands."""
    parser = commands.add_parser(
        "predict",
        help="predict for the rows of a file with a saved model",
        description="Write the predictions of a model for the rows of a file, in their "
        "order, as CSV. Sensitive columns are not needed.",
        formatter_class=Formatter,
    )
    add_data(parser)
    add_model(parser, required=True)
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="CSV to write; - for standard output",
    )
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column to write before the predictions, such as an id; repeatable",
    )
    parser.add_argument(
        "--proba", action="store_true", help="add a column of probabilities a class"
    )
    add_trust(parser)
    add_force(parser)
    add_escape(parser)
    parser.set_defaults(run="predict")


def add_tradeoff(commands: Any) -> None:
    """Add `fairrep tradeoff` to the commands."""
    parser = commands.add_parser(
        "tradeoff",
        help="show what fairness costs: the whole curve, and the best within a limit",
        description="Train a single net that serves all lambdas on the columns of a "
        "file, choose the best lambda whose gap is within a limit, and set the whole "
        "curve against gradient boosting on rows held out, as a table and a picture.",
        formatter_class=Formatter,
    )
    add_data(parser)
    add_columns(parser)
    add_criterion(parser)
    add_positive(parser)
    add_bottleneck(parser)
    parser.add_argument(
        "--boosted",
        action="store_true",
        help="start from the scores of gradient boosting, which takes longer and on "
        "tables is usually more accurate",
    )
    parser.add_argument(
        "--max-gap",
        type=checked(float, "a number from 0 to 1", lambda value: 0 <= value <= 1),
        default=0.05,
        metavar="NUMBER",
        help="limit to the gap's upper confidence limit",
    )
    parser.add_argument(
        "--lambda-mi",
        type=checked(
            float, "a number of at least 0", lambda value: 0 <= value < math.inf
        ),
        metavar="NUMBER",
        help="take the point of the curve nearest to this one, in place of the best "
        "within --max-gap",
    )
    parser.add_argument(
        "--cv",
        type=checked(int, "a whole number of at least 2", lambda value: value >= 2),
        metavar="N",
        help="choose by N-fold cross-validation (default: one hold-out)",
    )
    add_test_size(
        parser,
        checked(float, "a number above 0, up to 0.5", lambda value: 0 < value <= 0.5),
        0.25,
        "the curve",
    )
    add_holdout(parser)
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FOLDER",
        default=argparse.SUPPRESS,
        help="where to save the model that was taken; one that is there is replaced",
    )
    add_max_epochs(parser)
    add_seed(parser, "the models and of the rows held out")
    add_picture(parser, "fairrep_tradeoff.png")
    add_classes(parser)
    add_force(parser)
    add_escape(parser)
    parser.set_defaults(run="tradeoff")


def _labelled(label: str, text: str) -> tuple[str, str]:
    return label, text


def add_audit(commands: Any) -> None:
    """Add `fairrep audit` to the commands."""
    parser = commands.add_parser(
        "audit",
        help="measure how a model or predictions treat groups, and what leaks",
        description="Audit a model, or a column of predictions, on the rows of a file "
        "that it was not trained on: rates by group, gaps with intervals, what "
        "attackers read of the sensitive columns.",
        epilog="Exit code 0; 1 if a limit of --fail-above or --fail-below is "
        "passed; 2 on errors; 70 "
        "if fairrep itself fails.",
        formatter_class=Formatter,
    )
    add_data(parser)
    add_columns(parser, needs_sensitive=False)
    parser.add_argument(
        "--sensitive-probabilities",
        type=probabilities,
        action="append",
        default=[],
        metavar="NAME:COLUMN,COLUMN,...",
        help="a sensitive attribute that is known as probabilities alone, and the "
        "columns that hold them, one a group; repeatable, and with or without "
        "--sensitive",
    )
    audited = parser.add_mutually_exclusive_group(required=True)
    audited.add_argument(
        "--prediction", metavar="COLUMN", help="the column of predicted labels"
    )
    add_model(audited, required=False)
    parser.add_argument(
        "--score",
        metavar="COLUMN",
        help="the column of scores of the positive class, with --prediction",
    )
    add_positive(parser)
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write the report as a page"
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the report as JSON; - for standard output, in place of the text",
    )
    parser.add_argument(
        "--card",
        type=Path,
        metavar="FILE",
        help="write a model card in Markdown, with --model",
    )
    parser.add_argument(
        "--impact-ratios",
        type=Path,
        metavar="FILE",
        help="write the selection rate and impact ratio of each group as CSV",
    )
    parser.add_argument(
        "--reference",
        metavar="GROUP",
        help="the group of --impact-ratios that others are compared with (default: the "
        "one that is selected most)",
    )
    parser.add_argument(
        "--min-group-share",
        type=checked(float, "a number from 0 to below 1", lambda value: 0 <= value < 1),
        default=0.0,
        metavar="SHARE",
        help="in --impact-ratios, groups of a smaller share of the rows get no ratio",
    )
    parser.add_argument(
        "--not-compared",
        action="append",
        default=[],
        metavar="GROUP",
        help="a group that is counted and not compared, such as unknown; repeatable",
    )
    parser.add_argument(
        "--no-leakage",
        dest="leakage",
        action="store_false",
        help="leave out the attackers, which take most of the time",
    )
    parser.add_argument(
        "--fail-above",
        action="append",
        type=limit,
        default=[],
        metavar="NAME=NUMBER",
        help="exit with 1 if a figure is above: gap (demographic parity difference), "
        "eo (equalized odds difference), opportunity (equal opportunity difference), "
        "or leakage (the best attacker's AUC; of more than two groups the balanced "
        "accuracy); repeatable",
    )
    parser.add_argument(
        "--fail-below",
        action="append",
        type=least,
        default=[],
        metavar="NAME=NUMBER",
        help="exit with 1 if a figure is below: ratio (demographic parity ratio; 0.8 "
        "is the four-fifths rule)",
    )
    said = {
        "author": "author of the audit, for the report to say",
        "purpose": "purpose of the audit, for the report to say",
        "outcome": "what it means to be selected, such as 'the loan is granted', for "
        "the top of the page",
    }
    for option, help_text in said.items():
        parser.add_argument(
            f"--{option}",
            dest="about",
            action="append",
            type=partial(_labelled, option),
            default=[],
            metavar="TEXT",
            help=help_text,
        )
    parser.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="a former report, written with --json, to compare with in --html",
    )
    parser.add_argument(
        "--group-name",
        action="append",
        type=group_name,
        default=[],
        metavar="COLUMN:VALUE=NAME",
        help="a name for a value of a sensitive column, such as SEX:0=women; "
        "repeatable",
    )
    add_seed(parser, "draws and attackers")
    add_trust(parser)
    add_force(parser)
    add_escape(parser)
    parser.set_defaults(run="audit")


def add_demo(commands: Any) -> None:
    """Add `fairrep demo` to the commands."""
    parser = commands.add_parser(
        "demo",
        help="show on bundled census data what the mutual information term does",
        description="Train the same classifier twice on the bundled Adult census data, "
        "without and with the mutual information term, and compare the two on test "
        "rows: accuracy, fairness between women and men, and what the representation "
        "still tells of sex. Takes about a minute.",
        formatter_class=Formatter,
    )
    add_lambda_mi(
        parser,
        checked(float, "a number above 0", lambda value: 0 < value < math.inf),
        "weight of the mutual information term in the second model",
    )
    add_criterion(
        parser, "what the second model is to make equal between women and men"
    )
    add_max_epochs(parser)
    add_seed(parser, "the models and of the attacker")
    add_picture(parser, "fairrep_demo.png")
    add_force(parser)
    parser.set_defaults(run="demo")


COMMANDS: list[Callable[[Any], None]] = [
    add_fit,
    add_predict,
    add_tradeoff,
    add_audit,
    add_demo,
]
