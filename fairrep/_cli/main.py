"""The `fairrep` command: reads options, calls the library, reports errors in one line.

A sub-command is a file beside this one: a function that adds its parser, in which each
option has the name of a parameter of the function that it sets as `run`. List it in
`COMMANDS`.
"""

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from .._version import __version__
from .audit import add_audit
from .demo import add_demo
from .fit import add_fit
from .options import Parser, as_options
from .predict import add_predict
from .tradeoff import add_tradeoff

COMMANDS: list[Callable[[Any], None]] = [
    add_fit,
    add_predict,
    add_tradeoff,
    add_audit,
    add_demo,
]

# What the library raises where what it is given is unfit.
ERRORS = (ValueError, TypeError, OSError, FloatingPointError, ImportError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    0, 1 (a limit of --fail-above is passed), 2 (error), 130 (Ctrl-C) or 141 (whoever
    read the output has closed it).
    """
    parser = Parser(
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
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130
    except ERRORS as error:
        _tell(f"error: {error}")
        return 2
    return code or 0


def _show_warning(message: Warning | str, *args: Any, **kwargs: Any) -> None:
    _tell(f"warning: {as_options(str(message))}")


def _tell(message: str) -> None:
    print("fairrep:", *message.split(), file=sys.stderr)
