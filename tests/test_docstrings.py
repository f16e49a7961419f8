"""Public docstrings are complete numpydoc, and what is public has an example."""

import inspect

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import fairrep
from fairrep import auditing, datasets, metrics, mutual_info

MODULES = [fairrep, auditing, datasets, metrics, mutual_info]
# All of numpydoc's checks but for these.
NOT_ASKED = {
    "ES01",  # a summary of one line may say it all
    "EX01",  # asked below, of classes and functions
    "RT02",  # what is returned has a name: "report : AuditReport"
    "RT03",  # ... which may say it all
    "SA01",  # not all have kin
    "SS05",  # takes a plural for a verb in the third person
}


def public_objects():
    """Name and object of what users see, without scorers, which are not called."""
    found = {}
    for module in MODULES:
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                found.setdefault(thing, f"{module.__name__}.{name}")
    return {name: thing for thing, name in found.items()}


def is_ours(member):
    function = member.fget if isinstance(member, property) else member
    return (getattr(function, "__module__", None) or "").startswith("fairrep.")


def public_methods():
    for name, thing in public_objects().items():
        if inspect.isclass(thing):
            for method, member in inspect.getmembers(thing):
                if not method.startswith("_") and is_ours(member):
                    yield f"{name}.{method}"


@pytest.mark.parametrize("name", [*public_objects(), *public_methods()])
def test_docstring_is_complete(name):
    errors = [error for error in validate(name)["errors"] if error[0] not in NOT_ASKED]
    assert errors == []


@pytest.mark.parametrize(("name", "thing"), public_objects().items())
def test_there_is_an_example_that_runs_as_a_doctest(name, thing):
    assert ">>> " in thing.__doc__


@pytest.mark.parametrize(
    ("cls", "said_otherwise"),
    [
        (fairrep.MIFairTransformer, {"n_members"}),
        (
            fairrep.MIDebiasedRegressor,
            {
                "criterion",
                "estimator",
                "group_weights",
                "lambda_mi",
                "mi_target",
                "sensitive_estimator",
            },
        ),
    ],
)
def test_parameters_that_two_estimators_share_are_told_alike(cls, said_otherwise):
    """They stand in both docstrings, since a reader of either wants them there."""
    told = [
        {
            parameter.name: (parameter.type, parameter.desc)
            for parameter in NumpyDocString(inspect.getdoc(one))["Parameters"]
        }
        for one in (fairrep.MIDebiasedClassifier, cls)
    ]
    shared = told[0].keys() & told[1].keys()
    assert len(shared) >= 36
    differ = {name for name in shared if told[0][name] != told[1][name]}
    assert differ == said_otherwise


def test_defaults_that_the_estimators_share_are_equal():
    """The search trains longer, and on more held-out rows, as its docstring says."""
    defaults = [
        {
            name: parameter.default
            for name, parameter in inspect.signature(cls).parameters.items()
        }
        for cls in (
            fairrep.MIDebiasedClassifier,
            fairrep.MIDebiasedRegressor,
            fairrep.MIFairTransformer,
            fairrep.MIDebiasedClassifierCV,
        )
    ]
    for other in defaults[1:]:
        shared = defaults[0].keys() & other.keys()
        differ = {name for name in shared if defaults[0][name] != other[name]}
        assert differ <= {"max_epochs", "validation_fraction"}
