"""Files of rows become frames, and what was guessed of them is said."""

import bz2
import csv
import gzip
import io
import lzma
import re
import sys
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from ..datasets import load_adult, load_german
from .options import STDIN, check_there

BUNDLED: dict[str, Callable[[], Any]] = {
    "adult": load_adult,
    "adult-train": partial(load_adult, subset="train"),
    "adult-test": partial(load_adult, subset="test"),
    "german": load_german,
}
EXCEL = {".xlsx", ".xlsm"}
SEPARATORS = [",", ";", "\t", "|"]
# Rows by which a separator is known: each has as many cells as the header.
N_ROWS_TO_LOOK_AT = 20
# Where no such bytes are UTF-8, spreadsheets of the West write this.
WESTERN = "cp1252"
BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# Among numbers these are no value; among words each may be one, such as a group.
NO_NUMBERS = {
    "na",
    "n/a",
    "#n/a",
    "nan",
    "none",
    "null",
    "nil",
    "missing",
    "-",
    "?",
    ".",
}
DECIMAL_COMMA = re.compile(r"[-+]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?")
# What a damaged file makes the readers raise.
DAMAGE = (
    EOFError,
    KeyError,  # of an Excel file without its parts
    ValueError,
    lzma.LZMAError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_data(
    source: str | Path,
    *,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    na: Sequence[str] = (),
) -> pd.DataFrame:
    """Read a table: bundled data by name, a file, or "-" for standard input.

    Parameters
    ----------
    source : str or path
        A name of bundled data; a file .csv, .tsv (also compressed), .parquet or .xlsx;
        or "-" for text on standard input.
    sep, decimal, encoding : str, default=None
        Of text: what parts cells, what stands before the decimals, how characters are
        written. None finds it, and says so where it is not the usual one.
    na : sequence of str, default=()
        Words that are missing values, beside the empty cell.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is of another kind, is damaged or holds no rows.
    ImportError
        If it is a Parquet or Excel file and what reads it is missing.
    """
    if source in BUNDLED:
        return BUNDLED[str(source)]().frame
    check_there(str(source))
    path = Path(source)
    ending = path.with_suffix("").suffix if path.suffix in _UNPACK else path.suffix
    ending = ".csv" if source == STDIN else ending.lower()
    if ending not in {".csv", ".tsv", ".parquet", *EXCEL}:
        raise ValueError(
            f"cannot tell what {path} is: expected a name that ends in .csv, .tsv "
            "(also compressed), .parquet or .xlsx"
        )
    name = "standard input" if source == STDIN else str(path)
    try:
        if ending == ".parquet":
            frame = _read_parquet(path)
        elif ending in EXCEL:
            frame = _read_excel(path, na)
        else:
            text = _text(_bytes(path), encoding, name)
            sep = sep or ("\t" if ending == ".tsv" else _separator(text, name))
            frame = _read_text(text, sep, decimal, na)
    except DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"cannot read {name}: {reason}") from error
    if len(frame) == 0:
        raise ValueError(f"{name} holds no rows, only a header")
    return frame.rename(columns=str).reset_index(drop=True)


# -- text ------------------------------------------------------------------------


def _bytes(path: Path) -> bytes:
    if str(path) == STDIN:
        return sys.stdin.buffer.read()
    data = path.read_bytes()
    try:
        return _UNPACK.get(path.suffix.lower(), bytes)(data)
    except OSError as error:  # also of bytes that are not compressed
        raise ValueError(str(error)) from error


def _unzip(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        if len(names) != 1:
            raise ValueError(f"expected one file in the archive; it holds {len(names)}")
        return archive.read(names[0])


_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zip": _unzip,
}


def _text(data: bytes, encoding: str | None, name: str) -> str:
    """The text of a file; without an encoding UTF-8, or else the Western one."""
    for kind, beginning in {
        "a Parquet file": b"PAR1",
        "a zip archive or an Excel file": b"PK\x03\x04",
        "compressed by gzip": b"\x1f\x8b",
    }.items():
        if data.startswith(beginning):
            raise ValueError(f"its ending says text, and it is {kind}")
    if encoding is None:
        encoding = BYTE_ORDER_MARKS.get(data[:2], "utf-8-sig")
        if encoding == "utf-8-sig" and b"\x00" in data:
            raise ValueError("it is no text, as it holds zero bytes")
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            _say(f"{name} is no UTF-8: it is read as {WESTERN} (--encoding)")
            return data.decode(WESTERN, errors="replace")
    try:
        return data.decode(encoding)
    except LookupError as error:
        raise ValueError(f"there is no encoding {encoding!r}") from error


