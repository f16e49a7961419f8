"""A folder with a saved model: ``model.json``, and the weights it names by their hash.

Replacing that one file is what saves a model, so that there is no moment without the
old or the new. Who saves holds the folder's lock meanwhile. So whatever else is there,
weights that no document names and files half written, is of a save that was killed, and
is removed. Who reads takes no lock: where the weights vanish, another model was saved
since, and is read.

Nothing that a folder declares is believed: files are regular ones within limits, and
the weights say in their header how large they are before they are read.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from .._utils.files import replacing

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

FORMAT = "fairrep model"
FORMAT_VERSION = 5
DOCUMENT = "model.json"
LOCK = ".model.lock"
# In bytes: of the document, of the weights, and of what these say of themselves.
MAX_DOCUMENT, MAX_WEIGHTS, MAX_HEADER = 2**23, 2**32, 2**22
# By a save that was cut short.
LEFT_BEHIND = re.compile(
    r"weights-[0-9a-f]{16}\.safetensors|\.(model\.json|weights-.*)\..+\.part"
)
HASH = re.compile(r"[0-9a-f]{64}")
# So often another model may be saved while one is read.
MAX_TRIES = 100

Shapes = dict[str, tuple[str, tuple[int, ...]]]  # dtype and shape of tensors, by name


# -- write ---------------------------------------------------------------------


def write_folder(
    folder: Path, content: dict[str, Any], tensors: dict[str, Tensor]
) -> None:
    """Save a model, in place of the one that is there.

    Raises
    ------
    OSError
        If the folder holds something else, or cannot be written.
    ValueError
        If the model is larger than what is read.
    """
    weights = safetensors.torch.save(
        {
            # Copies, since safetensors refuses tensors that share their memory.
            name: tensor.detach().cpu().contiguous().clone()
            for name, tensor in tensors.items()
        }
    )
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "sha256": {"content": _hash(_canonical(content)), "weights": _hash(weights)},
        "content": content,
    }
    text = json.dumps(document, indent=1, allow_nan=False).encode()
    for data, limit, what in [
        (text, MAX_DOCUMENT, f"{DOCUMENT}: fewer categories (max_categories) help"),
        (weights, MAX_WEIGHTS, "weights"),
    ]:
        if len(data) > limit:
            raise ValueError(
                f"cannot save to {folder}: {len(data):,} bytes are more than the "
                f"{limit:,} that `load` reads of {what}"
            )
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights_name = _weights_name(document)
    with _locked(folder) as alone:
        with replacing(folder / weights_name) as file:
            file.write(weights)
        with replacing(folder / DOCUMENT) as file:
            file.write(text)
        if alone:
            _remove_leftovers(folder, kept=weights_name)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock; say whether there are locks, so that one is alone."""
    if fcntl is None:
        yield False
        return
    with (folder / LOCK).open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed
        yield True


def _remove_leftovers(folder: Path, kept: str) -> None:
    for path in folder.iterdir():
        if LEFT_BEHIND.fullmatch(path.name) and path.name != kept:
            path.unlink(missing_ok=True)


def check_folder(folder: Path) -> None:
    """Raise where a model cannot be saved.

    Raises
    ------
    OSError
        If a model cannot be saved there.
    """
    there = next(path for path in [folder, *folder.absolute().parents] if path.exists())
    if not there.is_dir():
        raise NotADirectoryError(f"cannot save to {folder}: {there} is no folder")
    if not os.access(there, os.W_OK):
        raise PermissionError(f"cannot save to {folder}: {there} may not be written")
    if there != folder:
        return
    names = sorted(path.name for path in folder.iterdir())
    if DOCUMENT in names:
        try:
            _read_document(folder / DOCUMENT)
        except ValueError as error:
            raise FileExistsError(f"cannot save to {folder}: {error}") from error
        return
    names = [name for name in names if name != LOCK]
    others = [name for name in names if not LEFT_BEHIND.fullmatch(name)]
    if others:
        raise FileExistsError(
            f"cannot save to {folder}: it holds other files ({others[0]}) and no "
            "model; expected a new folder, an empty one, or one with a saved model"
        )


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _weights_name(document: dict[str, Any]) -> str:
    return f"weights-{document['sha256']['weights'][:16]}.safetensors"


