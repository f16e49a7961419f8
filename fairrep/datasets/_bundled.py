"""Loaders of the data sets bundled with the package."""

import hashlib
import io
import lzma
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

import pandas as pd
from sklearn.utils import Bunch

# Called through the parent package, so that `data` needs no `__init__.py`.
_DATA = resources.files("fairrep.datasets") / "data"

# Printed by data/build.py.
_SHA256 = {
    "adult.csv.xz": "645130c70ed5bd58a391ba2adab082b39e908f2be01e016f3581463f4b0bb5fa",
    "german.csv.xz": "557e69981048f86238360382519fe76f5835a07d9f20f26636b9b0dbbb54d767",
}

_N_ADULT = 48842
_ADULT_SUBSETS = {
    "train": slice(0, 32561),
    "test": slice(32561, _N_ADULT),
    "all": slice(0, _N_ADULT),
}

# The columns computed on load, and the one each is computed from.
GERMAN_DERIVED = {"sex": "personal_status_sex", "age_over_25": "age"}


def load_adult(
    *,
    subset: str = "all",
    sensitive: str | Sequence[str] = "sex",
    keep_sensitive: bool = False,
    return_X_y_s: bool = False,
) -> Bunch | tuple[pd.DataFrame, pd.Series, pd.Series | pd.DataFrame]:
    """Load the Adult (Census Income) data set.

    Predict whether a person earns more than 50,000 dollars a year. The data are
    bundled with the package; nothing is downloaded.

    ====================   =====
    Classes                    2
    Samples, train         32561
    Samples, test          16281
    Columns, numeric           6
    Columns, categorical       8
    ====================   =====

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="all"
        The part of the official split to load. "all" has the training rows first.
    sensitive : str or list of str, default="sex"
        The sensitive column or columns: any of the 14, such as "sex", "race", "age"
        or ``["sex", "race"]``.
    keep_sensitive : bool, default=False
        Whether the sensitive columns stay in ``data`` as well. Other columns always
        stay, also those that tell much about a sensitive one, as ``relationship``
        (husband, wife) does about sex.
    return_X_y_s : bool, default=False
        Whether to return ``(data, target, sensitive)`` instead of a Bunch.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes

        data : DataFrame of shape (n_samples, n_features)
            The features. Categorical columns have the dtype ``category``, with the
            same categories in every subset. Values that are unknown ("?" in UCI's
            files) are missing: NaN in the column, and not a category. No row is
            dropped.
        target : Series of shape (n_samples,)
            The column "income": 1 where it is above 50,000 dollars, else 0.
        sensitive : Series or DataFrame
            The sensitive column, or, where `sensitive` is a list, a DataFrame of
            shape (n_samples, n_sensitive).
        frame : DataFrame of shape (n_samples, 15)
            Every column, the target last.
        feature_names : list of str
            The columns of `data`.
        sensitive_names : list of str
            The sensitive columns.
        target_names : list of str
            The meaning of the targets 0 and 1.
        DESCR : str
            Description, source and licence.
    (data, target, sensitive) : tuple
        The three of them, if `return_X_y_s` is True.

    Raises
    ------
    ValueError
        If `subset` or `sensitive` is not one of the choices.
    OSError
        If the bundled file is damaged.

    References
    ----------
    Becker, B. and Kohavi, R. (1996). Adult. UCI Machine Learning Repository.
    https://doi.org/10.24432/C5XW20. CC BY 4.0.

    Examples
    --------
    >>> from fairrep.datasets import load_adult
    >>> X, y, s = load_adult(subset="train", sensitive="sex", return_X_y_s=True)
    >>> X.shape
    (32561, 13)
    >>> y.groupby(s, observed=True).mean().round(3).to_dict()
    {'Female': 0.109, 'Male': 0.306}
    """
    if subset not in list(_ADULT_SUBSETS):
        raise ValueError(
            f"subset must be one of {list(_ADULT_SUBSETS)}; got {subset!r}."
        )
    frame = _read_table("adult.csv.xz")
    # Sliced only now, so that the categories are those of all rows.
    frame = frame.iloc[_ADULT_SUBSETS[subset]].reset_index(drop=True)
    return _split_columns(
        frame,
        target="income",
        target_names=["<=50K", ">50K"],
        sensitive=sensitive,
        derived={},
        keep_sensitive=keep_sensitive,
        return_X_y_s=return_X_y_s,
        descr="adult.md",
    )


