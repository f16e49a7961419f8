"""Build the bundled tables from the raw UCI files.

Run as ``python build.py RAW_FOLDER``, where the folder holds ``adult.data``,
``adult.test`` and ``german.data`` as UCI distributes them. The tables are written
beside this script, and their SHA-256 hashes, which ``fairrep/datasets/_bundled.py``
expects, are printed. The script is not used at run time.
"""

import argparse
import csv
import hashlib
import io
import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path

ADULT_COLUMNS = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
]
ADULT_TARGET = {"<=50K": "0", ">50K": "1"}

# Each column of german.data, in order, with the labels of its codes; None marks a
# numeric column. The wording is that of german.doc.
GERMAN_COLUMNS: dict[str, dict[str, str] | None] = {
    "checking_account": {
        "A11": "< 0 DM",
        "A12": "0 <= ... < 200 DM",
        "A13": ">= 200 DM / salary assignments for at least 1 year",
        "A14": "no checking account",
    },
    "duration": None,
    "credit_history": {
        "A30": "no credits taken / all credits paid back duly",
        "A31": "all credits at this bank paid back duly",
        "A32": "existing credits paid back duly till now",
        "A33": "delay in paying off in the past",
        "A34": "critical account / other credits existing (not at this bank)",
    },
    "purpose": {
        "A40": "car (new)",
        "A41": "car (used)",
        "A42": "furniture/equipment",
        "A43": "radio/television",
        "A44": "domestic appliances",
        "A45": "repairs",
        "A46": "education",
        "A47": "vacation",
        "A48": "retraining",
        "A49": "business",
        "A410": "others",
    },
    "credit_amount": None,
    "savings_account": {
        "A61": "< 100 DM",
        "A62": "100 <= ... < 500 DM",
        "A63": "500 <= ... < 1000 DM",
        "A64": ">= 1000 DM",
        "A65": "unknown / no savings account",
    },
    "employment_since": {
        "A71": "unemployed",
        "A72": "< 1 year",
        "A73": "1 <= ... < 4 years",
        "A74": "4 <= ... < 7 years",
        "A75": ">= 7 years",
    },
    "installment_rate": None,
    "personal_status_sex": {
        "A91": "male: divorced/separated",
        "A92": "female: divorced/separated/married",
        "A93": "male: single",
        "A94": "male: married/widowed",
        "A95": "female: single",
    },
    "other_debtors": {
        "A101": "none",
        "A102": "co-applicant",
        "A103": "guarantor",
    },
    "residence_since": None,
    "property": {
        "A121": "real estate",
        "A122": "building society savings agreement / life insurance",
        "A123": "car or other",
        "A124": "unknown / no property",
    },
    "age": None,
    "other_installment_plans": {
        "A141": "bank",
        "A142": "stores",
        "A143": "none",
    },
    "housing": {
        "A151": "rent",
        "A152": "own",
        "A153": "for free",
    },
    "existing_credits": None,
    "job": {
        "A171": "unemployed / unskilled - non-resident",
        "A172": "unskilled - resident",
        "A173": "skilled employee / official",
        "A174": "management / self-employed / highly qualified employee / officer",
    },
    "people_liable": None,
    "telephone": {
        "A191": "none",
        "A192": "yes, registered under the customer's name",
    },
    "foreign_worker": {
        "A201": "yes",
        "A202": "no",
    },
    "credit": {"1": "1", "2": "0"},
}


def adult_rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of one Adult file, '?' made empty and the target 0 or 1."""
    for line in path.read_text(encoding="ascii").splitlines():
        # Skips the first line of adult.test and the blank last line of both files.
        if line.count(",") != len(ADULT_COLUMNS) - 1:
            continue
        *features, income = line.split(", ")
        target = ADULT_TARGET[income.removesuffix(".")]
        yield ["" if value == "?" else value for value in features] + [target]


def german_rows(path: Path) -> Iterator[list[str]]:
    """Yield the rows of german.data, each code replaced by its label."""
    for line in path.read_text(encoding="ascii").splitlines():
        pairs = zip(GERMAN_COLUMNS.values(), line.split(), strict=True)
        yield [value if labels is None else labels[value] for labels, value in pairs]


def write_table(path: Path, columns: Iterable[str], rows: Iterable[list[str]]) -> None:
    """Write an xz-compressed CSV file and print its SHA-256 hash."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    # Unlike gzip, xz has no time stamp in its header: the same rows, the same bytes.
    content = lzma.compress(text.getvalue().encode("ascii"), preset=9)
    path.write_bytes(content)
    print(f"{hashlib.sha256(content).hexdigest()}  {path.name}")


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raw", type=Path, help="folder with the raw UCI files")
    raw = parser.parse_args().raw
    here = Path(__file__).parent

    # adult.data comes first: the loader tells the split by the number of rows.
    adult = [*adult_rows(raw / "adult.data"), *adult_rows(raw / "adult.test")]
    write_table(here / "adult.csv.xz", ADULT_COLUMNS, adult)
    german = german_rows(raw / "german.data")
    write_table(here / "german.csv.xz", GERMAN_COLUMNS, german)


if __name__ == "__main__":
    main()