# -- read ----------------------------------------------------------------------


class Weights:
    """The tensors of a model, of which only names and shapes are read at first.

    Parameters
    ----------
    path : Path
    file : binary file
        Open; its hash was compared.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.shapes = _shapes(path, file)
        self._file = file

    def read(self) -> dict[str, Tensor]:
        """The tensors by name."""
        self._file.seek(0)
        try:
            return safetensors.torch.load(self._file.read(MAX_WEIGHTS))
        except SafetensorError as error:
            raise ValueError(
                f"{self.path} is no valid safetensors file: {error}"
            ) from error


@contextmanager
def read_folder(folder: Path) -> Iterator[tuple[dict[str, Any], Weights]]:
    """Content and weights, undamaged.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is damaged, of an unknown version, too large, or no regular file.
    """
    path = folder / DOCUMENT
    seen = None
    for _ in range(MAX_TRIES):
        if not path.exists():
            raise FileNotFoundError(
                f"{folder} is no saved model: it holds no {DOCUMENT}"
            )
        document = _read_document(path)
        content, hashes = document["content"], document["sha256"]
        if _hash(_canonical(content)) != hashes["content"]:
            raise ValueError(
                f"{path} has been changed since it was saved: its content does not "
                "have the hash that it names"
            )
        weights = folder / _weights_name(document)
        try:
            file = _open(weights, MAX_WEIGHTS)
        except FileNotFoundError as error:
            if hashes == seen:  # no other model was saved since
                raise FileNotFoundError(
                    f"{weights}, which {DOCUMENT} names, is missing"
                ) from error
            seen = hashes
            continue
        with file:
            if hashlib.file_digest(file, "sha256").hexdigest() != hashes["weights"]:
                raise ValueError(
                    f"{weights} is damaged: its {file.tell()} bytes do not have the "
                    f"hash that {DOCUMENT} names"
                )
            yield content, Weights(weights, file)
        return
    raise OSError(f"{folder} is saved to without a pause; it could not be read")


def _open(path: Path, limit: int) -> BufferedReader:
    """A regular file within a limit; a pipe or a device is none."""
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115
    found = os.fstat(file.fileno())
    problem = None
    if not stat.S_ISREG(found.st_mode):
        problem = f"{path} is no regular file"
    elif found.st_size > limit:  # a hole takes no place on the disk, but in memory
        problem = f"{path} has {found.st_size:,} bytes; expected at most {limit:,}"
    if problem is not None:
        file.close()
        raise ValueError(problem)
    return file


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read_document(path: Path) -> dict[str, Any]:
    """The document, its version checked."""
    with _open(path, MAX_DOCUMENT) as file:
        data = file.read(MAX_DOCUMENT)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged, no valid JSON: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{path} is no model that fairrep saved")
    version = document.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {version!r}, and this version of fairrep reads "
            f"{FORMAT_VERSION} alone; use the version that wrote it"
        )
    content, hashes = document.get("content"), document.get("sha256")
    if not (
        isinstance(content, dict)
        and isinstance(hashes, dict)
        and all(HASH.fullmatch(str(hashes.get(k))) for k in ["content", "weights"])
    ):
        raise ValueError(f"{path} is damaged: it lacks its content or its hashes")
    return document


def _shapes(path: Path, file: BinaryIO) -> Shapes:
    """What a safetensors file says of its tensors."""
    file.seek(0)
    size = int.from_bytes(file.read(8), "little")
    if not 0 < size <= MAX_HEADER:
        raise ValueError(
            f"{path} is no valid safetensors file: its header is of {size:,} bytes; "
            f"expected at most {MAX_HEADER:,}"
        )
    try:
        header = json.loads(file.read(size))
        return {
            name: (entry["dtype"], tuple(entry["shape"]))
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no valid safetensors file: {error!r}") from error