def _separator(text: str, name: str) -> str:
    """What parts the cells of the header and of each row alike, into most of them."""
    lines = io.StringIO(text, newline="")
    beginning = "".join(line for _, line in zip(range(200), lines, strict=False))
    widths: Counter[str] = Counter()
    for candidate in SEPARATORS:
        reader = csv.reader(io.StringIO(beginning, newline=""), delimiter=candidate)
        rows = [row for _, row in zip(range(N_ROWS_TO_LOOK_AT), reader, strict=False)]
        sizes = {len(row) for row in rows if row}
        widths[candidate] = sizes.pop() if len(sizes) == 1 else 1
    (found, width), *_ = widths.most_common(1)  # the comma, where all are alike
    if found != "," and width > 1:
        shown = {"\t": "tabs"}.get(found, repr(found))
        _say(f"{name} has cells parted by {shown} (--sep)")
    return found


def _read_text(
    text: str, sep: str, decimal: str | None, na: Sequence[str]
) -> pd.DataFrame:
    header = next(csv.reader(io.StringIO(text, newline=""), delimiter=sep), [])
    if not header:
        raise ValueError(
            "it is empty: expected a header with the names of the columns, and rows"
        )
    _check_header([name for name in header if name])
    with warnings.catch_warnings():
        # Of a first row with more cells than the header.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame = pd.read_csv(
                io.StringIO(text, newline=""),
                sep=sep,
                decimal=decimal or ".",
                keep_default_na=False,
                na_values=["", *na],
                index_col=False,
                low_memory=False,
            )
        except pd.errors.ParserWarning as error:
            raise ValueError(
                f"its rows have more cells than the header, which has {len(header)}"
            ) from error
    for name in frame.columns[frame.dtypes.map(pd.api.types.is_string_dtype)]:
        frame[name] = _numbers(frame[name], has_comma=decimal is None)
    return frame


def _numbers(column: pd.Series, has_comma: bool) -> pd.Series:
    """A column of text as numbers, where all of it but for missing values is."""
    known = column.dropna()
    words = known[known.str.strip().str.lower().isin(NO_NUMBERS)]
    rest = known.drop(words.index)
    if not len(rest):
        return column
    numbers = pd.to_numeric(rest, errors="coerce")
    if has_comma and numbers.isna().any() and rest.str.fullmatch(DECIMAL_COMMA).all():
        dotted = rest.str.replace(".", "").str.replace(",", ".")
        numbers = pd.to_numeric(dotted, errors="coerce")
        if not numbers.isna().any():
            _say(f"column {column.name!r} has decimal commas (--decimal)")
    if numbers.isna().any():
        return column
    if len(words):
        shown = ", ".join(map(repr, words.unique()[:3]))
        _say(
            f"column {column.name!r} holds {shown} in {len(words)} rows and numbers "
            "in all others: these are read as missing"
        )
    return numbers.reindex(column.index)


def _check_header(names: list[str]) -> None:
    """Raise where a name stands twice: pandas would make another name of the second.

    A copy of the target would be a feature, and tell the labels.
    """
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(
            f"it has two columns named {', '.join(map(repr, sorted(twice)))}; expected "
            "a name of its own for each"
        )


def _say(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=2)


# -- other kinds -------------------------------------------------------------------


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'reading {path} needs pyarrow: pip install "fairrep[parquet]"'
        ) from error
    return pd.read_parquet(path, engine="pyarrow")


def _read_excel(path: Path, na: Sequence[str]) -> pd.DataFrame:
    try:
        import openpyxl  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'reading {path} needs openpyxl: pip install "fairrep[excel]"'
        ) from error
    options: dict[str, Any] = {"keep_default_na": False, "na_values": ["", *na]}
    options["engine"] = "openpyxl"
    header = pd.read_excel(path, header=None, nrows=1, **options)
    if header.empty:
        raise ValueError("its first sheet is empty")
    _check_header([str(name) for name in header.iloc[0].dropna()])
    return pd.read_excel(path, **options)
