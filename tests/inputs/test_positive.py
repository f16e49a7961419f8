"""The positive class is the one that is named, or the greater of two."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fairrep import MIDebiasedClassifier
from fairrep._inputs.labels import (
    named_positive,
    positive_class,
    positive_classes,
    positive_or_none,
)


@pytest.mark.parametrize(
    ("labels", "named", "expected"),
    [
        (["denied", "approved"], None, "denied"),
        (["denied", "approved"], "approved", "approved"),
        ([0, 1], 0, 0),
        ([-1, 1], None, 1),
        ([False, True], None, True),
        ([False, True], False, False),
        ([3, 7], None, 7),
    ],
)
def test_of_two(labels, named, expected):
    assert positive_class(labels, named) == expected
    assert positive_classes(labels, named) == (expected,)
    assert positive_or_none(np.unique(labels), named) == expected


def test_of_more_each_or_the_one_named():
    labels = ["a", "b", "c"]
    assert positive_classes(labels, None) == ("a", "b", "c")
    assert positive_or_none(np.array(labels), None) is None
    assert positive_classes(labels, "b") == ("b",)
    with pytest.raises(ValueError, match="Set pos_label to the positive one"):
        positive_class(labels, None)


def test_none_of_the_labels():
    with pytest.raises(ValueError, match=r"'yes' is none of the labels \['a', 'b'\]"):
        positive_class(["a", "b"], "yes")
    with pytest.raises(ValueError, match=r"'1' is none of the labels \[0, 1\]"):
        positive_class([0, 1], "1")


def test_what_a_model_was_told():
    told = MIDebiasedClassifier(pos_label="a")
    assert named_positive(told) == "a"
    assert named_positive(make_pipeline(StandardScaler(), told)) == "a"
    assert named_positive(LogisticRegression()) is None
