"""The methods of tradeoff.py, in METHODS: fairrep's own, and the adapters of peers.py.

To add one, write an adapter as described there and name it in METHODS.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import peers
from encoding import Encoded, boosted_trees
from numpy.typing import NDArray

from fairrep import lambda_path

# At a path they cost no training: so close together that a limit to the gap is met
# without much to spare.
LAMBDAS = [0.0, *np.geomspace(0.3, 40, 30).round(2).tolist()]
SHUFFLES = 10


class Method(NamedTuple):
    label: str
    grid: Callable[[Encoded, Encoded, int, str], Iterator[tuple[str, NDArray]]]
    criteria: tuple[str, ...] = ("DP", "EO")
    package: str = "fairlearn"
    sees_s: bool = False  # at prediction, where it isn't an input of the task
    two_groups: bool = False  # and no more


def shuffled(train, test, seed, criterion):
    """Labels that know nothing of S: the gaps they show are noise."""
    labels = peers.logistic().fit(train.x, train.y).predict(test.x)
    rng = np.random.default_rng(seed)
    for i in range(SHUFFLES):
        yield f"shuffle {i}", rng.permutation(labels)


def fairrep(params, train, test, seed, criterion):
    names = {"DP": "demographic_parity", "EO": "equalized_odds"}
    path = lambda_path(
        train.X,
        train.y,
        sensitive_features=train.s,
        lambdas=LAMBDAS,
        criterion=names[criterion],
        # As the peers, on all training rows: the figures are of others.
        validation_fraction=0.0,
        random_state=seed,
        **params,
    )
    for lambda_mi in LAMBDAS:
        yield f"lambda_mi={lambda_mi}", path.predict(test.X, lambda_mi)


NONE = ("none",)
METHODS = {
    "shuffled": Method("labels shuffled", shuffled, NONE, "scikit-learn"),
    "logistic": Method(
        "logistic regression", peers.unmitigated_logistic, NONE, "scikit-learn"
    ),
    "trees": Method("boosted trees", peers.unmitigated_trees, NONE, "scikit-learn"),
    "fairrep": Method("fairrep", partial(fairrep, {}), package="fairrep"),
    "fairrep-trees": Method(
        "fairrep, estimator=boosted trees",
        partial(fairrep, {"estimator": boosted_trees(0)}),
        package="fairrep",
    ),
    "fairrep-inferring": Method(
        "fairrep, boosted trees of y and of S",
        partial(
            fairrep,
            {"estimator": boosted_trees(0), "sensitive_estimator": boosted_trees(0)},
        ),
        package="fairrep",
    ),
    # As the peers, it guards what is predicted and no representation.
    "fairrep-prediction": Method(
        "fairrep, estimator=boosted trees, mi_target=prediction",
        partial(fairrep, {"estimator": boosted_trees(0), "mi_target": "prediction"}),
        package="fairrep",
    ),
    "fairrep-codes": Method(
        "fairrep, discrete",
        partial(fairrep, {"bottleneck": "discrete"}),
        package="fairrep",
    ),
    "exponentiated-gradient": Method(
        "ExponentiatedGradient, logistic regression",
        partial(peers.exponentiated_gradient, "logistic"),
    ),
    "exponentiated-gradient-trees": Method(
        "ExponentiatedGradient, boosted trees",
        partial(peers.exponentiated_gradient, "trees"),
    ),
    "linear-post": Method(
        "LinearPost, boosted trees of y and of S",
        partial(peers.linear_post, boosted_trees),
        package="scikit-learn",
    ),
    "adversarial": Method(
        "AdversarialFairnessClassifier", partial(peers.adversarial, False), ("DP",)
    ),
    "adversarial-corrected": Method(
        "AdversarialFairnessClassifier, corrected", partial(peers.adversarial, True)
    ),
    "fairret": Method("fairret", peers.fairret, package="fairret"),
    "fairgbm": Method("FairGBM", peers.fairgbm, ("EO",), "fairgbm"),
    "lfr": Method(
        "LFR", peers.fair_representations, ("DP",), "aif360", two_groups=True
    ),
    "correlation-remover": Method(
        "CorrelationRemover, logistic regression",
        peers.correlation_remover,
        NONE,
        sees_s=True,
    ),
    "threshold-optimizer": Method(
        "ThresholdOptimizer, boosted trees", peers.threshold_optimizer, sees_s=True
    ),
    "oxonfair-inferring": Method(
        "OxonFair, boosted trees of y and of S",
        partial(peers.oxonfair, True),
        package="oxonfair",
        two_groups=True,
    ),
    "oxonfair": Method(
        "OxonFair, boosted trees",
        partial(peers.oxonfair, False),
        package="oxonfair",
        sees_s=True,
        two_groups=True,
    ),
}
