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

# As numbers are written: "01" is no number but a code, and stays one.
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
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
