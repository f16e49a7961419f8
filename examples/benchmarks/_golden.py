"""What `golden.py` runs on, and how it writes values down."""

import hashlib
import pickle
import re
import tempfile
import time
import warnings
from functools import cache, partial, wraps
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import fairrep
from fairrep.auditing import Certificate
from fairrep.datasets import load_adult, load_german, make_biased_classification

METHODS = ["predict", "predict_proba", "decision_function", "transform"]
ATTRIBUTES = [
    "mi_estimate_",
    "n_iter_",
    "interrupted_",
    "classes_",
    "sensitive_categories_",
    "sensitive_names_in_",
    "code_table_",
    "fingerprint_",
    "certificate_",
    "n_features_in_",
    "feature_names_in_",
]
# What history_ holds beside the losses: seconds, and a dict a batch that is empty.
NO_LOSSES = {"dur", "batches"}
MAX_TEXT = 1000


# -- tables --------------------------------------------------------------------


class Rows(NamedTuple):
    X: Any
    y: Any
    sensitive: Any

    @property
    def named(self):
        return {"X": self.X, "y": self.y, "sensitive_features": self.sensitive}

    def part(self, rows):
        return Rows(*(values[rows] for values in self))


@cache
def table(name):
    """Rows to fit on, and other rows of the same table."""
    rows = TABLES[name]()
    n_fit = len(rows.X) * 15 // 23
    return rows.part(slice(n_fit)), rows.part(slice(n_fit, None))


def adult(sensitive):
    X, y, A = load_adult(subset="test", sensitive=sensitive, return_X_y_s=True)
    return Rows(X, y, A).part(slice(2300))


def german(sensitive):
    return Rows(*load_german(sensitive=sensitive, return_X_y_s=True))


def german_numbers():
    rows = german("sex")
    return rows._replace(X=rows.X.select_dtypes("number"))


def images():
    rows = synthetic("binary")
    return rows._replace(X=rows.X.reshape(-1, 2, 5))


def synthetic(kind, **params):
    X, y, s = make_biased_classification(
        900, sensitive=kind, return_X_y_s=True, random_state=0, **params
    )
    return Rows(X, y, s)


def mixed_frame():
    """Numbers, categories, strings and booleans, some missing; labels are strings."""
    rng, n = np.random.default_rng(7), 900
    group = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    merit = rng.normal(size=n)
    income = np.exp(rng.normal(size=n) + (group == "a"))
    income[rng.random(n) < 0.1] = np.nan
    X = pd.DataFrame(
        {
            "merit": merit,
            "income": income,
            "visits": rng.poisson(2, n),
            "constant": 1.0,
            "city": pd.Categorical(rng.choice(["rome", "oslo", None], n)),
            "job": rng.choice(np.array(["cook", "nurse", None], dtype=object), n),
            "member": rng.random(n) < 0.3 + 0.4 * (group == "b"),
        }
    )
    y = np.where(merit + (group == "a") + rng.normal(size=n) > 0.5, "yes", "no")
    age = rng.normal(40, 12, n).round(1) + 5 * (group == "c")
    return Rows(X, y, pd.DataFrame({"group": group, "age": age}))


def three_classes():
    X, _, s = synthetic("categorical", group_proportions=[0.6, 0.3, 0.1])
    score = X[:, 0] + X[:, -1] + 0.5 * s
    y = np.array(["low", "mid", "top"])[np.digitize(score, [-0.5, 1])]
    return Rows(X, y, pd.DataFrame({"group": s, "tall": X[:, 1] > 0}))


def masked(rows):
    """Every seventh row misses the first of its sensitive values."""
    sensitive = pd.DataFrame(rows.sensitive)
    sensitive.iloc[::7, 0] = None
    return rows._replace(sensitive=sensitive)


TABLES = {
    "adult": lambda: adult("sex"),
    "adult_age": lambda: adult("age"),
    "adult_two": lambda: adult(["sex", "race"]),
    "adult_masked": lambda: masked(adult("sex")),
    "german": lambda: german("sex"),
    "german_housing": lambda: german("housing"),
    "german_mixed": lambda: german(["sex", "age"]),
    "german_numbers": german_numbers,
    "german_two": lambda: german(["sex", "age_over_25"]),
    "binary": lambda: synthetic("binary"),
    "groups": lambda: synthetic("categorical", group_proportions=[0.6, 0.3, 0.1]),
    "continuous": lambda: synthetic("continuous"),
    "frame": mixed_frame,
    "frame_masked": lambda: masked(mixed_frame()),
    "three": three_classes,
    "rare": lambda: synthetic("binary", base_rate=0.03),
    "images": images,
}


