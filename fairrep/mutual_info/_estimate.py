"""The door: variables are read, a method is found by its name, and asked."""

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from .._inputs.tables import check_row_order
from .._utils.types import Codes
from ._counts import Counts
from ._critics import InfoNCE, Mine
from ._enumerated import Enumerated
from ._hgr import MaximalCorrelation
from ._method import Method, Settings
from ._neighbours import Neighbours
from ._result import MutualInformation
from ._variable import Variable, read_strata, read_variable

# Of a table, for "auto" to count.
ROWS_A_CELL = 5

METHODS: dict[str, Method] = {
    "counts": Counts(),
    "enumerated": Enumerated(),
    "neighbours": Neighbours(),
    "infonce": InfoNCE(),
    "mine": Mine(),
    "hgr": MaximalCorrelation(),
}


def estimate(
    X: Any,
    S: Any,
    *,
    method: str = "auto",
    conditional_on: Any = None,
    confidence: float = 0.95,
    n_folds: int = 5,
    random_state: int | np.random.RandomState | None = None,
) -> MutualInformation:
    """Estimate the mutual information of X and S from rows, with an interval, in nats.

    Parameters
    ----------
    X : array-like or frame of shape (n_rows,) or (n_rows, n_columns)
        Numbers, categories, strings or booleans; of any table library. A column of
        numbers is continuous where more than 20 differ, or more than 2 with fractions.
        If none is continuous, the combinations of values are groups.
    S : array-like or frame of shape (n_rows,) or (n_rows, n_columns)
        The same. Mutual information is symmetric; methods are not.
    method : str, default="auto"
        - "counts": the plug-in formula less its bias, for X and S of groups;
        - "enumerated": what classifiers of S save on held-out rows, a lower bound, for
          S of groups and any X;
        - "neighbours": nearest neighbours [1]_ [2]_, for X of numbers;
        - "infonce": a contrastive critic on held-out rows [3]_, a lower bound, for any
          X and S;
        - "mine": a critic with the Donsker-Varadhan formula on held-out rows [4]_, for
          any X and S; a lower bound but for its bias on few rows;
        - "hgr": no nats but the maximal correlation of f(X) and g(S), in [0, 1] [5]_,
          for X and S of numbers; a lower bound, as f and g are sums of splines;
        - "auto": "counts" for two variables of groups with five rows a cell or more,
          else "enumerated" for S of groups; of numbers "neighbours" where X and S are
          one column each, else "infonce".
    conditional_on : array-like or frame, default=None
        W, for I(X; S | W); a continuous column is cut into five quantile bins.
    confidence : float, default=0.95
        Of the interval.
    n_folds : int, default=5
        Folds of the cross-fitting: a row's nats come from a model of the other folds.
    random_state : int, RandomState or None, default=None
        Of folds, models and the noise that breaks ties.

    Returns
    -------
    told : MutualInformation

    Raises
    ------
    ValueError
        If values are missing or infinite, a column has a single value, lengths differ,
        rows are too few for the method, or it does not take such variables.
    TypeError
        If a column holds neither numbers nor categories, such as dates.

    Notes
    -----
    I(X; S | W) is the mean of I(X; S | W = w) over the rows' w, the sum of
    P(w) I(X; S | W = w), each from the rows of that w alone. With a continuous W it is
    what X tells beside the bin of W, which is not quite what it tells beside W.

    The interval takes rows as independent. It is mean and standard error of the rows'
    nats; of "counts" that of the G-test, of "hgr" Fisher's with the variance of the
    rows, widened as folds are not independent. For a lower bound it is that of the
    bound, of models that learnt from as many rows: the truth may lie above it, and the
    user guide has how often it does.

    Columns of numbers are replaced by normal scores of their ranks, which changes no
    mutual information and makes long tails harmless. Estimates are clipped to what is
    possible: 0 to the entropy of a discrete variable, given W.

    References
    ----------
    .. [1] A. Kraskov, H. Stögbauer and P. Grassberger, "Estimating mutual information",
       Physical Review E 69, 2004.
    .. [2] B. C. Ross, "Mutual information between discrete and continuous data sets",
       PLoS ONE 9(2), 2014.
    .. [3] A. van den Oord, Y. Li and O. Vinyals, "Representation Learning with
       Contrastive Predictive Coding", 2018.
    .. [4] M. I. Belghazi et al., "Mutual Information Neural Estimation", ICML, 2018.
    .. [5] A. Rényi, "On measures of dependence", Acta Mathematica Hungarica 10, 1959.

    Examples
    --------
    Of a normal pair with correlation 0.6 the truth is -log(1 - 0.6²) / 2 = 0.223 nats:

    >>> import numpy as np
    >>> from fairrep.mutual_info import estimate
    >>> s, noise = np.random.default_rng(0).normal(size=(2, 1000))
    >>> x = 0.6 * s + 0.8 * noise
    >>> told = estimate(x, s, random_state=0)
    >>> told.method, told.low < 0.223 < told.high
    ('neighbours', True)

    What is told of a group, at least:

    >>> told = estimate(x, np.where(s > 0, "b", "a"), random_state=0)
    >>> told.method, told.unit, told.is_lower_bound
    ('enumerated', 'nats', True)
    """
    settings = _checked_settings(confidence, n_folds, random_state)
    given = {"X": X, "S": S, "conditional_on": conditional_on}
    check_row_order(**{k: v for k, v in given.items() if v is not None})
    x, s = read_variable(X, "X"), read_variable(S, "S")
    strata = [np.arange(len(x))]
    if conditional_on is not None:
        codes = read_strata(conditional_on, "conditional_on")
        _check_lengths(x, len(codes), "conditional_on")
        strata = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    _check_lengths(x, len(s), "S")
    name = _suitable(x, s) if method == "auto" else method
    chosen = _checked_method(name, x, s, strata, n_folds)
    found = chosen.measure(x, s, strata, settings)
    most = 1.0 if chosen.unit == "correlation" else _entropy(x, s, strata)
    value, low, high = (
        float(np.clip(v, 0.0, most)) for v in (found.value, found.low, found.high)
    )
    return MutualInformation(
        value,
        low,
        high,
        method=name,
        n_rows=len(x),
        confidence=float(confidence),
        unit=chosen.unit,
        is_lower_bound=chosen.is_lower_bound,
        saturates_at=found.saturates_at,
    )


