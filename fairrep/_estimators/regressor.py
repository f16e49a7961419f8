"""MIDebiasedRegressor predicts numbers from a debiased representation."""

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin, _fit_context, is_classifier
from sklearn.utils._param_validation import HasMethods, StrOptions

from .._inputs.labels import read_numbers
from .._problem.task import REGRESSIONS, regression_task
from .._utils.types import Floats
from .base import BaseMIEstimator
from .scored import ScoredMixin


class MIDebiasedRegressor(RegressorMixin, ScoredMixin, BaseMIEstimator):
    """Regressor that reduces the mutual information of its representation with S.

    An encoder maps each row to a representation z, from which a head predicts y.
    Critics estimate the mutual information of z and the sensitive attribute S, and all
    are trained end to end on [1]_

        error of y + ``lambda_mi`` * estimate of I(Z; S)

    S is needed in `fit` alone. The less z tells of S, the nearer to one another are
    the distributions of the predictions that the groups get; the price is error
    wherever y and S are related. y is standardised inside, and predictions are in its
    own unit. Columns of numbers of X are standardised and columns of categories,
    strings and booleans one-hot encoded; missing values are taken as they are.

    Parameters
    ----------
    lambda_mi : float, default=1.0
        Weight of the mutual information term, in error per nat of information, where
        y has variance 1; at least 0. What a value does depends on the data: search for
        it.
        With 0, ``sensitive_features`` may be left out of `fit`.
    loss : {"squared_error", "absolute_error"}, default="squared_error"
        The task loss, of y in standard deviations. With "squared_error" the mean of y
        is predicted, with "absolute_error" the median, which outliers hardly move.
    estimator : estimator object, default=None
        A regressor of scikit-learn to be debiased, such as
        `~sklearn.ensemble.HistGradientBoostingRegressor`, which on tables is more
        accurate than a network. Its predictions become inputs of the encoder: out of
        fold on the training rows, of a fit on all of these elsewhere. It gets X as it
        was passed to `fit`. A model that is already fitted comes in a
        `~sklearn.frozen.FrozenEstimator`; fit it on other rows than it was trained
        on.
    sensitive_estimator : estimator object, default=None
        A classifier that is to infer S from X, such as boosted trees. Its scores
        become inputs as those of ``estimator`` do, whether there is one or not: of two
        rows that look alike to the network it says which is likelier of which group,
        and the same gap costs less error. S itself stays unseen at prediction, but
        what the prediction rests on then has a guess of it openly among its inputs,
        which some rules treat as a use of S.
    criterion : {"demographic_parity", "equalized_odds"}, default="demographic_parity"
        What is minimised: I(Z; S), or I(Z; S | Y) with y cut at its deciles, or at
        fewer quantiles where a part would have fewer than a hundred rows.
    mi_estimator : {"auto", "mine"}, default="auto"
        "auto" enumerates the groups where S is categorical and contrasts rows with
        one another (InfoNCE) where it is continuous or mixed. "mine" is that of [1]_
        and [2]_: Donsker-Varadhan, S permuted within the batch.
    mi_target : {"representation", "prediction"}, default="representation"
        What is to be independent of S: z, and with it all that is made from it, or
        the predicted number alone.
    bottleneck : {"gaussian", "deterministic", "discrete"}, default="gaussian"
        "gaussian" normalises z and adds noise, which limits what can be read from
        it. "deterministic" is a ReLU as in [1]_: it hides S from the critic more
        than it removes it. "discrete" makes z one of ``n_codes`` codes: I(Z; S) is
        then counted, without critics, and held-out rows give a certificate (see
        ``calibration_fraction``). Continuous S is cut at its quartiles for it.
    n_components : int, default=8
        Size of z.
    n_members : int or "auto", default="auto"
        Encoders side by side, trained at once. Each learns the task by itself, z is
        the average of theirs, and so is the prediction, as in an ensemble. "auto" is
        4, or 1 with an ``encoder`` of your own and with the discrete bottleneck.
    n_codes : int, default=4
        Codes of the discrete bottleneck, at least 2. More keep more of the task and
        can be certified less.
    noise_std : float, default=0.3
        Standard deviation of the gaussian noise, where each member's z has 1.
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Sizes of the encoder's hidden layers.
    dropout : float or "auto", default="auto"
        Share of hidden units dropped in training, in [0, 1). "auto" drops more the
        fewer rows train: 0.5 up to 3,000, 0.2 from 20,000.
    numeric_embedding : {"piecewise_linear"} or None, default="piecewise_linear"
        Add to each column of numbers its piecewise-linear encoding [3]_, as a column
        for each of its bins: what boosted trees have in thresholds. With None, and
        for an ``encoder`` of your own, a number is its standardised value alone.
    n_bins : int, default=64
        Bins of a column, between quantiles; a value that many rows share ends a bin.
        Fewer where the rows are few: a bin holds at least some hundred; and where the
        columns are many: of all there are at most 2,048, but 4 a column.
    min_frequency : int, float, "auto" or None, default="auto"
        Rows that a category of X needs for a column of its own, or the share of the
        rows if below 1; the rarer ones of a column are pooled, and with them those
        that `fit` never saw. "auto" is 10, or a hundredth of the rows if that is less.
        None pools none.
    max_categories : int or None, default=100
        Categories of a column of X that get a column of their own, the pool among
        them: the most frequent ones. None is no limit.
    encoder : torch.nn.Module or callable, default=None
        Your own encoder instead of hidden layers: a module, which is copied, or a
        callable that takes the shape of one encoded row and returns a module. It maps a
        batch of rows to one vector a row. With it, X may be an array of more than
        two dimensions, such as images, which passes as it is.
    critic_hidden_layer_sizes : int or array-like of int, default=(64, 64)
        Sizes of each critic's hidden layers.
    critic_steps : int, default=1
        Steps of the critics per step of the encoder.
    critic_batches : int, default=3
        Batches that each of these steps sees: the latest, and those encoded in the
        steps before.
    critic_learning_rate : float, default=0.002
        Learning rate of the critics (Adam).
    gradient_rescaling : bool, default=False
        The update of [1]_: the MI term has an Adam of its own with learning rate
        ``lambda_mi * learning_rate``, and its gradient is scaled down, for each
        weight tensor, to the norm of the task's.
    group_weights : {"balanced", "empirical"}, default="balanced"
        "balanced" lets groups count equally in the MI term, whatever their size: a
        gap is set by the worst pair of groups, often a rare one. With
        ``criterion="equalized_odds"`` the bins of y count equally, too. No row counts
        more than 50 times. "empirical" weighs groups and bins by their size.
    sensitive_combination : {"crossed", "separate"}, default="crossed"
        With several sensitive columns: guard their combinations, or each alone (the
        term is then the sum).
    missing_sensitive : {"raise", "mask"}, default="raise"
        What to do with missing sensitive values: raise, or leave the row out of the
        MI term alone.
    learning_rate : float, default=0.002
        Initial learning rate of encoder and head (Adam); it falls to 0 as a cosine.
    batch_size : int or "auto", default="auto"
        "auto" gives some twenty-five batches an epoch, of 32 to 512 rows, or of 128
        to 1024 with the discrete bottleneck.
    max_epochs : int, default=30
        Passes over the training rows.
    warmup_epochs : int or "auto", default="auto"
        Epochs over which the MI term's weight rises from 0 to ``lambda_mi``; less
        than ``max_epochs``. "auto" is 3, or a third of ``max_epochs`` if that is less.
    early_stopping : bool, default=False
        Stop when the loss on held-out rows has not fallen by ``tol`` for
        ``n_iter_no_change`` epochs, and keep the best epoch. One half of the
        held-out rows chooses the epoch, the other estimates.
    validation_fraction : float, default=0.1
        Share of the rows held out of training, in [0, 0.5]. None are held out where
        neither ``sensitive_features`` nor ``early_stopping`` asks for it.
    calibration_fraction : float, default=0
        Share of the rows set apart for ``certificate_``, in [0, 0.5]; they train and
        choose nothing. Above 0 only with the discrete bottleneck.
    n_iter_no_change : int, default=10
        See ``early_stopping``.
    tol : float, default=0.0001
        See ``early_stopping``.
    callbacks : list of skorch callbacks, default=None
        Further callbacks for the training loop. They are copied: find them after fit
        in ``net_.callbacks_``.
    device : str or torch.device, default="auto"
        Where to train and predict. "auto" is CUDA where there is a device, else CPU.
    allow_tf32 : bool, default=False
        Allow TensorFloat-32 in the matrix products of training on a GPU.
    random_state : int, RandomState instance or None, default=None
        Seed of weights, batches, dropout, noise and held-out rows. The same int
        gives the same result to the bit on the same CPU. The global random states of
        NumPy and torch are neither read nor changed.
    verbose : int, default=0
        1 shows a progress bar on standard error, 2 prints every epoch too.

    Attributes
    ----------
    y_mean_, y_scale_ : float
        Mean and standard deviation of y in `fit`.
    mi_estimate_ : float
        Estimate of the mutual information that ``criterion`` names, in nats, on
        held-out rows; NaN where there are none or S was not given. It is a lower
        bound and proves nothing: what an attacker reads can be more. Of n codes it is
        that of the held-out rows themselves, where chance adds some (n - 1)(G - 1) /
        2m nats for G groups and m rows.
    certificate_ : Certificate
        With ``calibration_fraction``: limits, at 95 % confidence, to what any
        classifier or attacker can do with the code (see `certify`). With
        ``sensitive_combination="separate"`` a dict of them, by column.
    code_table_ : DataFrame
        For each code its share of the rows of `fit`, its share by group, the mean
        of the standardised y, and of the columns of X that tell most of it the middle
        four fifths or the most frequent values. With the discrete bottleneck.
    fingerprint_ : ndarray of uint64
        Hashes of 256 of the encoded rows of `fit`, by which rows that the model knows
        can be told. Empty where many rows are equal. Whoever has the model can test by
        it whether a row was in the fit; delete it if that must not be.
    sensitive_categories_ : list of ndarray
        The groups of each sensitive column, sorted; of a continuous column None, or
        the intervals between its quartiles with the discrete bottleneck.
    sensitive_names_in_ : ndarray of str
        Names of the sensitive columns.
    n_iter_ : int
        Number of epochs that ran, an interrupted one included.
    interrupted_ : bool
        Whether the fit was cut short by Ctrl-C and keeps its best epoch.
    history_ : skorch.history.History
        For each epoch "train_loss", "train_task_loss", "train_mi" (nats), the same
        for "valid", and "dur" (seconds).
    estimator_ : estimator object
        The fitted ``estimator``, where there is one.
    net_ : FairNet
        The trained networks, a `skorch.NeuralNet`: ``net_.module_`` and
        ``net_.critics_``.
    n_features_in_ : int
        Number of columns of X in `fit`.
    feature_names_in_ : ndarray of shape (``n_features_in_``,)
        Names of the columns of X in `fit`, where all are strings.

    See Also
    --------
    MIDebiasedClassifier : The same core as a classifier.
    MIFairTransformer : The same core as a transformer.
    fairrep.metrics.regression_report : Predictions and errors by group, and their gaps.

    Notes
    -----
    `predict` uses the mean of z, so that two applicants who differ by a hair get the
    same answer; `transform` releases z with its noise.

    Of a skewed y, such as a price, the few largest values make most of the squared
    error. `~sklearn.compose.TransformedTargetRegressor` fits on its logarithm:
    ``TransformedTargetRegressor(MIDebiasedRegressor(), func=np.log1p,
    inverse_func=np.expm1)``, whose `fit` hands ``sensitive_features`` on.

    References
    ----------
    .. [1] R. Ragonesi, R. Volpi, J. Cavazza and V. Murino, "Learning Unbiased
           Representations via Mutual Information Backpropagation", CVPR Workshops,
           2021. https://arxiv.org/abs/2003.06430
    .. [2] M. I. Belghazi et al., "Mutual Information Neural Estimation", ICML, 2018.
           https://arxiv.org/abs/1801.04062
    .. [3] Y. Gorishniy, I. Rubachev and A. Babenko, "On Embeddings for Numerical
           Features in Tabular Deep Learning", NeurIPS, 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from fairrep import MIDebiasedRegressor
    >>> from fairrep.metrics import regression_report
    >>> rng = np.random.default_rng(0)
    >>> sex = rng.choice(["f", "m"], 2000)
    >>> X = rng.normal(size=(2000, 3))
    >>> X[:, 0] += 2 * (sex == "m")
    >>> wage = 20 + 3 * X.sum(axis=1) + rng.normal(size=2000)
    >>> gap = {}
    >>> for lambda_mi in [0, 10]:
    ...     reg = MIDebiasedRegressor(lambda_mi, n_members=1, random_state=0)
    ...     reg = reg.fit(X[:1000], wage[:1000], sensitive_features=sex[:1000])
    ...     report = regression_report(
    ...         wage[1000:], reg.predict(X[1000:]), sensitive_features=sex[1000:]
    ...     )
    ...     gap[lambda_mi] = report.mean_difference
    >>> gap[10] < gap[0] / 2
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        **BaseMIEstimator._parameter_constraints,
        "mi_target": [StrOptions({"representation", "prediction"})],
        "criterion": [StrOptions({"demographic_parity", "equalized_odds"})],
        "loss": [StrOptions(set(REGRESSIONS))],
        "estimator": [None, HasMethods(["fit", "predict"])],
        "sensitive_estimator": [
            None,
            HasMethods(["fit", "predict_proba"]),
            HasMethods(["fit", "decision_function"]),
        ],
    }
    _parameter_constraints.pop("class_weight")
    _parameter_constraints.pop("pos_label")

    y_mean_: float
    y_scale_: float
    _can_be_saved = True
    _y_has_classes = False

    def __init__(
        self,
        lambda_mi: float = 1.0,
        *,
        loss: str = "squared_error",
        estimator: Any = None,
        sensitive_estimator: Any = None,
        criterion: str = "demographic_parity",
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
        learning_rate: float = 2e-3,
        batch_size: Any = "auto",
        max_epochs: int = 30,
        warmup_epochs: Any = "auto",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
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
            lambda_mi,
            criterion=criterion,
            mi_estimator=mi_estimator,
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
        self.loss = loss
        self.mi_target = mi_target
        self.estimator = estimator
        self.sensitive_estimator = sensitive_estimator

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        *,
        sensitive_features: Any = None,
        sample_weight: Any = None,
    ) -> "MIDebiasedRegressor":
        """Train on X, y and the sensitive features.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            A frame of pandas or polars with columns of numbers, categories, strings or
            booleans and with missing values, or an array of numbers.
        y : array-like of shape (n_samples,)
            Numbers, finite and not all the same.
        sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
            One or more columns of any kind, pandas and polars included. A column of
            numbers with more than 20 different values, or with fractions and more than
            2, is continuous; cast it to strings if they are categories. May be None if
            ``lambda_mi`` is 0.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, in the task loss and in the MI term.

        Returns
        -------
        self : MIDebiasedRegressor

        Raises
        ------
        ValueError
            If the input or a parameter is unfit; before any training.
        FloatingPointError
            If a term of the loss becomes non-finite.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If the fit was interrupted, or the estimate of the mutual information
            exceeds the entropy of S.
        """
        data, calibration = self._set_apart(X, y, sensitive_features, sample_weight)
        if self.estimator is not None and is_classifier(self.estimator):
            raise ValueError(
                "estimator is to predict the numbers of y; expected a regressor, got "
                f"the classifier {type(self.estimator).__name__}."
            )
        raw = self._read_rows(data.X)
        y = read_numbers(data.y, len(raw), type(self).__name__)
        task = regression_task(y, self.loss)
        self._fit(
            raw,
            task,
            data.sensitive_features,
            data.sample_weight,
            calibration,
            y_mean_=task.mean,
            y_scale_=task.scale,
        )
        return self

    def predict(self, X: Any) -> Floats:
        """Predicted number of each row, in the unit of y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,), float64
        """
        table = self._table(X)
        scores = self._fitted.outputs(table)[:, 0].astype(np.float64)
        return self.y_mean_ + self.y_scale_ * scores
