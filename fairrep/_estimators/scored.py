"""Estimators whose inputs may be the scores of others show these once fitted."""

from typing import Any

from .._inputs.classifier_scores import ScoredInputs


class ScoredMixin:
    """Shows the fitted ``estimator`` and ``sensitive_estimator``."""

    @property
    def estimator_(self) -> Any:
        """The fitted ``estimator`` whose scores are inputs, where there is one."""
        fitted = vars(self).get("_fitted")
        if fitted is None or not isinstance(fitted.inputs, ScoredInputs):
            raise AttributeError(f"This {type(self).__name__} has no estimator_.")
        if fitted.inputs.scorers.estimator is None:
            raise AttributeError(f"This {type(self).__name__} has no estimator_.")
        return fitted.inputs.scorers.estimator

    @property
    def sensitive_estimators_(self) -> list[Any]:
        """The fitted classifiers that infer S, one for each part of it."""
        fitted = vars(self).get("_fitted")
        if fitted is None or not isinstance(fitted.inputs, ScoredInputs):
            raise AttributeError(
                f"This {type(self).__name__} has no sensitive_estimators_."
            )
        return [*fitted.inputs.scorers.of_sensitive]