# -- what is asked -------------------------------------------------------------


def _checked_settings(confidence: float, n_folds: int, random_state: Any) -> Settings:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1); got {confidence!r}.")
    if not isinstance(n_folds, Integral) or n_folds < 2:
        raise ValueError(f"n_folds must be an integer of at least 2; got {n_folds!r}.")
    # check_random_state(None) would give NumPy's global random state.
    rng = np.random.RandomState() if random_state is None else random_state
    return Settings(int(n_folds), float(confidence), check_random_state(rng))


def _check_lengths(x: Variable, n_rows: int, name: str) -> None:
    if n_rows != len(x):
        raise ValueError(
            f"X has {len(x)} rows and {name} has {n_rows}; expected the same."
        )


def _suitable(x: Variable, s: Variable) -> str:
    """The method that "auto" stands for."""
    if s.groups is not None:
        if x.groups is None:
            return "enumerated"
        n_cells = (x.groups.max() + 1) * (s.groups.max() + 1)
        return "counts" if len(x) >= ROWS_A_CELL * n_cells else "enumerated"
    is_pair = x.columns.shape[1] == s.columns.shape[1] == 1
    return "neighbours" if is_pair and not x.text else "infonce"


def _checked_method(
    name: str, x: Variable, s: Variable, strata: list[Codes], n_folds: int
) -> Method:
    """The method of that name, if it can be asked of these rows."""
    if name not in METHODS:
        known = ["auto", *METHODS]
        raise ValueError(f"method must be one of {known}; got {name!r}.")
    method = METHODS[name]
    if not method.accepts(x, s):
        others = [k for k, other in METHODS.items() if other.accepts(x, s)]
        raise ValueError(
            f"method {name!r} takes {method.takes}; X is {_kind(x)} and S is "
            f"{_kind(s)}. These methods take such: {others}."
        )
    if len(strata) > 1 and not method.conditions:
        others = [k for k, m in METHODS.items() if m.conditions and m.accepts(x, s)]
        raise ValueError(
            f"method {name!r} takes no conditional_on; these do: {others}."
        )
    for rows in strata:
        where = "" if len(strata) == 1 else " in a stratum of conditional_on"
        where = f"{where}, for method {name!r} and n_folds={n_folds},"
        method.check_rows(x.take(rows), s.take(rows), n_folds, where)
    return method


def _kind(variable: Variable) -> str:
    """What a variable is, in words."""
    if variable.text and variable.continuous:
        return (
            f"of both (column {variable.continuous[0]!r} is continuous, "
            f"{variable.text[0]!r} holds categories)"
        )
    if variable.continuous:
        return f"of numbers (column {variable.continuous[0]!r} is continuous)"
    held = f" (column {variable.text[0]!r} holds categories)" if variable.text else ""
    return f"of {len(variable.labels)} groups{held}"


def _entropy(x: Variable, s: Variable, strata: list[Codes]) -> float:
    """The most that two variables can tell of each other: H of the discrete one."""
    most = np.inf
    for groups in (v.groups for v in (x, s) if v.groups is not None):
        nats = 0.0
        for rows in strata:
            counts = np.unique(groups[rows], return_counts=True)[1]
            nats -= float(counts @ np.log(counts / len(rows)))
        most = min(most, nats / len(groups))
    return most
