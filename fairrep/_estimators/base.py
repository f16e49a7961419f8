"""The estimators share a fit that reads as the data flow."""

from os import PathLike
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from .._certificates.set_apart import Calibration, Data, NoCertificate, set_apart
from .._inputs.classifier_scores import Scorers, fit_params_for
from .._inputs.encoding import TableEncoder
from .._inputs.fingerprint import fingerprint, share_seen
from .._inputs.groups import quartile_groups
from .._inputs.sensitive import Sensitive, cells_of, read_sensitive
from .._inputs.tables import check_row_order, read_table
from .._problem.criterion import CRITERIA
from .._problem.problem import Problem, read_problem
from .._problem.task import Task, task_weight
from .._training.fit import fit, warn_if_interrupted, warn_of_divergence
from .._training.fitted import Fitted
from .._training.net import FairNet
from .._training.spec import Given, Spec, resolve
from .._utils.torch_state import plain_torch
from .._utils.types import Codes
from ..metrics._floor import count_labels, warn_of_lost_task
from ..nn._batches import TensorTable
from .code_table import code_table
from .parameters import MIParameters
from .save import save_model

# Beyond it, sums of weights would overflow.
MAX_WEIGHT = 1e100


class BaseMIEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, MIParameters):
    """Trains a FairNet on (X, y, sensitive_features); the subclasses say what for."""

    # Pipelines and searches hand sensitive_features on without a set_fit_request.
    __metadata_request__fit: ClassVar[dict] = {"sensitive_features": True}

    certificate_: Any = NoCertificate()

    _fitted: Fitted

    # -- fit -------------------------------------------------------------------

    @plain_torch()
    def _fit(
        self,
        raw: Any,
        task: Task,
        sensitive_features: Any,
        sample_weight: Any,
        calibration: Calibration | None,
        **found: Any,
    ) -> Problem:
        """Read, train, estimate, certify; fitted attributes come last."""
        problem = self._read(raw, task, sensitive_features, sample_weight)
        if self.lambda_mi > 0:
            self._warn_of_lost_task(problem, sample_weight)
        spec = resolve(self._settings(), problem)
        net, mi_estimate = fit(problem, spec, self._given(), allow_tf32=self.allow_tf32)
        fitted = self._found(problem, spec, net)
        if spec.is_discrete:
            found["code_table_"] = code_table(
                fitted.codes(problem.table),
                spec.n_codes,
                raw,
                task,
                problem.sensitive.parts,
            )
        if calibration is not None:
            apart = fitted.encode(read_table(self, calibration.X, reset=False))
            found["certificate_"] = calibration.certificate(
                fitted.codes(apart), fitted.sensitive_categories
            )
        self._keep(
            fitted,
            mi_estimate_=mi_estimate,
            fingerprint_=fingerprint(fitted.content(problem.table)),
            **found,
        )
        warn_if_interrupted(net)
        warn_of_divergence(net, problem, mi_estimate)
        return problem

    def _forget(self) -> None:
        """Leave the estimator unfitted, in one step: the fit that begins may fail."""
        found = {"_fitted", *self._fitted_attributes()}
        self.__dict__ = {
            name: value for name, value in vars(self).items() if name not in found
        }

    def _set_apart(self, *data: Any) -> tuple[Data, Calibration | None]:
        """X, y, S and weights to fit on, and the rows of the certificate."""
        self._forget()
        X, y, sensitive_features, sample_weight = data
        check_row_order(
            X=X,
            y=y,
            sensitive_features=sensitive_features,
            sample_weight=sample_weight,
        )
        self._check_discrete()
        return set_apart(
            Data(*data),
            fraction=self.calibration_fraction,
            separate=self.sensitive_combination == "separate",
            needs_y=self._y_has_classes and CRITERIA[self.criterion].needs_labels,
            has_classes=self._y_has_classes,
            pos_label=self.pos_label,
            random_state=self._random_state(),
            owner=type(self).__name__,
        )

    def _read_rows(self, X: Any) -> Any:
        """X as a frame or an array, once the parameters are found to go together."""
        self._check_parameters()
        return read_table(self, X, reset=True)

    def _read(
        self,
        raw: Any,
        task: Task,
        sensitive_features: Any,
        sample_weight: Any,
    ) -> Problem:
        """All that can go wrong with the input goes wrong here, before training."""
        columns = self._columns().fit(raw)
        row_weight = _check_sample_weight(
            sample_weight, raw, dtype=np.float64, ensure_non_negative=True
        )
        if not row_weight.any():
            raise ValueError("sample_weight is zero for all rows; expected some above.")
        weight = task_weight(self.class_weight, task, row_weight)
        if max(row_weight.max(), weight.max()) > MAX_WEIGHT:
            raise ValueError(
                f"sample_weight is {row_weight.max():.3g} for a row, and "
                f"{weight.max():.3g} times its class_weight; expected at most "
                f"{MAX_WEIGHT:g}. Only their ratios count: divide by their mean."
            )
        if self.bottleneck == "discrete":
            self._check_n_codes(len(raw))
        sensitive = self._read_sensitive(sensitive_features, task, len(raw))
        fit_params = {}
        if self.estimator is not None:
            fit_params = fit_params_for(self, weight, sample_weight is not None)
        return read_problem(
            raw,
            task,
            sensitive,
            mi_weight=row_weight,
            task_weight=weight,
            criterion=CRITERIA[self.criterion],
            group_weights=self.group_weights,
            columns=columns,
            scorers=self._scorers(sensitive),
            fit_params=fit_params,
            validation_fraction=self.validation_fraction,
            early_stopping=self.early_stopping,
            random_state=self._random_state(),
            device=self._device(),
        )

    def _warn_of_lost_task(self, problem: Problem, sample_weight: Any) -> None:
        """Warn where y and S share so much that demographic parity destroys the task.

        Of several parts of S of the one that tells most of y.
        """
        labels = problem.task.labels
        if labels is None or CRITERIA[self.criterion].needs_labels:
            return
        weight = _check_sample_weight(sample_weight, labels, dtype=np.float64)
        counts = {
            part.name: count_labels(
                labels, np.where(part.present, cells_of(part), -1), weight
            )
            for part in problem.sensitive.parts
        }
        name = max(counts, key=lambda name: counts[name].mutual_info)
        warn_of_lost_task(name, counts[name])

    def _scorers(self, sensitive: Sensitive) -> Scorers:
        """The classifiers whose scores are inputs, not fitted."""
        if self.sensitive_estimator is None:
            return Scorers(self.estimator)
        if not sensitive.parts:
            raise ValueError(
                "sensitive_estimator is to infer the sensitive features; pass "
                "sensitive_features to fit."
            )
        if isinstance(self.sensitive_estimator, FrozenEstimator):
            raise ValueError(
                "sensitive_estimator is fitted out of fold on the sensitive features; "
                "got a FrozenEstimator, which is not fitted again."
            )
        return Scorers(
            self.estimator, (self.sensitive_estimator,) * len(sensitive.parts)
        )

    def _columns(self) -> TableEncoder:
        # An encoder of the user's gets one input for each number.
        n_bins = self.n_bins if self.numeric_embedding and not self.encoder else None
        return TableEncoder(n_bins, self.min_frequency, self.max_categories)

    def _settings(self) -> dict[str, Any]:
        """The parameters by name, and what a transformer guards, which is not one."""
        return {**self.get_params(deep=False), "mi_target": self.mi_target}

    def _given(self) -> Given:
        return Given(self.encoder, tuple(self.callbacks or ()), self.verbose)

    def _found(self, problem: Problem, spec: Spec, net: FairNet) -> Fitted:
        return Fitted(
            inputs=problem.inputs,
            spec=spec,
            net=net,
            sensitive_names=problem.sensitive.names,
            sensitive_categories=problem.sensitive.categories,
        )

    def _keep(self, fitted: Fitted, **found: Any) -> None:
        """Set the fitted attributes, all in one step."""
        net = fitted.net
        self.__dict__.update(
            {
                "sensitive_categories_": fitted.sensitive_categories,
                "sensitive_names_in_": np.asarray(fitted.sensitive_names, dtype=object),
                "interrupted_": net.interrupted_,
                "n_iter_": len(net.history),
                "history_": net.history,
                "net_": net,
                "_fitted": fitted,
                **found,
            }
        )

    def _fitted_attributes(self) -> dict[str, Any]:
        """What fit found, by the names that users read."""
        return {
            name: value
            for name, value in vars(self).items()
            if name.endswith("_") and not name.startswith("_")
        }

    def _read_sensitive(
        self, sensitive_features: Any, task: Task, n_rows: int
    ) -> Sensitive:
        if sensitive_features is not None:
            if self.bottleneck == "discrete":
                sensitive_features = quartile_groups(sensitive_features, n_rows)
            return read_sensitive(
                sensitive_features,
                task.labels,
                n_rows,
                combination=self.sensitive_combination,
                missing=self.missing_sensitive,
            )
        if self.lambda_mi > 0:
            raise ValueError(
                f"sensitive_features is required when lambda_mi > 0 (got lambda_mi="
                f"{self.lambda_mi}): pass it to fit, one value for each row of X. With "
                "lambda_mi=0 it may be left out."
            )
        return Sensitive([], [], [])

    # -- after fit -------------------------------------------------------------

    def _table(self, X: Any) -> TensorTable:
        """The rows encoded; those that are already pass as they are."""
        check_is_fitted(self)
        if isinstance(X, TensorTable):
            return X
        return self._fitted.encode(read_table(self, X, reset=False))

    def _codes(self, X: Any) -> Codes:
        """The code of each row, with the discrete bottleneck."""
        table = self._table(X)  # which tells who is not fitted
        return self._fitted.codes(table)

    def _share_seen(self, X: Any) -> float:
        """Share of the rows that the fit knew, where it kept what tells; else NaN."""
        if not hasattr(self, "fingerprint_"):  # deleted, so that nobody can ask
            return np.nan
        table = self._table(X)
        return share_seen(self.fingerprint_, self._fitted.content(table))

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Representation z of each row, with its noise; S is not needed.

        The noise of a row depends on the row's content and the fit alone, so asking
        twice gives the same z. Asking with the last digit changed gives another: who
        may ask at will can average the noise away.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components), float32
            With the discrete bottleneck of shape (n_samples, n_codes): 1 for the code
            of the row, 0 for the others.
        """
        table = self._table(X)
        return self._fitted.release(table)

    def fit_transform(
        self,
        X: Any,
        y: Any = None,
        *,
        sensitive_features: Any = None,
        sample_weight: Any = None,
    ) -> NDArray[np.float32]:
        """Fit, then return the representation z of the rows of X.

        Parameters
        ----------
        X, y : array-like
            As in `fit`.
        sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
            As in `fit`.
        sample_weight : array-like of shape (n_samples,), default=None
            As in `fit`.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_components), float32
            As of `transform`.
        """
        return self.fit(
            X, y, sensitive_features=sensitive_features, sample_weight=sample_weight
        ).transform(X)

    def save(self, folder: str | PathLike) -> None:
        """Write the fitted estimator to a folder, for `fairrep.load`.

        Weights are in safetensors, all else in JSON that can be read; no pickle. A
        model that is in the folder already is replaced in one step: whenever the write
        is cut short, the folder holds the old one or the new one.

        Parameters
        ----------
        folder : str or path-like
            A new folder, an empty one, or one with a saved model.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        ValueError
            If a parameter or attribute has no form in JSON (``callbacks``, a
            RandomState): set it to another value with `set_params` first.
        TypeError
            If the estimator is of a subclass of your own.
        ImportError
            If it has an ``estimator`` and skops is missing:
            ``pip install "fairrep[skops]"``.
        OSError
            If the folder holds other files than a model, or cannot be written.

        Notes
        -----
        Of `MIDebiasedClassifierCV` the classifier at ``lambda_`` is saved, and loaded
        as `MIDebiasedClassifier`; the path and its figures are not.

        Of a user's own ``encoder`` the weights are saved and the code is not: pass the
        module to `fairrep.load`. An ``estimator`` of scikit-learn's is saved through
        skops; a warning names the types that `fairrep.load` must be told to trust, if
        there are any. Requests of metadata routing (``set_fit_request``) are not saved.
        The noise of a released z is as secret as the folder.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> import fairrep
        >>> from fairrep.datasets import make_biased_classification
        >>> X, y, s = make_biased_classification(
        ...     500, return_X_y_s=True, random_state=0
        ... )
        >>> clf = fairrep.MIDebiasedClassifier(max_epochs=5, random_state=0)
        >>> clf = clf.fit(X, y, sensitive_features=s)
        >>> with TemporaryDirectory() as folder:
        ...     clf.save(folder)
        ...     again = fairrep.load(folder)
        >>> bool((again.predict_proba(X) == clf.predict_proba(X)).all())
        True
        """
        save_model(self._to_save(), folder)

    def _to_save(self) -> "BaseMIEstimator":
        """The estimator that stands for this one in a folder."""
        return self

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return self._fitted.spec.n_released

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
