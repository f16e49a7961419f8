"""A curve holds what a path trained: a classifier for each lambda, unmeasured."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

from .._estimators.classifier import MIDebiasedClassifier
from .._estimators.regressor import MIDebiasedRegressor
from .._inputs.labels import positive_or_none
from .._training.fitted import Fitted
from ..nn._batches import TensorTable
from ..nn._conditioning import LambdaScale


@dataclass(frozen=True)
class Curve:
    """The classifiers of a path.

    Parameters
    ----------
    fitted : Fitted
        With nets that are conditioned on lambda.
    scale : LambdaScale
        The lambdas that they were trained for.
    params : dict
        The parameters of the classifiers, but for ``lambda_mi``.
    found : dict
        Fitted attributes that lambda leaves alone, by name.
    estimator : type
        The class of the models.
    """

    fitted: Fitted
    scale: LambdaScale
    params: dict[str, Any]
    found: dict[str, Any]
    estimator: type[MIDebiasedClassifier] | type[MIDebiasedRegressor]

    @property
    def of_classes(self) -> bool:
        """Whether the models predict classes, and not numbers."""
        return issubclass(self.estimator, MIDebiasedClassifier)

    @property
    def pos_label(self) -> Any:
        """The class whose rates the gap compares; None where each is one, or none."""
        if not self.of_classes:
            return None
        return positive_or_none(self.found["classes_"], self.params["pos_label"])

    def at(self, lambda_mi: float) -> Any:
        """The model for one lambda, with nothing that is measured of it.

        Raises
        ------
        TypeError
            If ``lambda_mi`` is no number.
        ValueError
            If it is outside the range.
        """
        if not isinstance(lambda_mi, Real):
            raise TypeError(f"lambda_mi must be a number; got {lambda_mi!r}.")
        smallest, largest = self.scale.smallest, self.scale.largest
        if not smallest <= lambda_mi <= largest:
            raise ValueError(
                f"lambda_mi={lambda_mi} is outside the range that the path was trained "
                f"for, from {smallest:g} to {largest:g}. Give lambda_path lambdas that "
                "reach it."
            )
        model = self.estimator(float(lambda_mi), **self.params)
        model._keep(self.fitted.at(lambda_mi), **self.found)
        return model

    def encode(self, X: Any) -> TensorTable:
        """The rows of X encoded, which is the same at every lambda."""
        return self.at(self.scale.smallest)._table(X)
