"""What the commands write: rows, progress, and words to whoever waits."""

import re
import sys
import warnings
from collections.abc import Iterable
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from .._estimators.classifier import MIDebiasedClassifier
from .._storage.folder import DOCUMENT
from .._utils.files import check_writable, replacing
from .read import Parts

# The path that stands for standard output.
STDOUT = Path("-")
# What pages, pictures and JSON of fairrep hold.
MADE_BY_FAIRREP = re.compile(rb"made.by\W{1,5}fairrep")
# Cells that begin so are formulas to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def check_outputs(
    reads: Iterable[str | Path | None],
    writes: dict[str, Path | None],
    *,
    force: bool,
) -> None:
    """Raise, before any work, where an output would destroy what is there.

    Parameters
    ----------
    reads : iterable of str, Path or None
        What the command reads.
    writes : dict
        The files that it writes, by the option that names them; None for none.
    force : bool
        Whether files may be replaced that fairrep does not know for its own.
    """
    files = {
        option: path
        for option, path in writes.items()
        if path is not None and path != STDOUT
    }
    taken = {_identity(path): "what is read" for path in reads if path is not None}
    for option, path in files.items():
        if (what := taken.get(_identity(path))) is not None:
            raise ValueError(f"{option} {path} is {what}; expected another file")
        taken[_identity(path)] = f"that of {option}, too"
        if (path.resolve().parent / DOCUMENT).exists():
            raise ValueError(f"{option} {path} is inside a saved model")
        check_writable(path)
        if path.exists() and not force and not _is_of_fairrep(path):
            raise FileExistsError(
                f"{option} {path} exists, and nothing shows that fairrep wrote it; "
                "--force replaces it"
            )


def _identity(path: str | Path) -> Any:
    """What two names of one file have alike, links of both kinds included."""
    real = Path(path).resolve()
    if not real.exists():
        return real
    found = real.stat()
    return found.st_dev, found.st_ino


def _is_of_fairrep(path: Path) -> bool:
    if path.stat().st_size == 0:
        return False
    # Mapped: it may be a table of gigabytes.
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return MADE_BY_FAIRREP.search(content) is not None


def write_rows(parts: Parts, path: Path, *, escape: bool) -> None:
    """The rows as one table again, for `fairrep audit`."""
    write_table(pd.concat(parts, axis=1), path, escape=escape)


def write_table(table: pd.DataFrame, path: Path, *, escape: bool) -> None:
    """Write CSV; with `escape` no cell of text is a formula to a spreadsheet."""
    if escape:
        table = table.map(_escaped).rename(columns=_escaped)
    if path == STDOUT:
        table.to_csv(sys.stdout, index=False)
        return
    with replacing(path) as file:
        table.to_csv(file, index=False)


def _escaped(cell: Any) -> Any:
    is_formula = isinstance(cell, str) and cell.startswith(FORMULA)
    return f"'{cell}" if is_formula else cell


def fit_or_leave(model: MIDebiasedClassifier, X: Any, y: Any, sensitive: Any) -> None:
    """Fit; whoever presses Ctrl-C wants to leave, not the best epoch so far."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The fit was interrupted", ConvergenceWarning)
        model.fit(X, y, sensitive_features=sensitive)
    if model.interrupted_:
        raise KeyboardInterrupt


def progress() -> int:
    """Say whether what takes long shows a bar: none goes into the files of logs."""
    return int(sys.stderr.isatty())


def tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
