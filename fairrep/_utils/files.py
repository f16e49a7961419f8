"""Files are written so that they are either whole or not there."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of the one at path once it is complete."""
    part = _partial(path)
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # the name must not outlive a crash that data don't
        part.replace(path.resolve())
    finally:
        part.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file; of a folder, of its files' names and hashes in order."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listed = "".join(f"{sha256_of(f)}  {f.relative_to(path)}\n" for f in files)
        return hashlib.sha256(listed.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _partial(path: Path) -> Path:
    """Name the file that is written before it takes its place: no other writer's."""
    # Beside the target, where renaming is atomic; not by tempfile, whose files only
    # their owner can read.
    path = path.resolve()
    return path.with_name(f".{path.name}.{uuid4().hex}.part")


def check_writable(path: Path) -> None:
    """Find out now, not after the work, that the file cannot be written."""
    if path.exists() and not path.is_file():
        raise OSError(f"cannot write {path}: it is no regular file")
    try:
        part = _partial(path)
        with part.open("wb"):
            pass
        part.unlink()
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror}") from error
