"""Categories are matched by value: True, 1, 1.0 and "1" are the same one.

A column that was of booleans in fit comes back as 0 and 1 through a CSV, integers come
back as floats where one of them is missing, and digits as text. A category is known by
the text that fit saw; a value is looked up under each text that it may have.
"""

import re
from collections.abc import Collection, Hashable, Iterable, Iterator
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

# As numbers are written: "01" is no number but a code, and stays one.
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
# What pandas calls the contents of object columns that are no categories.
NO_CATEGORIES = {"date", "datetime", "datetime64", "time", "timedelta", "complex"}
WORDS = {True: ("True", "true", "TRUE"), False: ("False", "false", "FALSE")}


def check_hashable(values: Iterable[Any], what: str) -> None:
    """Raise where a cell holds what is no single value, such as a list."""
    for value in values:
        if not isinstance(value, Hashable):
            raise TypeError(
                f"{what} holds a {type(value).__name__} in a cell, {value!r}; expected "
                "a number, a string or a boolean in each."
            )


def is_unicode(text: str) -> bool:
    """Whether a text can be written, as half a surrogate pair cannot."""
    return text.encode(errors="replace").decode() == text


def label_of(value: Any, known: Collection[str] | None = None) -> str:
    """The text of a category: one that is known, if the value has such a text."""
    if known is not None:
        for text in spellings(value):
            if text in known:
                return text
    return next(spellings(value))


def spellings(value: Any) -> Iterator[str]:
    """The texts that a value may have, its own first."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    yield str(value)
    if isinstance(value, str):
        word = value.strip().lower()
        if word in ("true", "false"):
            value = word == "true"
        elif NUMBER.fullmatch(word):
            value = Decimal(word)
    if isinstance(value, (bool, np.bool_)):
        yield from WORDS[bool(value)]
    if isinstance(value, (Real, Decimal, np.bool_)):
        yield from _numbers(value)


def _numbers(value: Any) -> Iterator[str]:
    number = float(value)
    if not number.is_integer():
        yield repr(number)
        return
    yield str(int(number))
    yield f"{int(number)}.0"
    if number in (0, 1):
        yield from WORDS[bool(number)]


def column_kind(column: pd.Series, table: str = "X") -> str:
    """Whether a column is "numeric" or "categorical"; raises for any other."""
    # Without the missing values: pd.NA among numbers would make objects of them.
    try:
        known = column.dropna().infer_objects()
    except UnicodeEncodeError as error:
        raise no_text(column, error.object, table) from error
    if not len(known) or isinstance(known.dtype, pd.IntervalDtype):
        # Without any value it is one category, that of the missing.
        return "categorical"
    dtype = known.dtype
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(dtype):
        return "categorical"
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(
        dtype
    ):
        return "numeric"
    if isinstance(dtype, pd.ArrowDtype):  # such as a dictionary, which says nothing
        known = known.astype(object)
        dtype = known.dtype
    content = pd.api.types.infer_dtype(known)
    if content == "decimal":
        return "numeric"
    if content not in NO_CATEGORIES and (
        pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype)
    ):
        return "categorical"
    raise TypeError(
        f"Column {column.name!r} of {table} has dtype {dtype} ({content}); expected "
        "numbers, categories, strings or booleans. Turn dates into numbers (an age, a "
        "month) or drop the column."
    )


def no_text(column: pd.Series, text: Any, table: str = "X") -> ValueError:
    """What to raise where text cannot be encoded."""
    return ValueError(
        f"Column {column.name!r} of {table} holds text that is no valid Unicode "
        f"({text!r}): decode it anew, with errors='replace'."
    )
