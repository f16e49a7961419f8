"""Models on disk, fairrep's and others', for the command line and for audits."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._skops import from_bytes
from ._storage import load

PICKLES = {".pkl", ".pickle", ".joblib"}


def load_model(
    path: str | os.PathLike,
    *,
    trusted: Sequence[str] = (),
    trust_pickle: bool = False,
) -> Any:
    """Read a fitted model of fairrep, or another one of scikit-learn's kind.

    Parameters
    ----------
    path : str or path-like
        A folder written by `save` of fairrep's estimators; a file ``.skops``, written
        by `skops.io.dump` [1]_; or a pickle, ``.pkl``, ``.pickle`` or ``.joblib``.
    trusted : list of str, default=()
        Types that skops may load beyond those that it trusts by itself and those of
        scikit-learn's trees and pipelines of columns: of a skops file, or of the
        ``estimator`` of a model of fairrep.
    trust_pickle : bool, default=False
        Whether pickles may be loaded. Whoever wrote a pickle has their code run by
        whoever loads it: True is for files whose author you would let do so.

    Returns
    -------
    model : estimator

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is of another kind, damaged, a pickle that is not trusted, or holds
        types that are not.
    ImportError
        If skops is missing: ``pip install "fairrep[skops]"``.

    See Also
    --------
    load : Of fairrep's own, with more options.

    References
    ----------
    .. [1] https://skops.readthedocs.io/en/stable/persistence.html

    Examples
    --------
    >>> import fairrep
    >>> fairrep.load_model("model.skops")
    Traceback (most recent call last):
        ...
    FileNotFoundError: there is no model model.skops
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no model {path}")
    if path.is_dir():
        return load(path, trusted=trusted)
    ending = path.suffix.lower()
    if ending == ".skops":
        return from_bytes(path.read_bytes(), trusted, str(path))
    if ending not in PICKLES:
        raise ValueError(
            f"cannot tell what {path} is: expected a folder that fairrep saved, or a "
            f"file that ends in .skops, {', '.join(sorted(PICKLES))}"
        )
    if not trust_pickle:
        raise ValueError(
            f"{path} is a pickle, and loading one runs whatever code is in it. Say so "
            "if you trust who wrote it (--trust-pickle, trust_pickle=True), or have "
            "them write it with skops.io.dump"
        )
    return _load_pickle(path)


def _load_pickle(path: Path) -> Any:
    import joblib

    try:
        return joblib.load(path)
    except Exception as error:  # unpickling can raise anything
        raise ValueError(
            f"cannot load {path}: {type(error).__name__}: {error}"
        ) from error
