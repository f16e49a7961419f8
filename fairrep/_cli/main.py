"""The `fairrep` command: reads options, calls the library, reports errors in one line.

A sub-command is a function in `commands` that adds its parser, and a file beside this
one with the function that runs it, in which each option is a parameter.
"""

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from .._version import __version__
from .commands import COMMANDS
from .options import READING, Parser, as_options, check_there

# What the library raises where what it is given is unfit.
ERRORS = (ValueError, TypeError, OSError, FloatingPointError, ImportError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    0, 1 (a limit of --fail-above is passed), 2 (error), 70 (fairrep itself failed), 130
    (Ctrl-C) or 141 (whoever read the output has closed it).
    """
    try:
        return _run(argv)
    except BrokenPipeError:  # whoever read the output, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130
    except ERRORS as error:
        _tell(f"error: {error}")
        return 2
    except MemoryError as error:
        _tell(
            f"error: not enough memory, with fewer rows or columns it may do: {error}"
        )
        return 2
    except Exception:
        traceback.print_exc()
        _tell("fairrep itself failed, which it never should: please report this")
        return 70


def _run(argv: Sequence[str] | None) -> int:
    """Read the options and run what they name."""
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
    command = options.pop("run")
    if "data" in options:
        names = [*(name for name, *_ in READING), "na"]
        options["reading"] = {name: options.pop(name) for name in names}
    if "data" in options:
        check_there(options["data"])
    # Late: the library takes seconds, and help and errors of options none.
    run = getattr(import_module(f".{command}", __package__), f"run_{command}")
    with warnings.catch_warnings():
        warnings.showwarning = _shown_once()
        code = run(**options)
        if sys.stdout is not None:
            sys.stdout.flush()
    return code or 0


def _shown_once() -> Any:
    """What shows a warning in one line, and the same one no second time."""
    shown = set()

    def show(message: Warning | str, *args: Any, **kwargs: Any) -> None:
        line = as_options(str(message))
        if line not in shown:
            shown.add(line)
            _tell(f"warning: {line}")

    return show


def _tell(message: str) -> None:
    print("fairrep:", *message.split(), file=sys.stderr)
