"""Options that several commands share, and the types of their values."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

# What the library knows by these names, without its imports, which take seconds.
BUNDLED = ["adult", "adult-train", "adult-test", "german"]
CRITERIA = ["demographic_parity", "equalized_odds", "equal_opportunity"]
BOTTLENECKS = ["deterministic", "discrete", "gaussian"]
# The name that stands for standard input.
STDIN = "-"
# What a limit can be set to: the most of a gap or of what attackers read; the least.
LIMITS = ["gap", "eo", "opportunity", "leakage"]
LEAST = ["ratio"]
# What the library calls a parameter or method -> the option that does the same.
_OPTIONS = {
    r"\bset_lambda\(([\d.e+-]+)\)": r"--lambda-mi \1",
    r"\bmax_gap=([\d.]*\d)": r"--max-gap \1",
    r"\bcv=(\d+)": r"--cv \1",
    r"\bDrop (it|the column)\b": r"Drop \1 (--drop)",
}
# How to read a text file, for `read_data`: names, values and help.
READING = [
    ("sep", "CHARACTER", "what parts the cells of a text file (default: found)"),
    ("decimal", "CHARACTER", "what stands before the decimals (default: found)"),
    ("encoding", "NAME", "how the file is encoded (default: UTF-8, or else cp1252)"),
]


def check_there(data: str) -> None:
    """Raise where there is neither a file nor bundled data of this name."""
    if data not in (*BUNDLED, STDIN) and not Path(data).exists():
        raise FileNotFoundError(
            f"there is no file {data}, and no bundled data of that name "
            f"({', '.join(BUNDLED)})"
        )


def as_options(message: str) -> str:
    """A message of the library's, for whoever has options alone."""
    for python, option in _OPTIONS.items():
        message = re.sub(python, option, message)
    return message


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"fairrep: error: {message} (see {self.prog} --help)\n")


class Formatter(argparse.ArgumentDefaultsHelpFormatter):
    def _get_help_string(self, action: argparse.Action) -> str | None:
        says_nothing = action.default is None or isinstance(action.default, bool | list)
        return action.help if says_nothing else super()._get_help_string(action)


def checked(
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


def limit(text: str) -> tuple[str, float]:
    """A type for argparse: name=number, of the most that is allowed."""
    return _limit_of(text, LIMITS)


def least(text: str) -> tuple[str, float]:
    """A type for argparse: name=number, of the least that is allowed."""
    return _limit_of(text, LEAST)


def _limit_of(text: str, names: list[str]) -> tuple[str, float]:
    name, _, number = text.partition("=")
    if name not in names:
        raise argparse.ArgumentTypeError(
            f"expected NAME=NUMBER with a name of {', '.join(names)}; got {text!r}"
        )
    return name, limit_number(number)


def group_name(text: str) -> tuple[str, str, str]:
    """A type for argparse: column:value=name."""
    value, _, name = text.partition("=")
    column, _, value = value.rpartition(":")
    if not (column and value and name):
        raise argparse.ArgumentTypeError(
            f"expected COLUMN:VALUE=NAME, such as SEX:0=women; got {text!r}"
        )
    return column, value, name


def probabilities(text: str) -> tuple[str, list[str]]:
    """A type for argparse: name:column,column,..."""
    name, _, columns = text.partition(":")
    names = columns.split(",")
    if not name or "" in names or len(names) < 2:
        raise argparse.ArgumentTypeError(
            f"expected NAME:COLUMN,COLUMN,... with at least two columns; got {text!r}"
        )
    return name, names


limit_number = checked(
    float, "a number from 0 to 1 after the =", lambda value: 0 <= value <= 1
)


def add_seed(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--seed",
        type=checked(
            int, "a whole number from 0 to 2**32 - 1", lambda value: 0 <= value < 2**32
        ),
        default=0,
        metavar="N",
        help=f"random state of {what}",
    )


def add_max_epochs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--max-epochs",
        type=checked(int, "a whole number of at least 1", lambda value: value >= 1),
        metavar="N",
        default=argparse.SUPPRESS,
        help="length of training (default: the estimator's)",
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "data",
        metavar="DATA",
        help="rows to read: a file .csv, .tsv, .parquet or .xlsx, - for text on "
        f"standard input, or bundled data by name: {', '.join(BUNDLED)}",
    )
    for name, metavar, help in READING:
        parser.add_argument(f"--{name}", metavar=metavar, help=help)
    parser.add_argument(
        "--na",
        action="append",
        default=[],
        metavar="WORD",
        help="a word that is a missing value, as the empty cell is; repeatable",
    )
    parser.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column that is no feature; repeatable",
    )


def add_model(parser: Any, *, required: bool) -> None:
    parser.add_argument(
        "--model",
        type=Path,
        required=required,
        metavar="PATH",
        help="a folder that fairrep saved, or a .skops file",
    )


def add_columns(
    parser: argparse.ArgumentParser, *, needs_sensitive: bool = True
) -> None:
    parser.add_argument(
        "--target", required=True, metavar="COLUMN", help="the column of true labels"
    )
    parser.add_argument(
        "--sensitive",
        required=needs_sensitive,
        action="append",
        default=[],
        metavar="COLUMN",
        help="a sensitive column; repeatable",
    )
    parser.add_argument(
        "--missing",
        choices=["raise", "drop"],
        default="raise",
        help="what to do with rows without a target or a sensitive value",
    )


def add_lambda_mi(
    parser: argparse.ArgumentParser, number: Callable[[str], Any], help: str
) -> None:
    parser.add_argument(
        "--lambda-mi", type=number, default=3.0, metavar="NUMBER", help=help
    )


def add_criterion(
    parser: argparse.ArgumentParser,
    help: str = "what is to become equal between groups",
) -> None:
    parser.add_argument(
        "--criterion", choices=CRITERIA, default="demographic_parity", help=help
    )


def add_bottleneck(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bottleneck",
        choices=BOTTLENECKS,
        default="gaussian",
        help="what the representation is: numbers with noise (gaussian), numbers "
        "(deterministic), or a code (discrete)",
    )


def add_test_size(
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


def add_holdout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--holdout",
        type=Path,
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="CSV to write with the rows held out, for `fairrep audit`",
    )


def add_classes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--classes",
        action="store_true",
        help="take each number of the target for a class, however many there are",
    )


def add_positive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--positive",
        "--pos-label",
        dest="pos_label",
        metavar="LABEL",
        help="the positive class, whose rates are compared (default: the greater of "
        "two, or what a model was fitted with)",
    )


def add_force(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace files that are there, also where fairrep did not write them",
    )


def add_escape(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--escape-formulas",
        action="store_true",
        help="put an apostrophe before cells of text that a spreadsheet would run, "
        "those that begin with = + - @",
    )


def add_picture(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(default),
        metavar="FILE",
        help="picture to write; the ending says the format",
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
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
