"""Estimators of scikit-learn become bytes and come back through skops, not pickle.

What is read is a stranger's: types must be trusted, archives may not swell, and what
compiled code walks is checked (`trees`).
"""

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from .trees import check_objects

# What trees, forests and pipelines of columns hold beyond the types that skops trusts.
# None of them runs code of the file; the state of trees and of a TableEncoder is
# checked, the others have none that matters.
HARMLESS = {
    "fairrep._inputs.encoding.TableEncoder",
    "numpy.number",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
}
# Boosted trees of categories hold this, of `check_array`, and then it is harmless.
PARTIAL = "functools.partial"
# Unpacked: so many bytes, or so many times what the file has.
MAX_UNPACKED, MAX_RATIO = 2**26, 20


def to_bytes(value: Any, what: str) -> bytes:
    """Write estimators, arrays and the like; an error calls them ``what``."""
    return _skops_io(f"saving {what}").dumps(value)


def untrusted_types(data: bytes) -> list[str]:
    """Those that `from_bytes` must be told to trust."""
    found = {*_skops_io("reading types").get_untrusted_types(data=data)} - HARMLESS
    if PARTIAL in found and _only_of_check_array(data):
        found -= {PARTIAL}
    return sorted(found)


def _only_of_check_array(data: bytes) -> bool:
    """Whether each `functools.partial` in the file is one of `check_array`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
    partials = [node for node in _nodes(schema) if _type(node) == PARTIAL]
    # Where one is not written out, it may be any.
    return bool(partials) and all(
        _type(node["content"]["func"]) == "sklearn.utils.validation.check_array"
        for node in partials
    )


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            yield node
            todo += node.values()
        elif isinstance(node, list):
            todo += node


def _type(node: dict[str, Any]) -> str:
    return f"{node.get('__module__')}.{node.get('__class__')}"


def from_bytes(data: bytes, trusted: Sequence[str], what: str) -> Any:
    """What `to_bytes` or `skops.io.dump` wrote.

    Raises
    ------
    ValueError
        If the data are damaged, swell beyond all measure, could crash what predicts, or
        hold types that are neither among those that skops trusts, nor of a few of
        scikit-learn's, nor in ``trusted``.
    ImportError
        If skops is missing.
    """
    skops_io = _skops_io(f"reading {what}")
    try:
        _check_unpacked_size(data)
        found = untrusted_types(data)
    except Exception as error:  # of zipfile, json and skops, as the damage has it
        raise ValueError(f"{what} is no file of skops: {error}") from error
    if unnamed := sorted({*found} - {*trusted}):
        raise ValueError(
            f"{what} holds types that are not trusted: {', '.join(unnamed)}. If you "
            "know what they do, name each (--trust, trusted=[...])"
        )
    allowed = [*trusted, *HARMLESS, PARTIAL]  # the partials in it were looked at
    try:
        value = skops_io.loads(data, trusted=allowed)
        check_objects(value, trusted)
    except Exception as error:
        raise ValueError(f"cannot load {what}: {error}") from error
    return value


def _check_unpacked_size(data: bytes) -> None:
    """Raise where an archive holds far more than it shows."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    limit = max(MAX_UNPACKED, MAX_RATIO * len(data))
    if size > limit:
        raise ValueError(
            f"unpacked it would be {size:,} bytes; expected at most {limit:,}"
        )


def _skops_io(doing: str) -> Any:
    try:
        from skops import io
    except ImportError as error:
        raise ImportError(
            f'{doing} needs skops: pip install "fairrep[skops]"'
        ) from error
    return io