# -- values as text --------------------------------------------------------------


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def text_of(value):
    """A value with its types, to the bit: equal texts are equal values."""
    match value:
        case str():
            return value
        case BaseException():
            return f"{type(value).__name__}: {value}"
        case dict():
            inner = (f"{key!r}: {text_of(part)}" for key, part in value.items())
            return "{" + ", ".join(inner) + "}"
        case list() | tuple():
            inner = ", ".join(map(text_of, value))
            return f"{type(value).__name__}[{inner}]"
        case np.ndarray():
            data = value.tobytes()
            if value.dtype == object:
                data = repr(value.tolist()).encode()
            first = value.ravel()[:5].tolist()
            return f"{value.dtype} {value.shape} {digest(data)} {first}"
        case pd.DataFrame():
            types = [str(kind) for kind in value.dtypes]
            names = [*value.index.names], [*value.columns.names]
            return f"{types} {names} {value.to_dict('split')}"
        case pd.Series():
            return f"{value.name!r}: {text_of(value.to_frame('value'))}"
        case Certificate():
            return f"{text_of(value.to_dict())}\n{value}"
    return repr(value)


def written(value):
    """The text, without what differs between processes, cut where it is long."""
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", text_of(value))
    # Choices are sets, whose order is another in each process.
    text = re.sub(r"(?<=a str among \{)[^}]*", sorted_choices, text)
    text = re.sub(re.escape(tempfile.gettempdir()) + r"/[\w.]+", "TMP", text)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT // 2]}... {len(text)} {digest(text.encode())}"


def sorted_choices(match):
    return ", ".join(sorted(match.group().split(", ")))


def outcome(name, case):
    """What a case gives, by key; values that are functions are called first."""
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parts = attempt(case)
        if not isinstance(parts, dict):
            parts = {"result": parts}
        found = {key: written(attempt(part)) for key, part in parts.items()}
    if caught:
        found["warnings"] = sorted(
            written(f"{w.category.__name__}: {w.message}") for w in caught
        )
    seconds = time.perf_counter() - start
    return {f"{name}/{key}": value for key, value in found.items()}, seconds


def attempt(value):
    """A value, or what a function returns or raises."""
    try:
        return value() if callable(value) else value
    except Exception as error:
        return error


def quiet(function):
    """Without its warnings: what is made once for several cases would warn in one."""

    @wraps(function)
    def call(*args, **kwargs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*args, **kwargs)

    return call


# -- what models say -------------------------------------------------------------


def of_model(model, X, saved=True, **loading):
    """What a fitted estimator says of itself and of rows; saved and loaded as well."""
    found = {
        name: partial(getattr(model, name), X)
        for name in METHODS
        if hasattr(model, name)
    }
    found |= {name: getattr(model, name) for name in ATTRIBUTES if hasattr(model, name)}
    found["text"] = repr(model)
    found["names out"] = model.get_feature_names_out
    if hasattr(model, "history_"):
        found["history_"] = losses(model)
    if not saved:
        return found
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        again = fairrep.load(Path(folder) / "model", **loading)
    for origin, copy in {
        "loaded": again,
        "pickled": pickle.loads(pickle.dumps(model)),
    }.items():
        copied = of_model(copy, X, saved=False)
        found |= {f"{origin} {key}": value for key, value in copied.items()}
    return found


def losses(model):
    return [
        {key: value for key, value in epoch.items() if key not in NO_LOSSES}
        for epoch in model.history_
    ]


def of_report(report):
    """An audit in all its forms; the page also without its pictures."""
    return {
        "summary": report.summary,
        "text": str(report),
        "short text": repr(report),
        "frame": report.to_frame(),
        "compared": report.compare().to_string(),
        "json": report.to_json(),
        "page": report.to_html,
        "page without pictures": lambda: re.sub(
            "<svg.*?</svg>", "", report.to_html(), flags=re.DOTALL
        ),
    }


def of_picture(display):
    """The numbers and words of a picture."""
    ax = display.ax_
    legend = ax.get_legend()
    return {
        "labels": [ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")],
        "limits": [ax.get_xlim(), ax.get_ylim()],
        "ticks": [label.get_text() for label in ax.get_yticklabels()],
        "lines": [line.get_xydata() for line in ax.lines],
        "texts": [text.get_text() for text in ax.texts],
        "legend": [text.get_text() for text in legend.get_texts()] if legend else None,
    }