def load_german(
    *,
    sensitive: str | Sequence[str] = "sex",
    keep_sensitive: bool = False,
    return_X_y_s: bool = False,
) -> Bunch | tuple[pd.DataFrame, pd.Series, pd.Series | pd.DataFrame]:
    """Load the Statlog (German Credit Data) data set.

    Predict whether an applicant is a good credit risk. The data are bundled with the
    package; nothing is downloaded.

    ====================   =====
    Classes                    2
    Samples                 1000
    Columns, numeric           7
    Columns, categorical      13
    ====================   =====

    Parameters
    ----------
    sensitive : str or list of str, default="sex"
        The sensitive column or columns: any of the 20, such as "age" or
        "foreign_worker", or one of two derived from them:

        - "sex", "female" or "male", from ``personal_status_sex``;
        - "age_over_25", True where ``age`` is above 25.
    keep_sensitive : bool, default=False
        Whether the sensitive columns stay in ``data`` as well. If False, the column a
        sensitive one is derived from leaves too: ``personal_status_sex`` for "sex"
        (and with it the marital status, which it mixes with sex) and ``age`` for
        "age_over_25". If True, ``data`` has the 20 columns and after them the derived
        ones among `sensitive`.
    return_X_y_s : bool, default=False
        Whether to return ``(data, target, sensitive)`` instead of a Bunch.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the attributes

        data : DataFrame of shape (1000, n_features)
            The features. Categorical columns have the dtype ``category``, with the
            labels of UCI's code book. There are no missing values.
        target : Series of shape (1000,)
            The column "credit": 1 for a good credit risk, 0 for a bad one.
        sensitive : Series or DataFrame
            The sensitive column, or, where `sensitive` is a list, a DataFrame of
            shape (1000, n_sensitive).
        frame : DataFrame of shape (1000, 23)
            Every column, the derived ones after the others and the target last.
        feature_names : list of str
            The columns of `data`.
        sensitive_names : list of str
            The sensitive columns.
        target_names : list of str
            The meaning of the targets 0 and 1.
        DESCR : str
            Description, source and licence.
    (data, target, sensitive) : tuple
        The three of them, if `return_X_y_s` is True.

    Raises
    ------
    ValueError
        If `sensitive` is not one of the choices.
    OSError
        If the bundled file is damaged.

    Notes
    -----
    "sex" follows UCI's code book: the code A92 ("female: divorced/separated/married")
    is female, as A95 ("female: single") would be, which never occurs; the others are
    male. Grömping [2]_ reports that the code book is wrong here: A92 also covers
    single men, and A94 ("male: married/widowed") means single women. The column is
    that of the literature on fairness, but it is poor evidence about women and men.

    References
    ----------
    .. [1] Hofmann, H. (1994). Statlog (German Credit Data). UCI Machine Learning
       Repository. https://doi.org/10.24432/C5NC77. CC BY 4.0.
    .. [2] Grömping, U. (2019). South German Credit Data: Correcting a Widely Used Data
       Set. Report 4/2019, Reports in Mathematics, Physics and Chemistry, Beuth
       University of Applied Sciences Berlin.

    Examples
    --------
    >>> from fairrep.datasets import load_german
    >>> german = load_german(sensitive=["sex", "age_over_25"])
    >>> german.data.shape
    (1000, 18)
    >>> german.sensitive.columns.to_list()
    ['sex', 'age_over_25']
    """
    frame = _read_table("german.csv.xz")
    target = frame.pop("credit")
    is_female = frame["personal_status_sex"].str.startswith("female")
    frame["sex"] = is_female.map({True: "female", False: "male"}).astype("category")
    frame["age_over_25"] = frame["age"] > 25
    frame["credit"] = target
    return _split_columns(
        frame,
        target="credit",
        target_names=["bad", "good"],
        sensitive=sensitive,
        derived=GERMAN_DERIVED,
        keep_sensitive=keep_sensitive,
        return_X_y_s=return_X_y_s,
        descr="german.md",
    )


def _read_table(name: str) -> pd.DataFrame:
    """Read a bundled table after checking that it is the file that was shipped."""
    content = (_DATA / name).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != _SHA256[name]:
        raise OSError(
            f"The bundled data file {_DATA / name} is damaged: expected the SHA-256 "
            f"hash {_SHA256[name]}, found {found}. Reinstall fairrep to restore it."
        )
    # Only an empty field is missing: pandas would by default take words such as
    # "None" for missing as well.
    frame = pd.read_csv(
        io.BytesIO(lzma.decompress(content)), keep_default_na=False, na_values=[""]
    )
    categorical = frame.select_dtypes(exclude="number").columns
    return frame.astype(dict.fromkeys(categorical, "category"))


def _split_columns(
    frame: pd.DataFrame,
    *,
    target: str,
    target_names: list[str],
    sensitive: str | Sequence[str],
    derived: Mapping[str, str],
    keep_sensitive: bool,
    return_X_y_s: bool,
    descr: str,
) -> Bunch | tuple[pd.DataFrame, pd.Series, pd.Series | pd.DataFrame]:
    """Take a table apart into features, target and sensitive columns.

    `derived` maps each column that is not a feature by itself to the feature it is
    derived from.
    """
    names = _check_sensitive(sensitive, frame.columns.drop(target).to_list())
    features = frame.columns.drop([target, *derived]).to_list()
    if keep_sensitive:
        features += [name for name in names if name in derived]
    else:
        leaving = {*names, *(derived[name] for name in names if name in derived)}
        features = [name for name in features if name not in leaving]

    X = frame[features]
    y = frame[target]
    s = frame[sensitive] if isinstance(sensitive, str) else frame[names]
    if return_X_y_s:
        return X, y, s
    return Bunch(
        data=X,
        target=y,
        sensitive=s,
        frame=frame,
        feature_names=features,
        sensitive_names=names,
        target_names=target_names,
        DESCR=(_DATA / descr).read_text(encoding="utf-8"),
    )


def _check_sensitive(sensitive: str | Sequence[str], available: list[str]) -> list[str]:
    """Return the names of the sensitive columns as a list."""
    if isinstance(sensitive, str) or not isinstance(sensitive, Iterable):
        names = [sensitive]
    else:
        names = list(sensitive)
    unknown = [name for name in names if name not in available]
    if unknown or not names or len(set(names)) < len(names):
        raise ValueError(
            "sensitive must be a column or a list of different columns, out of "
            f"{available}; got {sensitive!r}."
        )
    return names
