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
from ._classifier import MIDebiasedClassifier
from ._demo import GOALS, run_demo


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"fairrep: error: {message} (see {self.prog} --help)\n")


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


def _add_demo(commands: Any) -> None:
    warmup = MIDebiasedClassifier().warmup_epochs
    parser = commands.add_parser(
        "demo",
        help="show on bundled census data what the mutual information term does",
        description="Train the same classifier twice on the bundled Adult census data, "
        "without and with the mutual information term, and compare the two on test "
        "rows: accuracy, fairness between women and men, and what the representation "
        "still tells of sex. Takes about a minute.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--lambda-mi",
        type=_checked(float, "a number above 0", lambda value: 0 < value < math.inf),
        default=3.0,
        metavar="NUMBER",
        help="weight of the mutual information term in the second model",
    )
    parser.add_argument(
        "--criterion",
        choices=list(GOALS),
        default="demographic_parity",
        help="what the second model is to make equal between women and men",
    )
    parser.add_argument(
        "--max-epochs",
        type=_checked(
            int,
            f"a whole number above {warmup}, the epochs of warm-up",
            lambda value: value > warmup,
        ),
        metavar="N",
        default=argparse.SUPPRESS,
        help="length of training (default: the estimator's)",
    )
    parser.add_argument(
        "--seed",
        type=_checked(
            int, "a whole number from 0 to 2**32 - 1", lambda value: 0 <= value < 2**32
        ),
        default=0,
        metavar="N",
        help="random state of the models and of the attacker",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("fairrep_demo.png"),
        metavar="FILE",
        help="picture to write; the ending says the format",
    )
    parser.set_defaults(run=run_demo)


COMMANDS: list[Callable[[Any], None]] = [_add_demo]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 2 (error) or 130 (Ctrl-C)."""
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
            run(**options)
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130
    except (ValueError, OSError, FloatingPointError) as error:
        _tell(f"error: {error}")
        return 2
    return 0


def _show_warning(message: Warning | str, *args: Any, **kwargs: Any) -> None:
    _tell(f"warning: {message}")


def _tell(message: str) -> None:
    print("fairrep:", *message.split(), file=sys.stderr)
