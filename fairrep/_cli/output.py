"""What the commands write: rows, progress, and words to whoever waits."""

import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from .._estimators.classifier import MIDebiasedClassifier
from .._utils.files import replacing
from .read import Parts

# The path that stands for standard output.
STDOUT = Path("-")


def write_rows(parts: Parts, path: Path) -> None:
    """The rows as one table again, for `fairrep audit`."""
    with replacing(path) as file:
        pd.concat(parts, axis=1).to_csv(file, index=False)


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
