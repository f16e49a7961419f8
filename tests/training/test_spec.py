"""What an "auto" comes to, and that a spec is all that nets are built of."""

import json

import pytest
import torch

from fairrep import MIDebiasedClassifier
from fairrep._storage.plain import from_plain, to_plain
from fairrep._training.build import bare_net
from fairrep._training.spec import Spec


@pytest.fixture
def fitted(biased, quick):
    X, y, s = biased
    return MIDebiasedClassifier(**quick).fit(X, y, sensitive_features=s)


def test_a_spec_is_plain_and_comes_back_as_it_was(fitted):
    spec = fitted._fitted.spec
    text = json.dumps(to_plain(spec.to_dict(), "the spec"))
    assert Spec.from_dict(from_plain(json.loads(text))) == spec


@pytest.mark.filterwarnings("ignore:The classifier has collapsed")
def test_nothing_in_a_spec_is_auto(biased):
    X, y, s = biased
    clf = MIDebiasedClassifier(max_epochs=1, random_state=0)
    clf.fit(X, y, sensitive_features=s)
    assert "auto" not in {
        value for key, value in vars(clf._fitted.spec).items() if key != "mi_estimator"
    }


def test_parameters_set_after_a_fit_change_nothing_that_was_fitted(fitted, biased):
    X, _, _ = biased
    spec, before = fitted._fitted.spec, fitted.predict_proba(X)
    fitted.set_params(hidden_layer_sizes=(99,), n_components=2, lambda_mi=7.0)
    assert fitted._fitted.spec == spec
    assert (fitted.predict_proba(X) == before).all()


def test_nets_of_a_spec_have_the_shapes_of_those_of_the_fit(fitted):
    layout = fitted._fitted.inputs.layout
    net = bare_net(fitted._fitted.spec, layout, None, torch.device("cpu"))
    for made, trained in [
        (net.module_, fitted.net_.module_),
        (net.critics_, fitted.net_.critics_),
    ]:
        shapes = [
            {name: value.shape for name, value in module.state_dict().items()}
            for module in (made, trained)
        ]
        assert shapes[0] == shapes[1]


def test_strata_that_contradict_the_priors(fitted):
    content = fitted._fitted.spec.to_dict()
    content["shapes"]["n_strata"] = 3
    with pytest.raises(ValueError, match="n_strata=3 contradicts the priors"):
        Spec.from_dict(content)
