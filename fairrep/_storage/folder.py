"""A folder with a saved model: ``model.json``, and the weights it names by their hash.

Whatever is written before ``model.json`` takes its place does not count: replacing that
one file is what saves a model, so that there is no moment without the old or the new.
A save that is killed may leave its weights behind; only those that the last document
named are removed, since others may be those of a save that is going on.
"""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from .._utils.files import replacing

FORMAT = "fairrep model"
FORMAT_VERSION = 3
DOCUMENT = "model.json"
# By a save that was cut short.
LEFT_BEHIND = re.compile(
    r"weights-[0-9a-f]{16}\.safetensors|\.(model\.json|weights-.*)\.\d+\.part"
)
HASH = re.compile(r"[0-9a-f]{64}")


# -- write ---------------------------------------------------------------------


def write_folder(
    folder: Path, content: dict[str, Any], tensors: dict[str, Tensor]
) -> None:
    """Save a model, in place of the one that is there.

    Raises
    ------
    OSError
        If the folder holds something else, or cannot be written.
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
    weights_name = _weights_name(document)
    previous = check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / weights_name) as file:
        file.write(weights)
    with replacing(folder / DOCUMENT) as file:
        file.write(json.dumps(document, indent=1, allow_nan=False).encode())
    if previous is not None and previous != weights_name:
        (folder / previous).unlink(missing_ok=True)


def check_folder(folder: Path) -> str | None:
    """The name of the weights of the model in the folder, if there is one.

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
        return None
    names = sorted(path.name for path in folder.iterdir())
    if DOCUMENT in names:
        try:
            return _weights_name(_read_document(folder / DOCUMENT))
        except ValueError as error:
            raise FileExistsError(f"cannot save to {folder}: {error}") from error
    others = [name for name in names if not LEFT_BEHIND.fullmatch(name)]
    if others:
        raise FileExistsError(
            f"cannot save to {folder}: it holds other files ({others[0]}) and no "
            "model; expected a new folder, an empty one, or one with a saved model"
        )
    return None


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _weights_name(document: dict[str, Any]) -> str:
    return f"weights-{document['sha256']['weights'][:16]}.safetensors"


# -- read ----------------------------------------------------------------------


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor], Path]:
    """Content and tensors, undamaged; and the file that the tensors are from.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file is damaged or of an unknown version.
    """
    path = folder / DOCUMENT
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is no saved model: it holds no {DOCUMENT}")
    document = _read_document(path)
    content, hashes = document["content"], document["sha256"]
    if _hash(_canonical(content)) != hashes["content"]:
        raise ValueError(
            f"{path} has been changed since it was saved: its content does not have "
            "the hash that it names"
        )
    weights = folder / _weights_name(document)
    return content, _read_weights(weights, hashes["weights"]), weights


def _read_document(path: Path) -> dict[str, Any]:
    """The document, its version checked."""
    try:
        document = json.loads(path.read_bytes())
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


def _read_weights(path: Path, expected_hash: str) -> dict[str, Tensor]:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{path}, which {DOCUMENT} names, is missing"
        ) from error
    if _hash(data) != expected_hash:
        raise ValueError(
            f"{path} is damaged: its {len(data)} bytes do not have the hash that "
            f"{DOCUMENT} names"
        )
    try:
        return safetensors.torch.load(data)
    except SafetensorError as error:
        raise ValueError(f"{path} is no valid safetensors file: {error}") from error
