"""Provenance is where a report comes from: when, of what rows and models, how."""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from numpy.typing import NDArray

from ..._utils.plain import plain_tree
from ..._version import __version__

N_DIGITS = 16  # of a fingerprint: equal by chance once in 10**19 pairs


@dataclass(frozen=True)
class Provenance:
    """What a reader needs to know of how a report was made, to make it again.

    Parameters
    ----------
    made_at : str
        Date and time in UTC, as ISO 8601 has it.
    versions : dict of str to str
        Of fairrep, scikit-learn and Python.
    rows : str
        Fingerprint of the sensitive columns, in the order of the rows.
    models : dict of str to dict
        By model its "class" and the fingerprint of its "outputs": true and predicted
        labels, scores and representation, as far as there are any.
    options : dict
        Of the audit, by parameter.
    about : dict of str to str
        What the user said of it, such as author, purpose and file.
    """

    made_at: str
    versions: dict[str, str]
    rows: str
    models: dict[str, dict[str, str]]
    options: dict[str, Any]
    about: dict[str, str] = field(default_factory=dict)

    @classmethod
    def now(
        cls,
        *,
        rows: str,
        models: dict[str, dict[str, str]],
        options: Mapping[str, Any],
        about: Mapping[str, Any],
    ) -> "Provenance":
        """That of a report made at this moment."""
        return cls(
            datetime.now(UTC).isoformat(timespec="seconds"),
            {
                "fairrep": __version__,
                "scikit-learn": sklearn.__version__,
                "python": platform.python_version(),
            },
            rows,
            models,
            plain_tree(dict(options)),
            {str(name): str(value) for name, value in about.items()},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return dicts and strings."""
        return vars(self).copy()


def fingerprint(*arrays: NDArray | pd.DataFrame | None) -> str:
    """A text that any other value in these arrays would change; None is left out."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            continue
        frame = pd.DataFrame(np.asarray(array).reshape(len(array), -1))
        hashed = pd.util.hash_pandas_object(frame.infer_objects(), index=False)
        digest.update(hashed.to_numpy().tobytes())
    return digest.hexdigest()[:N_DIGITS]
