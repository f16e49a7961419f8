"""Models on disk, fairrep's and others', for the command line and for audits."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
        Types that a skops file may hold beyond those that skops trusts by itself.
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
        return load(path)
    ending = path.suffix.lower()
    if ending == ".skops":
        return _load_skops(path, trusted)
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


def _load_skops(path: Path, trusted: Sequence[str]) -> Any:
    try:
        from skops import io
    except ImportError as error:
        raise ImportError(
            f'reading {path} needs skops: pip install "fairrep[skops]"'
        ) from error
    try:
        found = io.get_untrusted_types(file=path)
    except Exception as error:  # of zipfile, json and skops, as the damage has it
        raise ValueError(f"{path} is no file of skops: {error}") from error
    if untrusted := sorted({*found} - {*trusted}):
        raise ValueError(
            f"{path} holds types that skops does not trust: {', '.join(untrusted)}. If "
            "you know what they do, name each (--trust, trusted=[...])"
        )
    try:
        return io.load(path, trusted=[*found])
    except Exception as error:
        raise ValueError(f"cannot load {path}: {error}") from error


def _load_pickle(path: Path) -> Any:
    import joblib

    try:
        return joblib.load(path)
    except Exception as error:  # unpickling can raise anything
        raise ValueError(
            f"cannot load {path}: {type(error).__name__}: {error}"
        ) from error
