"""The parameters that all estimators share, and their rules."""

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    RealNotInt,
    StrOptions,
)
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from skorch.callbacks import Callback

from .._problem.criterion import CRITERIA
from ..nn.dependence.registry import MEASURES

POSITIVE = Interval(Real, 0, None, closed="neither")
COUNT = Interval(Integral, 0, None, closed="left")
COUNT_FROM_1 = Interval(Integral, 1, None, closed="left")


class MIParameters(BaseEstimator):
    """Keeps and checks the parameters; the subclasses document them."""

    _parameter_constraints: ClassVar[dict] = {
        "lambda_mi": [Interval(Real, 0, None, closed="left")],
        "criterion": [StrOptions(set(CRITERIA))],
        "pos_label": [Real, str, "boolean", None],
        "mi_estimator": [StrOptions({"auto", *MEASURES})],
        "bottleneck": [StrOptions({"gaussian", "deterministic", "discrete"})],
        "n_components": [COUNT_FROM_1],
        "n_members": [COUNT_FROM_1, StrOptions({"auto"})],
        "n_codes": [Interval(Integral, 2, None, closed="left")],
        "noise_std": [POSITIVE],
        "hidden_layer_sizes": ["array-like", COUNT_FROM_1],
        "dropout": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
        "numeric_embedding": [None, StrOptions({"piecewise_linear"})],
        "n_bins": [COUNT_FROM_1],
        "min_frequency": [
            COUNT_FROM_1,
            Interval(RealNotInt, 0, 1, closed="neither"),
            StrOptions({"auto"}),
            None,
        ],
        "max_categories": [Interval(Integral, 2, None, closed="left"), None],
        "encoder": [None, callable, HasMethods("forward")],
        "critic_hidden_layer_sizes": ["array-like", COUNT_FROM_1],
        "critic_steps": [COUNT_FROM_1],
        "critic_batches": [COUNT_FROM_1],
        "critic_learning_rate": [POSITIVE],
        "gradient_rescaling": ["boolean"],
        "group_weights": [StrOptions({"balanced", "empirical"})],
        "sensitive_combination": [StrOptions({"crossed", "separate"})],
        "missing_sensitive": [StrOptions({"raise", "mask"})],
        "class_weight": [None, dict, StrOptions({"balanced"})],
        "learning_rate": [POSITIVE],
        "batch_size": [COUNT_FROM_1, StrOptions({"auto"})],
        "max_epochs": [COUNT_FROM_1],
        "warmup_epochs": [COUNT, StrOptions({"auto"})],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 0.5, closed="both")],
        "calibration_fraction": [Interval(Real, 0, 0.5, closed="both")],
        "n_iter_no_change": [COUNT_FROM_1],
        "tol": [Interval(Real, 0, None, closed="left")],
        "callbacks": [None, list],
        "device": [str, torch.device],
        "allow_tf32": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    pos_label: Any = None
    mi_target = "representation"
    estimator: Any = None
    sensitive_estimator: Any = None
    # What a task of numbers has to say where others have classes.
    _y_has_classes = True

    def __init__(
        self,
        lambda_mi: float,
        *,
        criterion: str,
        mi_estimator: str,
        bottleneck: str,
        n_components: int,
        n_members: Any,
        n_codes: int,
        noise_std: float,
        hidden_layer_sizes: Any,
        dropout: Any,
        numeric_embedding: str | None,
        n_bins: int,
        min_frequency: Any,
        max_categories: int | None,
        encoder: Any,
        critic_hidden_layer_sizes: Any,
        critic_steps: int,
        critic_batches: int,
        critic_learning_rate: float,
        gradient_rescaling: bool,
        group_weights: str,
        sensitive_combination: str,
        missing_sensitive: str,
        learning_rate: float,
        batch_size: Any,
        max_epochs: int,
        warmup_epochs: Any,
        early_stopping: bool,
        validation_fraction: float,
        calibration_fraction: float,
        n_iter_no_change: int,
        tol: float,
        callbacks: list | None,
        device: Any,
        allow_tf32: bool,
        random_state: Any,
        verbose: Any,
        class_weight: Any = None,
    ) -> None:
        self.lambda_mi = lambda_mi
        self.criterion = criterion
        self.mi_estimator = mi_estimator
        self.bottleneck = bottleneck
        self.n_components = n_components
        self.n_members = n_members
        self.n_codes = n_codes
        self.noise_std = noise_std
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.numeric_embedding = numeric_embedding
        self.n_bins = n_bins
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.encoder = encoder
        self.critic_hidden_layer_sizes = critic_hidden_layer_sizes
        self.critic_steps = critic_steps
        self.critic_batches = critic_batches
        self.critic_learning_rate = critic_learning_rate
        self.gradient_rescaling = gradient_rescaling
        self.group_weights = group_weights
        self.sensitive_combination = sensitive_combination
        self.missing_sensitive = missing_sensitive
        self.class_weight = class_weight
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.warmup_epochs = warmup_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.calibration_fraction = calibration_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.device = device
        self.allow_tf32 = allow_tf32
        self.random_state = random_state
        self.verbose = verbose

    def get_metadata_routing(self) -> MetadataRouter:
        """Say which metadata go where: to `fit`, and to that of ``estimator``.

        Returns
        -------
        routing : MetadataRouter
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        if self.estimator is not None:
            mapping = MethodMapping().add(caller="fit", callee="fit")
            router.add(estimator=self.estimator, method_mapping=mapping)
        return router

    def _check_parameters(self) -> None:
        if self.early_stopping and self.validation_fraction == 0:
            raise ValueError(
                "early_stopping=True needs held-out rows; expected "
                "validation_fraction > 0, got 0."
            )
        for name in ["hidden_layer_sizes", "critic_hidden_layer_sizes"]:
            sizes = np.atleast_1d(np.asarray(getattr(self, name)))
            is_number = sizes.dtype.kind in "iuf" or not sizes.size
            if (
                sizes.ndim > 1
                or not is_number
                or not ((sizes >= 1) & (sizes % 1 == 0)).all()
            ):
                raise ValueError(
                    f"{name} must hold integers of at least 1, one for each layer; got "
                    f"{getattr(self, name)!r}."
                )
        for callback in self.callbacks or ():
            _check_callback(callback)
        self._check_members()
        warmup_epochs = 0 if self.warmup_epochs == "auto" else self.warmup_epochs
        if self.lambda_mi > 0 and warmup_epochs >= self.max_epochs:
            raise ValueError(
                f"warmup_epochs ({warmup_epochs}) must be less than max_epochs "
                f"({self.max_epochs}): lambda_mi would never reach its value."
            )

    def _check_members(self) -> None:
        alone = {
            "bottleneck='discrete'": self.bottleneck == "discrete",
            "an encoder of your own": self.encoder is not None,
        }
        for what, given in alone.items():
            if given and self.n_members not in ("auto", 1):
                raise ValueError(
                    f"With {what} there is one encoder; expected n_members='auto' or "
                    f"1, got {self.n_members}."
                )

    def _check_discrete(self) -> None:
        """Raise where a parameter has no meaning with, or without, codes."""
        if self.bottleneck != "discrete":
            if self.calibration_fraction > 0:
                raise ValueError(
                    "calibration_fraction holds out rows for a certificate of the "
                    "codes; expected bottleneck='discrete', got "
                    f"{self.bottleneck!r}."
                )
            return
        if self.mi_estimator != "auto":
            raise ValueError(
                f"mi_estimator={self.mi_estimator!r} is a critic, and what a code "
                "tells is a formula that needs none; expected 'auto' with "
                "bottleneck='discrete'."
            )
        if self.mi_target != "representation":
            raise ValueError(
                "With bottleneck='discrete' the code is guarded, and so all that is "
                "made of it; expected mi_target='representation', got "
                f"{self.mi_target!r}. For the decision alone use n_codes=2."
            )

    def _check_n_codes(self, n_rows: int) -> None:
        """Raise where not even every code could be that of a row."""
        if self.n_codes > n_rows:
            raise ValueError(
                f"n_codes={self.n_codes} is more than the {n_rows} rows that X has to "
                "train on; expected many rows for each code."
            )

    def _random_state(self) -> np.random.RandomState:
        # check_random_state(None) is numpy's global generator, which is not ours.
        if self.random_state is None:
            return np.random.RandomState()
        return check_random_state(self.random_state)

    def _device(self) -> torch.device:
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            device = torch.device(self.device)
        except RuntimeError as error:
            raise ValueError(
                f"device={self.device!r} is no device of torch; expected 'auto', "
                "'cpu', 'cuda' or 'cuda:0'."
            ) from error
        if device.type not in ("cpu", "cuda"):
            raise ValueError(
                f"device={self.device!r} is of a kind that fairrep does not compute "
                "on; expected 'auto', 'cpu', 'cuda' or 'cuda:0'."
            )
        if device.type == "cuda" and not torch.cuda.is_available():
            raise ValueError(
                f"device={self.device!r}, but torch finds no CUDA device; expected "
                "'cpu' or 'auto'."
            )
        if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
            raise ValueError(
                f"device={self.device!r}, but torch finds {torch.cuda.device_count()} "
                "CUDA device(s), which it counts from 0."
            )
        return device


def _check_callback(callback: Any) -> None:
    """Raise where something is no callback as skorch takes them."""
    given = callback
    if isinstance(callback, tuple) and len(callback) == 2:
        callback = callback[1]
    cls = callback if isinstance(callback, type) else type(callback)
    if not issubclass(cls, Callback):
        raise TypeError(
            "callbacks must hold callbacks of skorch, each alone or as (name, "
            f"callback); got {given!r}."
        )
