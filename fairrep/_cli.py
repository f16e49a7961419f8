"""The `fairrep` command: reads options, calls the library, reports errors in one line.

A sub-command is one function here that adds its parser; each option has the name of a
parameter of the function that it sets as `run`. List it in `COMMANDS`.
"""

import argparse
import math
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import __version__
from ._audit_command import LIMITS, run_audit
from ._classifier import MIDebiasedClassifier
from ._commands import run_fit, run_predict
from ._data import BUNDLED
from ._demo import GOALS, run_demo
from ._tradeoff_command import run_tradeoff


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"fairrep: error: {message} (see {self.prog} --help)\n")


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    def _get_help_string(self, action: argparse.Action) -> str | None:
        says_nothing = action.default is None or isinstance(action.default, bool | list)
        return action.help if says_nothing else super()._get_help_string(action)


def _checked(
    kind: Callable[[str], Any], expected: str, accepts: Callable[[Any], bool]
) -> Callable[[str], Any]:
    """A type for argparse: text -> number of this kind, within its range."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not accepts(value):
            raise argparse.ArgumentTypeError(f"expected {expected}; got {text!r}")
        return value

    return parse


def _limit(text: str) -> tuple[str, float]:
    """A type for argparse: name=number."""
    name, _, number = text.partition("=")
    if name not in LIMITS:
        raise argparse.ArgumentTypeError(
            f"expected NAME=NUMBER with a name of {', '.join(LIMITS)}; got {text!r}"
        )
    return name, _limit_number(number)


_limit_number = _checked(
    float, "a number from 0 to 1 after the =", lambda value: 0 <= value <= 1
)


def _add_seed(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--seed",
        type=_checked(
            int, "a whole number from 0 to 2**32 - 1", lambda value: 0 <= value < 2**32
        ),
        default=0,
        metavar="N",
        help=f"random state of {what}",
    )


def _add_max_epochs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-epochs",
        type=_checked(int, "a whole number of at least 1", lambda value: value >= 1),
        metavar="N",
        default=argparse.SUPPRESS,
        help="length of training (default: the estimator's)",
    )


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "data",
        metavar="DATA",
        help="rows to read: a file .csv, .tsv or .parquet, or bundled data by name: "
        f"{', '.join(BUNDLED)}",
    )
    parser.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column that is no feature; repeatable",
    )


def _add_columns(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", required=True, metavar="COLUMN", help="the column of true labels"
    )
    parser.add_argument(
        "--sensitive",
        required=True,
        action="append",
        metavar="COLUMN",
        help="a sensitive column; repeatable",
    )
    parser.add_argument(
        "--missing",
        choices=["raise", "drop"],
        default="raise",
        help="what to do with rows without a target or a sensitive value",
    )


def _add_lambda_mi(
    parser: argparse.ArgumentParser, number: Callable[[str], Any], help: str
) -> None:
    parser.add_argument(
        "--lambda-mi", type=number, default=3.0, metavar="NUMBER", help=help
    )


def _add_criterion(
    parser: argparse.ArgumentParser,
    help: str = "what is to become equal between groups",
) -> None:
    parser.add_argument(
        "--criterion", choices=list(GOALS), default="demographic_parity", help=help
    )


def _add_bottleneck(parser: argparse.ArgumentParser) -> None:
    (accepted,) = MIDebiasedClassifier._parameter_constraints["bottleneck"]
    parser.add_argument(
        "--bottleneck",
        choices=sorted(accepted.options),
        default=MIDebiasedClassifier().bottleneck,
        help="what the representation is: numbers with noise, numbers, or a code",
    )


def _add_test_size(
    parser: argparse.ArgumentParser,
    share: Callable[[str], Any],
    default: float,
    what: str,
) -> None:
    parser.add_argument(
        "--test-size",
        type=share,
        default=default,
        metavar="SHARE",
        help=f"share of the rows held out for {what}",
    )


def _add_picture(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(default),
        metavar="FILE",
        help="picture to write; the ending says the format",
    )


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="TYPE",
        help="a type that a .skops file may hold; repeatable",
    )
    parser.add_argument(
        "--trust-pickle",
        action="store_true",
        help="load a .pkl or .joblib model, which runs whatever code is in it",
    )


def _add_demo(commands: Any) -> None:
    parser = commands.add_parser(
        "demo",
        help="show on bundled census data what the mutual information term does",
        description="Train the same classifier twice on the bundled Adult census data, "
        "without and with the mutual information term, and compare the two on test "
        "rows: accuracy, fairness between women and men, and what the representation "
        "still tells of sex. Takes about a minute.",
        formatter_class=_Formatter,
    )
    _add_lambda_mi(
        parser,
        _checked(float, "a number above 0", lambda value: 0 < value < math.inf),
        "weight of the mutual information term in the second model",
    )
    _add_criterion(
        parser, "what the second model is to make equal between women and men"
    )
    _add_max_epochs(parser)
    _add_seed(parser, "the models and of the attacker")
    _add_picture(parser, "fairrep_demo.png")
    parser.set_defaults(run=run_demo)


def _add_fit(commands: Any) -> None:
    parser = commands.add_parser(
        "fit",
        help="train a classifier on a file and save it",
        description="Train MIDebiasedClassifier on the columns of a file, save it to a "
        "folder, and print how it does on rows held out. The target and the sensitive "
        "columns are no features.",
        formatter_class=_Formatter,
    )
    _add_data(parser)
    _add_columns(parser)
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where to save; a model that is there is replaced",
    )
    _add_lambda_mi(
        parser,
        _checked(float, "a number of at least 0", lambda value: 0 <= value < math.inf),
        "weight of the mutual information term",
    )
    _add_criterion(parser)
    _add_bottleneck(parser)
    _add_test_size(
        parser,
        _checked(float, "a number from 0 to 0.5", lambda value: 0 <= value <= 0.5),
        0.2,
        "the summary; 0 for none",
    )
    parser.add_argument(
        "--holdout",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="CSV to write with the rows held out, for `fairrep audit`",
    )
    _add_max_epochs(parser)
    _add_seed(parser, "the model and of the rows held out")
    parser.set_defaults(run=run_fit)


def _add_predict(commands: Any) -> None:
    parser = commands.add_parser(
        "predict",
        help="predict for the rows of a file with a saved model",
        description="Write the predictions of a model for the rows of a file, in their "
        "order, as CSV. Sensitive columns are not needed.",
        formatter_class=_Formatter,
    )
    _add_data(parser)
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="PATH",
        help="a folder that fairrep saved, or a .skops file",
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="CSV to write; - for standard output",
    )
    parser.add_argument(
        "--proba", action="store_true", help="add a column of probabilities a class"
    )
    _add_trust(parser)
    parser.set_defaults(run=run_predict)


def _add_tradeoff(commands: Any) -> None:
    parser = commands.add_parser(
        "tradeoff",
        help="show what fairness costs: the whole curve, and the best within a limit",
        description="Train one net for every lambda on the columns of a file, choose "
        "the best one whose gap is within a limit, and set the whole curve against "
        "gradient boosting on rows held out, as a table and a picture.",
        formatter_class=_Formatter,
    )
    _add_data(parser)
    _add_columns(parser)
    _add_criterion(parser)
    _add_bottleneck(parser)
    parser.add_argument(
        "--boosted",
        action="store_true",
        help="start from the scores of gradient boosting, which takes longer and on "
        "tables is usually more accurate",
    )
    parser.add_argument(
        "--max-gap",
        type=_checked(float, "a number from 0 to 1", lambda value: 0 <= value <= 1),
        default=0.05,
        metavar="NUMBER",
        help="limit to the gap's upper confidence limit",
    )
    parser.add_argument(
        "--cv",
        type=_checked(int, "a whole number of at least 2", lambda value: value >= 2),
        metavar="N",
        help="choose by N-fold cross-validation (default: one hold-out)",
    )
    _add_test_size(
        parser,
        _checked(float, "a number above 0, up to 0.5", lambda value: 0 < value <= 0.5),
        0.25,
        "the curve",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FOLDER",
        default=argparse.SUPPRESS,
        help="where to save the model that was chosen; one that is there is replaced",
    )
    _add_max_epochs(parser)
    _add_seed(parser, "the models and of the rows held out")
    _add_picture(parser, "fairrep_tradeoff.png")
    parser.set_defaults(run=run_tradeoff)


def _add_audit(commands: Any) -> None:
    parser = commands.add_parser(
        "audit",
        help="measure how a model or predictions treat groups, and what leaks",
        description="Audit a model, or a column of predictions, on the rows of a file "
        "that it was not trained on: rates by group, gaps with intervals, what "
        "attackers read of the sensitive columns.",
        epilog="Exit code 0; 1 if a limit of --fail-above is passed; 2 on errors.",
        formatter_class=_Formatter,
    )
    _add_data(parser)
    _add_columns(parser)
    audited = parser.add_mutually_exclusive_group(required=True)
    audited.add_argument(
        "--prediction", metavar="COLUMN", help="the column of predicted labels"
    )
    audited.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        help="a folder that fairrep saved, or a .skops file",
    )
    parser.add_argument(
        "--score",
        metavar="COLUMN",
        help="the column of scores of the positive class, with --prediction",
    )
    parser.add_argument(
        "--pos-label",
        metavar="LABEL",
        help="the positive class (default: the greater of two)",
    )
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
        "--no-leakage",
        dest="leakage",
        action="store_false",
        help="leave out the attackers, which take most of the time",
    )
    parser.add_argument(
        "--fail-above",
        action="append",
        type=_limit,
        default=[],
        metavar="NAME=NUMBER",
        help="exit with 1 if a figure is above: gap (demographic parity difference), "
        "eo (equalized odds difference), or leakage (the best attacker's AUC; of more "
        "than two groups the balanced accuracy); repeatable",
    )
    _add_seed(parser, "draws and attackers")
    _add_trust(parser)
    parser.set_defaults(run=run_audit)


COMMANDS: list[Callable[[Any], None]] = [
    _add_fit,
    _add_predict,
    _add_tradeoff,
    _add_audit,
    _add_demo,
]


# What the library raises where what it is given is unfit.
ERRORS = (ValueError, TypeError, OSError, FloatingPointError, ImportError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    0, 1 (a limit of --fail-above is passed), 2 (error) or 130 (Ctrl-C).
    """
    parser = _Parser(
        prog="fairrep",
        description="Debias tabular models by minimising the mutual information "
        "between a representation and a sensitive attribute.",
    )
    parser.add_argument("--version", action="version", version=f"fairrep {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add_command in COMMANDS:
        add_command(commands)
    options = vars(parser.parse_args(argv))
    if "run" not in options:
        parser.print_help(sys.stderr)
        return 2
    run = options.pop("run")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            code = run(**options)
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130
    except ERRORS as error:
        _tell(f"error: {error}")
        return 2
    return code or 0


def _show_warning(message: Warning | str, *args: Any, **kwargs: Any) -> None:
    _tell(f"warning: {message}")


def _tell(message: str) -> None:
    print("fairrep:", *message.split(), file=sys.stderr)
