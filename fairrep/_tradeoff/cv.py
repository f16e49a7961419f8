"""MIDebiasedClassifierCV chooses lambda on a path, under a limit to the gap."""

from inspect import signature
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer_names
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_is_fitted,
)

from .._certificates.set_apart import Calibration, Data
from .._estimators.classifier import MIDebiasedClassifier
from .._inputs.groups import comparable_groups, sensitive_frame
from .._inputs.labels import positive_or_none, read_target
from .._inputs.splits import check_splits, splits_of
from .._inputs.tables import as_indexable
from .._problem.criterion import GAPS
from .._utils.types import Floats
from .._utils.warnings import warn_user
from ..metrics._gaps import Gap, asked_gap, check_cells
from .choice import (
    choose,
    collapse_on,
    useless_on,
    within,
    words_of_choice,
    words_of_refit,
)
from .figures import Split, certified_gaps, held_out_figures
from .lambda_range import read_lambdas
from .path import LambdaPath
from .train import require_sensitive, train_path


class MIDebiasedClassifierCV(MIDebiasedClassifier):
    """MIDebiasedClassifier that chooses its ``lambda_mi``, under a limit to the gap.

    One training gives the classifier at every lambda (see `lambda_path`). Of those
    that are shown on held-out rows to keep the gap within ``max_gap``, the one with the
    best score is chosen: in at most 1 - ``confidence`` of all fits one is found whose
    true gap is over the limit, see Notes. `set_lambda` moves along the curve
    afterwards, without another fit.

    Parameters
    ----------
    max_gap : float, default=0.05
        Limit to the gap, in [0, 1].
    gap : str or callable, default=None
        "demographic_parity_difference", "equalized_odds_difference",
        "equal_opportunity_difference", or a callable
        ``(y_true, y_pred, *, sensitive_features)`` as fairlearn's metrics are; it gets
        the positive class as 1 and any other as 0. With None that of ``criterion``.
        Continuous sensitive columns are compared by their quartiles; with more than two
        classes and no ``pos_label`` the worst class against the rest counts.
    scoring : str or callable, default="accuracy"
        A scorer of scikit-learn; the greater, the better.
    cv : int, cross-validation generator or iterable, default=None
        With None the rows of ``validation_fraction`` are held out, choose, and are
        left out of training. Otherwise a path is trained for each split and chooses on
        the rows it did not see, on average; a last one is trained on all rows, and its
        net at the chosen lambda is what you get. More rows to choose by, and to train
        on, but no figures of the net itself: audit it on other rows.
    lambdas : array-like of shape (n_lambdas,), default=None
        As in `lambda_path`.
    n_lambdas : int, default=20
        As in `lambda_path`.
    confidence : float, default=0.95
        With which each limit of a score or a gap holds, by itself: they are one-sided.
        Both of a figure hold with 2 * ``confidence`` - 1, while the intervals of
        `audit` are two-sided.
    n_bootstrap : int, default=200
        Draws that the limits come from.
    estimator, sensitive_estimator : estimator object, default=None
        As in `MIDebiasedClassifier`, like all that follow unless said.
    criterion, pos_label, mi_estimator, mi_target : object
        What is minimised, and the class whose rates the gap compares.
    bottleneck, n_components, n_members, n_codes, noise_std : str, int, int, int, float
        The representation.
    hidden_layer_sizes, dropout, numeric_embedding, n_bins : object
        The encoder.
    min_frequency, max_categories, encoder : object
        The categories that it tells apart, or an encoder of your own.
    critic_hidden_layer_sizes, critic_steps, critic_batches : int or array-like
        The critics.
    critic_learning_rate, gradient_rescaling : float, bool
        How they are trained, and the encoder against them.
    group_weights, sensitive_combination, missing_sensitive : str
        How S is taken.
    class_weight, learning_rate, batch_size : dict or str, float, int
        How the net is trained.
    max_epochs : int, default=40
        Passes over the training rows.
    warmup_epochs, early_stopping : int or str, bool
        As in `MIDebiasedClassifier`.
    validation_fraction : float, default=0.2
        Share of the rows held out of training, in [0, 0.5].
    calibration_fraction : float, default=0
        Share of the rows set apart, before all else, for a certificate of the codes.
        As they choose nothing, that of the chosen lambda holds as if it had been the
        only one.
    n_iter_no_change, tol, callbacks : int, float, list
        As in `MIDebiasedClassifier`.
    device, allow_tf32, random_state, verbose : object
        As in `MIDebiasedClassifier`.

    Attributes
    ----------
    lambda_ : float
        The lambda in use: the chosen one, or that of `set_lambda`.
    best_index_ : int
        Row of the chosen lambda in ``path_``.
    solution_found_ : bool
        Whether any lambda is shown to keep the gap within ``max_gap``. Where none is,
        the one whose upper limit is the smallest is in use, and a warning says so.
    path_ : DataFrame
        For each lambda "lambda_mi", "score", "score_low", "score_high", "gap",
        "gap_low", "gap_high", on the rows that chose. With ``cv`` means over the
        nets of the splits, whose limits take rows that come up repeatedly as one: they
        estimate those of the net that is trained on all rows, which at the same lambda
        may be fairer and less accurate, or the reverse. With
        ``calibration_fraction`` "certified_gap" too, from the rows set apart.
    cv_results_ : dict of ndarray
        "lambda_mi", and for each split "split0_test_score" and "split0_test_gap";
        "mean_test_score", "std_test_score", "mean_test_gap", "std_test_gap" over the
        splits.
    lambda_path_ : LambdaPath
        The path trained last, of which the estimator is a point.
    classes_, mi_estimate_, certificate_, sensitive_categories_, \
    sensitive_names_in_, n_iter_, interrupted_, history_, net_, fingerprint_, \
    n_features_in_, feature_names_in_ :
        As in `MIDebiasedClassifier`, at ``lambda_``.
    code_table_ : DataFrame
        As in `MIDebiasedClassifier`, but of the rows that chose; with ``cv``, where
        the last path is trained on all rows, there is none.

    See Also
    --------
    lambda_path : The path without the choice.
    TradeoffDisplay : Draws score against gap.

    Notes
    -----
    Lambdas are tested one after another, the smallest gap on training rows first: one
    is within the limit if the upper confidence limit of its gap on held-out rows is.
    The first that is not ends the tests, so that among many lambdas none slips through
    by luck more often than one would [1]_. With ``cv`` the same order and limits are
    those of nets that were trained on parts of the rows, and the promise is of these.

    The rows that chose are no longer neutral: of some twenty candidates the one that
    looks best there looks a little better than it is. Report figures on other rows.

    References
    ----------
    .. [1] A. N. Angelopoulos et al., "Learn then Test: Calibrating Predictive
           Algorithms to Achieve Risk Control", 2021. https://arxiv.org/abs/2110.01052

    Examples
    --------
    >>> from fairrep import MIDebiasedClassifierCV
    >>> from fairrep.datasets import load_adult
    >>> X, y, A = load_adult(subset="test", return_X_y_s=True)
    >>> clf = MIDebiasedClassifierCV(
    ...     max_gap=0.2, lambdas=[0, 1, 10], max_epochs=10, random_state=0
    ... )
    >>> clf = clf.fit(X[:1500], y[:1500], sensitive_features=A[:1500])
    >>> clf.solution_found_
    True
    >>> bool(clf.path_["gap_high"][clf.best_index_] <= 0.2)
    True
    >>> clf.set_lambda(2.5).predict(X[:2])
    array([0, 0])
    """

    _parameter_constraints: ClassVar[dict] = {
        **MIDebiasedClassifier._parameter_constraints,
        "max_gap": [Interval(Real, 0, 1, closed="both")],
        "gap": [None, StrOptions(set(GAPS)), callable],
        "scoring": [StrOptions(set(get_scorer_names())), callable],
        "cv": ["cv_object"],
        "lambdas": [None, "array-like"],
        "n_lambdas": [Interval(Integral, 2, None, closed="left")],
        "confidence": [Interval(Real, 0.5, 1, closed="left")],
        "n_bootstrap": [Interval(Integral, 1, None, closed="left")],
    }
    _parameter_constraints.pop("lambda_mi")

    lambda_: float

    def __init__(
        self,
        *,
        max_gap: float = 0.05,
        gap: Any = None,
        scoring: Any = "accuracy",
        cv: Any = None,
        lambdas: Any = None,
        n_lambdas: int = 20,
        confidence: float = 0.95,
        n_bootstrap: int = 200,
        estimator: Any = None,
        sensitive_estimator: Any = None,
        criterion: str = "demographic_parity",
        pos_label: Any = None,
        mi_estimator: str = "auto",
        mi_target: str = "representation",
        bottleneck: str = "gaussian",
        n_components: int = 8,
        n_members: Any = "auto",
        n_codes: int = 4,
        noise_std: float = 0.3,
        hidden_layer_sizes: Any = (100,),
        dropout: Any = "auto",
        numeric_embedding: str | None = "piecewise_linear",
        n_bins: int = 64,
        min_frequency: Any = "auto",
        max_categories: int | None = 100,
        encoder: Any = None,
        critic_hidden_layer_sizes: Any = (64, 64),
        critic_steps: int = 1,
        critic_batches: int = 3,
        critic_learning_rate: float = 2e-3,
        gradient_rescaling: bool = False,
        group_weights: str = "balanced",
        sensitive_combination: str = "crossed",
        missing_sensitive: str = "raise",
        class_weight: Any = None,
        learning_rate: float = 2e-3,
        batch_size: Any = "auto",
        max_epochs: int = 40,
        warmup_epochs: Any = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        calibration_fraction: float = 0.0,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        callbacks: list | None = None,
        device: Any = "auto",
        allow_tf32: bool = False,
        random_state: Any = None,
        verbose: Any = 0,
    ) -> None:
        super().__init__(
            estimator=estimator,
            sensitive_estimator=sensitive_estimator,
            criterion=criterion,
            pos_label=pos_label,
            mi_estimator=mi_estimator,
            mi_target=mi_target,
            bottleneck=bottleneck,
            n_components=n_components,
            n_members=n_members,
            n_codes=n_codes,
            noise_std=noise_std,
            hidden_layer_sizes=hidden_layer_sizes,
            dropout=dropout,
            numeric_embedding=numeric_embedding,
            n_bins=n_bins,
            min_frequency=min_frequency,
            max_categories=max_categories,
            encoder=encoder,
            critic_hidden_layer_sizes=critic_hidden_layer_sizes,
            critic_steps=critic_steps,
            critic_batches=critic_batches,
            critic_learning_rate=critic_learning_rate,
            gradient_rescaling=gradient_rescaling,
            group_weights=group_weights,
            sensitive_combination=sensitive_combination,
            missing_sensitive=missing_sensitive,
            class_weight=class_weight,
            learning_rate=learning_rate,
            batch_size=batch_size,
            max_epochs=max_epochs,
            warmup_epochs=warmup_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            calibration_fraction=calibration_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            callbacks=callbacks,
            device=device,
            allow_tf32=allow_tf32,
            random_state=random_state,
            verbose=verbose,
        )
        self.max_gap = max_gap
        self.gap = gap
        self.scoring = scoring
        self.cv = cv
        self.lambdas = lambdas
        self.n_lambdas = n_lambdas
        self.confidence = confidence
        self.n_bootstrap = n_bootstrap

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sensitive_features: Any = None,
        sample_weight: Any = None,
    ) -> "MIDebiasedClassifierCV":
        """Train the path and choose lambda.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            As in `MIDebiasedClassifier.fit`.
        y : array-like of shape (n_samples,)
            Class labels, of two or more classes.
        sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
            As in `MIDebiasedClassifier.fit`; required.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in training.

        Returns
        -------
        self : MIDebiasedClassifierCV

        Raises
        ------
        ValueError
            If the input or a parameter is unfit, or the rows that are to choose hold no
            row of a group, or of a (group, label) cell where the gap compares them.
        FloatingPointError
            If a term of the loss becomes non-finite.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If no lambda is shown to keep the gap within ``max_gap``: that of the
            smallest upper limit is then taken. If the lambda chosen predicts hardly
            anything but one class, or is no better than a constant in
            ``scoring="accuracy"``; with ``cv`` also if the net of all rows, on these,
            predicts hardly anything but one class. And as in
            `MIDebiasedClassifier.fit`.
        """
        # A fit that fails leaves the estimator unfitted.
        self._forget()
        grid = None if self.lambdas is None else read_lambdas(self.lambdas)
        if self.cv is None and self.validation_fraction == 0:
            raise ValueError(
                "cv=None chooses lambda on held-out rows; expected "
                "validation_fraction > 0, got 0."
            )
        params = {
            name: getattr(self, name)
            for name in signature(MIDebiasedClassifier).parameters
            if name != "lambda_mi"
        }
        gap = asked_gap(self.gap, self.criterion)
        data, calibration = self._set_apart(X, y, sensitive_features, sample_weight)
        if self.cv is None:
            path = train_path(
                *data,
                lambdas=grid,
                n_lambdas=self.n_lambdas,
                params=params,
                gap=gap,
                calibration=calibration,
            )
            splits, overlap = [(path.curve, *path.held_out_)], 1.0
        else:
            path, splits, overlap = self._cross_validate(
                data, grid, params, gap, calibration
            )
        self._choose(path, splits, gap, overlap)
        if self.cv is not None:
            X, y, *_ = data
            path_of_all = path.curve
            labels = read_target(y, _num_samples(X), type(self).__name__)
            words = words_of_refit(
                self.lambda_, path.lambdas, collapse_on(path_of_all, X, labels)
            )
            if words is not None:
                warn_user(words, ConvergenceWarning)
        return self

    def _cross_validate(
        self,
        data: Data,
        grid: Floats | None,
        params: dict[str, Any],
        gap: Gap,
        calibration: Calibration | None,
    ) -> tuple[LambdaPath, list[Split], float]:
        """Train on all rows, and for each split on the rows that it leaves in."""
        X, y, sensitive_features, sample_weight = data
        require_sensitive(sensitive_features)
        X = as_indexable(X)
        labels = read_target(y, _num_samples(X), type(self).__name__)
        weight = _check_sample_weight(sample_weight, X)
        sensitive = sensitive_frame(sensitive_features, len(labels))
        groups = comparable_groups(sensitive, len(labels))
        parts = list(splits_of(self.cv, X, labels, groups))
        tested = check_splits(parts, labels)
        positive = positive_or_none(np.unique(labels), self.pos_label)
        check_cells(gap, labels, groups, np.unique(tested), positive)
        if not self.early_stopping:
            params = {**params, "validation_fraction": 0.0}
        path = train_path(
            *data,
            lambdas=grid,
            n_lambdas=self.n_lambdas,
            params=params,
            gap=gap,
            calibration=calibration,
        )
        splits = []
        for train, test in parts:
            part = train_path(
                _safe_indexing(X, train),
                labels[train],
                sensitive.iloc[train],
                None if sample_weight is None else weight[train],
                lambdas=path.lambdas,
                n_lambdas=self.n_lambdas,
                params=params,
                is_split=True,
            )
            if part.curve.fitted.net.interrupted_:
                raise KeyboardInterrupt
            test_rows = _safe_indexing(X, test), labels[test], groups.iloc[test]
            splits.append((part.curve, *test_rows))
        return path, splits, len(tested) / len(np.unique(tested))

    def _choose(
        self, path: LambdaPath, splits: list[Split], gap: Gap, overlap: float
    ) -> None:
        held_out = held_out_figures(
            splits,
            path.lambdas,
            gap=gap,
            scoring=self.scoring,
            confidence=self.confidence,
            n_bootstrap=self.n_bootstrap,
            seed=0,
            overlap=overlap,
        )
        figures = held_out.figures
        if path.calibration_ is not None:
            figures["certified_gap"] = certified_gaps(
                path.curve,
                path.calibration_,
                path.lambdas,
                gap=gap,
                confidence=self.confidence,
            )
        assert path.training_gaps is not None  # as the gap was given
        kept = within(figures, self.max_gap, path.training_gaps)
        best = choose(figures, kept)
        self._move(
            path.at(path.lambdas[best]),
            path_=figures,
            cv_results_=held_out.by_split,
            best_index_=best,
            solution_found_=bool(kept.any()),
            lambda_path_=path,
        )
        words = words_of_choice(
            self.path_,
            self.best_index_,
            useless_on(splits, by_accuracy=self.scoring == "accuracy"),
            max_gap=self.max_gap,
            found=self.solution_found_,
            more_by_cv=self.cv is None,
        )
        for sentence in words:
            warn_user(sentence, ConvergenceWarning)

    def _to_save(self) -> MIDebiasedClassifier:
        """The classifier at ``lambda_``, with the parameters as they are set now."""
        check_is_fitted(self)
        point = self.lambda_path_.at(self.lambda_)
        shared = point.get_params(deep=False)
        params = self.get_params(deep=False).items()
        point.set_params(**{name: value for name, value in params if name in shared})
        if hasattr(self, "_sklearn_output_config"):
            point._sklearn_output_config = self._sklearn_output_config
        return point

    def set_lambda(self, lambda_mi: float) -> "MIDebiasedClassifierCV":
        """Move to another lambda of the path, without training.

        Parameters
        ----------
        lambda_mi : float
            Within ``lambda_path_.lambda_range``; it need not be in the grid.

        Returns
        -------
        self : MIDebiasedClassifierCV

        Raises
        ------
        ValueError
            If ``lambda_mi`` is outside the range.
        """
        if not hasattr(self, "lambda_path_"):
            check_is_fitted(self)
        self._move(self.lambda_path_.at(lambda_mi))
        return self

    def _move(self, point: MIDebiasedClassifier, **found: Any) -> None:
        """Take what a point of the path found, and what the search did, in one step."""
        found |= {**point._fitted_attributes(), "lambda_": point.lambda_mi}
        self._keep(point._fitted, **found)
