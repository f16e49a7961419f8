"""Group fairness of predictions: fairlearn's metrics, as one report and as scorers.

`fairness_report` gathers the rates of each group and the disparities between groups.
`demographic_parity_scorer`, `equalized_odds_scorer` and `equal_opportunity_scorer` are
minus one of these disparities, so greater is better and 0 is the best: pass them as
`scoring` to scikit-learn's model selection. `make_gap_scorer` makes one of another
positive class. `error_floor` is what no classifier with a small gap in selection rate
can stay below.

`regression_report` is the same for regressors, with `mean_difference_scorer`,
`kolmogorov_smirnov_scorer`, `mean_absolute_error_difference_scorer` and, for a
continuous sensitive feature, `rank_correlation_scorer`.
"""

from ._floor import error_floor
from ._regression import RegressionReport, regression_report
from ._report import FairnessReport, fairness_report
from ._scorers import (
    demographic_parity_scorer,
    equal_opportunity_scorer,
    equalized_odds_scorer,
    kolmogorov_smirnov_scorer,
    make_gap_scorer,
    mean_absolute_error_difference_scorer,
    mean_difference_scorer,
    rank_correlation_scorer,
)

__all__ = [
    "FairnessReport",
    "RegressionReport",
    "demographic_parity_scorer",
    "equal_opportunity_scorer",
    "equalized_odds_scorer",
    "error_floor",
    "fairness_report",
    "kolmogorov_smirnov_scorer",
    "make_gap_scorer",
    "mean_absolute_error_difference_scorer",
    "mean_difference_scorer",
    "rank_correlation_scorer",
    "regression_report",
]
