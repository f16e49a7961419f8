"""A fingerprint is what a fit keeps to tell whether it has seen some rows."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

N_KEPT = 256
N_AT_ONCE = 10_000
# A row may equal one of training by chance; that most do is no chance.
MOST = 0.5
MIN_COMPARED = 5
# Where a new row equals one of training more often than this, equality tells nothing.
MOST_BY_CHANCE = 0.25


def fingerprint(x: NDArray[np.float32]) -> NDArray[np.uint64]:
    """The smallest hashes of the encoded rows: a random sample of different rows.

    None of them where a new row, by Good and Turing's estimate, would too often equal
    one of these by chance.
    """
    hashes, counts = np.unique(_hashes(x), return_counts=True)
    if 1 - (counts == 1).sum() / len(x) > MOST_BY_CHANCE:
        return hashes[:0]
    return hashes[:N_KEPT]


def share_seen(kept: NDArray[np.uint64], x: NDArray[np.float32]) -> float:
    """Estimate of the share of the rows that are among those of the fingerprint.

    Of the rows that hash low enough to be in the sample, the share that is in it; NaN
    where they are too few.
    """
    if not len(kept):
        return np.nan
    hashes = _hashes(x)
    compared = hashes[hashes <= kept[-1]]
    if len(compared) < MIN_COMPARED:
        return np.nan
    return float(np.isin(compared, kept).mean())


def _hashes(x: NDArray[np.float32]) -> NDArray[np.uint64]:
    hashes = np.empty(len(x), dtype=np.uint64)
    for start in range(0, len(x), N_AT_ONCE):
        rows = x[start : start + N_AT_ONCE]
        digests = (blake2b(row.tobytes(), digest_size=8).digest() for row in rows)
        hashes[start : start + N_AT_ONCE] = np.frombuffer(b"".join(digests), np.uint64)
    return hashes
