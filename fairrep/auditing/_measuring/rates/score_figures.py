"""What is measured of scores: calibration by group, relation to a continuous S."""

import numpy as np
import pandas as pd
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from ...._inputs.groups import Groups
from ...._utils.types import Codes, Floats
from ....metrics._intervals import Interval, calibration_interval, proportion_interval
from ....metrics._regression import rank_correlation

N_BINS = 10
N_CELLS = 50  # of a histogram of scores
ALL = "all rows"  # in tables by group, the last row


# -- calibration ---------------------------------------------------------------


def is_probability(score: Floats) -> bool:
    return bool(score.min() >= 0 and score.max() <= 1)


def calibration_bins(positive: Codes, score: Floats, attribute: Groups) -> pd.DataFrame:
    """Counts, mean score and rate of positives by group and bin of the score.

    The bins are tenths of all rows' scores, the same for every group.
    """
    edges = np.unique(np.quantile(score, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    rows = pd.DataFrame(
        {
            "group": pd.Categorical(attribute.labels, attribute.names),
            "bin": np.searchsorted(edges, score, side="right"),
            "score": score,
            "rate": positive,
        }
    )
    everyone = rows.assign(group=ALL)
    parts = [
        part.groupby(["group", "bin"], observed=True).agg(
            count=("score", "size"), score=("score", "mean"), rate=("rate", "mean")
        )
        for part in (rows, everyone)
    ]
    return pd.concat(parts)


def histogram(positive: Codes, score: Floats, attribute: Groups) -> pd.DataFrame:
    """Rows of each group and label by fiftieth of the range of a probability."""
    bins = np.minimum((score * N_CELLS).astype(np.int64), N_CELLS - 1)
    cells = (attribute.codes * 2 + positive) * N_CELLS + bins
    n_groups = len(attribute.names)
    counts = np.bincount(cells, minlength=2 * N_CELLS * n_groups)
    index = pd.MultiIndex.from_product(
        [attribute.names, [0, 1]], names=["group", "label"]
    )
    return pd.DataFrame(counts.reshape(2 * n_groups, N_CELLS), index=index)


def calibration_error(
    bins: pd.DataFrame, n_bootstrap: int, confidence: float, rng: np.random.RandomState
) -> tuple[float, Interval]:
    """Mean distance of score and rate over the bins, weighed by their rows."""
    totals, scores = bins["count"].to_numpy(), bins["score"].to_numpy()
    rates = bins["rate"].to_numpy()
    error = float(np.average(np.abs(rates - scores), weights=totals))
    interval = calibration_interval(
        np.rint(rates * totals).astype(np.int64),
        totals,
        scores,
        n_bootstrap=n_bootstrap,
        confidence=confidence,
        rng=rng,
    )
    return error, interval


def scoring_rates(
    score: Floats, attribute: Groups, confidence: float
) -> dict[str, Floats]:
    """Share of each group, and of all, that scores above the median of all rows."""
    n_groups = len(attribute.names)
    above = np.bincount(attribute.codes, score > np.median(score), n_groups)
    sizes = np.bincount(attribute.codes, minlength=n_groups)
    hits, totals = np.append(above, above.sum()), np.append(sizes, sizes.sum())
    limits = [
        proportion_interval(int(hit), int(total), confidence)
        for hit, total in zip(hits, totals, strict=True)
    ]
    low, high = np.transpose(limits)
    return {"value": hits / totals, "low": low, "high": high}


# -- continuous attributes -----------------------------------------------------


def associate(
    score: Floats, values: Floats, confidence: float, rng: np.random.RandomState
) -> dict[str, float]:
    """Spearman's correlation with its interval, and I(score; S) in nats.

    The information is scikit-learn's nearest-neighbour estimate.
    """
    rank, (low, high) = rank_correlation(score, values, confidence)
    found = {"rank_correlation": rank, "low": low, "high": high, "mutual_info": 0.0}
    if np.ptp(score) == 0:  # a constant score tells nothing, and has no ranks
        return found
    if len(np.unique(score)) <= 2:
        nats = mutual_info_classif(
            values[:, None], score > score.min(), random_state=rng
        )
    else:
        nats = mutual_info_regression(score[:, None], values, random_state=rng)
    return found | {"mutual_info": float(nats[0])}
