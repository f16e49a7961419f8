"""What the estimators share: a fit that reads as the data flow."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags
from sklearn.utils.validation import _check_sample_weight, check_is_fitted
from threadpoolctl import threadpool_limits
from torch import Generator

from ._blueprint import draw_blueprint
from ._build import Problem, build_net, build_table
from ._calibration import Calibration, Data, NoCertificate, set_apart
from ._code_table import code_table
from ._codes import check_n_codes, quartile_groups
from ._cross_fit import Inputs, cross_fit, fit_params_for, without_scores
from ._fingerprint import fingerprint, share_seen
from ._inputs import (
    Codes,
    TableEncoder,
    cells,
    check_row_order,
    hold_out,
    read_table,
)
from ._parameters import MIParameters
from ._problem.criterion import CRITERIA
from ._problem.task import Task, task_weight
from ._sensitive import Guarded, Sensitive, guard, read_sensitive
from ._warnings import warn_user
from .nn._conditioning import LambdaScale
from .nn._net import FairNet
from .nn._table import TensorTable


class BaseMIEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, MIParameters):
    """Trains a FairNet on (X, y, sensitive_features); the subclasses say what for."""

    # Pipelines and searches hand sensitive_features on without a set_fit_request.
    __metadata_request__fit: ClassVar[dict] = {"sensitive_features": True}

    certificate_: Any = NoCertificate()

    # -- fit -------------------------------------------------------------------

    def _fit(
        self,
        raw: Any,
        task: Task,
        sensitive_features: Any,
        sample_weight: Any,
    ) -> Problem:
        """Read, train, estimate; fitted attributes come last."""
        problem = self._read(raw, task, sensitive_features, sample_weight)
        with self._torch_settings(problem.generator.initial_seed()):
            net = self._train(problem)
            held_out = self._unused(problem, net)
            mi_estimate = np.nan
            if problem.guarded and len(held_out):
                net.refit_critics(problem.rows(problem.train))
                mi_estimate = net.estimate_mi(problem.rows(held_out))
        net.drop_training_state()
        self._keep(problem, net, mi_estimate)
        if self.bottleneck == "discrete":
            self.code_table_ = code_table(
                self._codes(problem.table),
                self.n_codes,
                raw,
                problem.task,
                problem.sensitive.parts,
            )
        self._warn_of_trouble(problem.guarded)
        return problem

    def _forget(self) -> None:
        """A fit that fails leaves the estimator unfitted."""
        for name in ("net_", "code_table_", "fingerprint_", "certificate_"):
            self.__dict__.pop(name, None)

    def _set_apart(self, *data: Any) -> tuple[Data, Calibration | None]:
        """X, y, S and weights to fit on, and the rows of the certificate."""
        self._forget()
        X, y, sensitive_features, _ = data
        check_row_order(X=X, y=y, sensitive_features=sensitive_features)
        return set_apart(self, data, type(self).__name__)

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
        # An encoder of the user's gets one input for each number.
        n_bins = self.n_bins if self.numeric_embedding and not self.encoder else None
        columns = TableEncoder(n_bins).fit(raw)
        row_weight = _check_sample_weight(
            sample_weight, raw, dtype=np.float64, ensure_non_negative=True
        )
        if not row_weight.any():
            raise ValueError("sample_weight is zero for all rows; expected some above.")
        weight = task_weight(self.class_weight, task, row_weight)
        if self.bottleneck == "discrete":
            check_n_codes(self.n_codes, len(raw))
        sensitive = self._read_sensitive(sensitive_features, task, len(raw))
        criterion = CRITERIA[self.criterion]
        stratum, n_strata, mi_weight = criterion.strata(task, row_weight)
        guarded = [
            guard(part, stratum, n_strata, mi_weight, self.group_weights)
            for part in sensitive.parts
        ]
        rng = self._random_state()
        train, held_out = self._split(task, sensitive, rng)
        generator, critics_generator = (
            Generator(self._device()).manual_seed(int(rng.randint(2**31)))
            for _ in range(2)  # so that what S is like does not change the encoder
        )
        inputs: Inputs = columns
        if self.estimator is None:
            x = columns.transform(raw)
        else:
            _, y = task.named_labels()
            fit_params = fit_params_for(self, weight, sample_weight is not None)
            inputs, x = cross_fit(
                self.estimator, columns, raw, y, train, fit_params, rng
            )
        table = build_table(x, task, weight, stratum, guarded, generator)
        return Problem(
            inputs,
            task,
            sensitive,
            guarded,
            n_strata,
            table,
            train,
            held_out,
            generator,
            critics_generator,
        )

    def _train(self, problem: Problem, scale: LambdaScale | None = None) -> FairNet:
        """The trained net; with a scale, one that is conditioned on lambda."""
        net = build_net(self, problem, scale)
        train = problem.rows(problem.train)
        net.fit(train, None)
        if net.interrupted_ and net.best_epoch() == 0:
            raise KeyboardInterrupt
        net.refit_head(train)
        return net

    def _unused(self, problem: Problem, net: FairNet) -> Codes:
        """Held-out rows that did not choose the epoch either."""
        epoch_was_chosen = self.early_stopping or net.interrupted_
        return problem.held_out[1::2] if epoch_was_chosen else problem.held_out

    def _keep(self, problem: Problem, net: FairNet, mi_estimate: float) -> None:
        """The fitted attributes that all estimators have."""
        self._inputs = problem.inputs
        self.sensitive_categories_ = problem.sensitive.categories
        self.sensitive_names_in_ = np.asarray(problem.sensitive.names, dtype=object)
        self.interrupted_ = net.interrupted_
        self.n_iter_ = len(net.history)
        self.history_ = net.history
        self.mi_estimate_ = mi_estimate
        x = problem.table.x.cpu().numpy()
        self.fingerprint_ = fingerprint(without_scores(problem.inputs, x))
        self._blueprint = draw_blueprint(self, problem, net)
        self.net_ = net

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

    def _split(
        self, task: Task, sensitive: Sensitive, rng: np.random.RandomState
    ) -> tuple[Codes, Codes]:
        """Rows to train on, rows to hold out: none where nothing is estimated."""
        n_rows = len(task.target)
        fraction = self.validation_fraction
        if not sensitive.parts and not self.early_stopping:
            fraction = 0.0
        labels = [part.codes for part in sensitive.parts]
        if task.labels is not None:
            labels.append(task.labels)
        cell = cells(*labels) if labels else np.zeros(n_rows, dtype=np.int64)
        train, held_out = hold_out(fraction, cell, rng)
        if self.early_stopping and len(held_out) < 2:
            raise ValueError(
                f"early_stopping=True holds out {self.validation_fraction:.0%} of the "
                f"rows, which of {n_rows} rows is fewer than 2."
            )
        return train, held_out

    @contextmanager
    def _torch_settings(self, seed: int) -> Iterator[None]:
        """Settings of torch that hold for one fit and are then put back."""
        precision = torch.get_float32_matmul_precision()
        # Layers of a hundred units gain nothing from a second thread, and on a busy
        # machine lose much.
        n_threads = 1 if self.encoder is None else None
        torch.set_float32_matmul_precision("high" if self.allow_tf32 else "highest")
        try:
            # Our own layers take a generator. Those of a user's encoder may read
            # torch's global state: they get one of their own, for the time of the fit.
            device = self._device()
            devices = [device] if device.type == "cuda" else []
            with (
                threadpool_limits(n_threads, user_api="openmp"),
                torch.random.fork_rng(devices, enabled=self.encoder is not None),
            ):
                if self.encoder is not None:
                    torch.manual_seed(seed)
                yield
        finally:
            torch.set_float32_matmul_precision(precision)

    # -- after fit -------------------------------------------------------------

    def _warn_if_interrupted(self) -> None:
        if self.interrupted_:
            warn_user(
                f"The fit was interrupted in epoch {self.n_iter_} of "
                f"{self.max_epochs}; the weights of epoch {self.net_.best_epoch()}, "
                "the best so far, are kept.",
                ConvergenceWarning,
            )

    def _warn_of_trouble(self, guarded: list[Guarded]) -> None:
        self._warn_if_interrupted()
        entropy = sum(part.entropy for part in guarded)
        if self.mi_estimate_ > entropy and self.net_.critics_learn:
            warn_user(
                f"The estimate of the mutual information, {self.mi_estimate_:.3f} "
                f"nats, is above the entropy of the sensitive features, {entropy:.3f} "
                "nats, which it cannot exceed: the critic has diverged, or a group has "
                "too few held-out rows. Try a smaller critic_learning_rate, a larger "
                "validation_fraction, or merge rare groups.",
                ConvergenceWarning,
            )

    def _table(self, X: Any) -> TensorTable:
        """The rows encoded; those that are already pass as they are."""
        check_is_fitted(self)
        if isinstance(X, TensorTable):
            return X
        x = self._inputs.transform(read_table(self, X, reset=False))
        return TensorTable(torch.from_numpy(x), {})

    def _codes(self, X: Any) -> Codes:
        """The code of each row, with the discrete bottleneck."""
        return self.net_.forward(self._table(X))[1].argmax(dim=1).numpy()

    def _share_seen(self, X: Any) -> float:
        """Share of the rows that the fit knew, where it kept what tells; else NaN."""
        if not hasattr(self, "fingerprint_"):  # saved by an earlier version
            return np.nan
        x = self._table(X).x.numpy()
        return share_seen(self.fingerprint_, without_scores(self._inputs, x))

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
        return self.net_.forward(table)[1].numpy()

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
        from ._storage import save_model

        save_model(self, folder)

    @property
    def _n_features_out(self) -> int:
        check_is_fitted(self)
        return self.net_.module_.project.out_features

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
