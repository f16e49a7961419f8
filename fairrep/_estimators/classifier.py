"""MIDebiasedClassifier predicts classes from a debiased representation."""

from os import PathLike
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._inputs.labels import read_target
from .._problem.task import classification_task
from .._utils.files import replacing
from .._utils.types import Floats
from ..metrics._collapse import telling_rows, warn_of_collapse
from ..nn._batches import TensorTable
from .base import BaseMIEstimator
from .onnx import to_graph
from .scored import ScoredMixin


class MIDebiasedClassifier(ClassifierMixin, ScoredMixin, BaseMIEstimator):
    """Classifier that reduces the mutual information of its representation with S.

    An encoder maps each row to a representation z, from which a head predicts y.
    Critics estimate the mutual information of z and the sensitive attribute S, and all
    are trained end to end on [1]_

        cross-entropy of y + ``lambda_mi`` * estimate of I(Z; S)

    S is needed in `fit` alone. The less z tells of S, the smaller is the gap between
    groups that any classifier of z can have; the price is accuracy wherever y and S
    are related. Columns of numbers are standardised and columns of categories,
    strings and booleans one-hot encoded; missing values are taken as they are.

    Of the parameters six matter first: ``lambda_mi``, ``criterion``, ``estimator``,
    ``pos_label``, ``max_epochs`` and ``random_state``. The user guide has the others in
    groups, by what they are for.

    Parameters
    ----------
    lambda_mi : float, default=1.0
        Weight of the mutual information term, in nats of task loss per nat of
        information; at least 0. What a value does depends on the data: search for it.
        With 0, ``sensitive_features`` may be left out of `fit`.
    estimator : estimator object, default=None
        A classifier of scikit-learn to be debiased, such as
        `~sklearn.ensemble.HistGradientBoostingClassifier`, which on tables is more
        accurate than a network. Its scores become inputs of the encoder: out of fold
        on the training rows, of a fit on all of these elsewhere. It gets X as it was
        passed to `fit`. A model that is already fitted comes in a
        `~sklearn.frozen.FrozenEstimator`; fit it on other rows than it was trained
        on.
    sensitive_estimator : estimator object, default=None
        A classifier that is to infer S from X, such as boosted trees. Its scores
        become inputs as those of ``estimator`` do, whether there is one or not: of two
        rows that look alike to the network it says which is likelier of which group,
        and the same gap costs less accuracy. S itself stays unseen at prediction, but
        what the decision rests on then has a guess of it openly among its inputs,
        which some rules treat as a use of S.
    criterion : {"demographic_parity", "equalized_odds", "equal_opportunity"}, \
            default="demographic_parity"
        What is minimised: I(Z; S), I(Z; S | Y) or I(Z; S | Y = 1), the last with
        ``pos_label`` as 1.
    pos_label : bool, int, float or str, default=None
        The positive class of y, whose rates a gap compares and which is Y = 1. None is
        the greater of two classes; of more than two each is compared with the rest. To
        name one of these compares it alone. The order of classes stays as it is.
    mi_estimator : {"auto", "mine"}, default="auto"
        "auto" enumerates the groups where S is categorical and contrasts rows with
        one another (InfoNCE) where it is continuous or mixed. "mine" is that of [1]_
        and [2]_: Donsker-Varadhan, S permuted within the batch.
    mi_target : {"representation", "prediction"}, default="representation"
        What is to be independent of S: z, and with it all that is made from it, or
        the predicted probabilities alone.
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
        ``criterion="equalized_odds"`` the classes of y count equally, too. No row
        counts more than 50 times. "empirical" weighs groups and classes by their size.
    sensitive_combination : {"crossed", "separate"}, default="crossed"
        With several sensitive columns: guard their combinations, or each alone (the
        term is then the sum).
    missing_sensitive : {"raise", "mask"}, default="raise"
        What to do with missing sensitive values: raise, or leave the row out of the
        MI term alone.
    class_weight : dict or "balanced", default=None
        Weights of the classes in the task loss.
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
    classes_ : ndarray of shape (n_classes,)
        The classes of y, sorted.
    mi_estimate_ : float
        Estimate of the mutual information that ``criterion`` names, in nats, on
        held-out rows; NaN where there are none or S was not given. That of equalized
        odds is weighed by the shares of the classes of y. It is a lower
        bound and proves nothing: what an attacker reads can be more. Of n codes it is
        that of the held-out rows themselves, where chance adds some (n - 1)(G - 1) /
        2m nats for G groups and m rows.
    certificate_ : Certificate
        With ``calibration_fraction``: limits, at 95 % confidence, to what any
        classifier or attacker can do with the code (see `certify`). With
        ``sensitive_combination="separate"`` a dict of them, by column.
    code_table_ : DataFrame
        For each code its share of the rows of `fit`, its share by group, its rate of
        y, and of the columns of X that tell most of it the middle four fifths or the
        most frequent values. With the discrete bottleneck; a point of a path has that
        of its held-out rows (see `LambdaPath.at`).
    fingerprint_ : ndarray of uint64
        Hashes of 256 of the encoded rows of `fit`, by which an audit warns of being
        given rows that the model knows. Empty where many rows are equal. Whoever has
        the model can test by it whether a row was in the fit; delete it if that must
        not be.
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
    MIDebiasedClassifierCV : Chooses ``lambda_mi`` in one fit, under a limit to the gap.
    lambda_path : One fit for every ``lambda_mi``.
    MIFairTransformer : The same core as a transformer.
    fairrep.metrics.fairness_report : Rates by group and their gaps.

    Notes
    -----
    `predict` and its kin use the mean of z, so that two applicants who differ by a
    hair get the same answer; `transform` releases z with its noise. Only of the
    released z does the noise limit what can be read.

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
    >>> from fairrep import MIDebiasedClassifier
    >>> from fairrep.datasets import load_adult
    >>> from fairrep.metrics import fairness_report
    >>> X, y, A = load_adult(subset="test", return_X_y_s=True)
    >>> X_train, y_train, A_train = X[:2000], y[:2000], A[:2000]
    >>> X_test, y_test, A_test = X[2000:], y[2000:], A[2000:]
    >>> gap = {}
    >>> for lambda_mi in [0, 5]:
    ...     clf = MIDebiasedClassifier(lambda_mi, random_state=0)
    ...     clf = clf.fit(X_train, y_train, sensitive_features=A_train)
    ...     report = fairness_report(
    ...         y_test, clf.predict(X_test), sensitive_features=A_test
    ...     )
    ...     gap[lambda_mi] = report.demographic_parity_difference
    >>> gap[5] < gap[0] / 2
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        **BaseMIEstimator._parameter_constraints,
        "mi_target": [StrOptions({"representation", "prediction"})],
        "estimator": [
            None,
            HasMethods(["fit", "predict_proba"]),
            HasMethods(["fit", "decision_function"]),
        ],
        "sensitive_estimator": [
            None,
            HasMethods(["fit", "predict_proba"]),
            HasMethods(["fit", "decision_function"]),
        ],
    }

    classes_: NDArray
    _can_be_saved = True

    def __init__(
        self,
        lambda_mi: float = 1.0,
        *,
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
        self.pos_label = pos_label
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
    ) -> "MIDebiasedClassifier":
        """Train on X, y and the sensitive features.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            A frame of pandas or polars with columns of numbers, categories, strings or
            booleans and with missing values, or an array of numbers.
        y : array-like of shape (n_samples,)
            Class labels, of two or more classes.
        sensitive_features : array-like of shape (n_samples,) or (n_samples, n_columns)
            One or more columns of any kind, pandas and polars included. A column of
            numbers with more than 20 different values, or with fractions and more than
            2, is continuous; cast it to strings if they are categories. May be None if
            ``lambda_mi`` is 0.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, in the task loss and in the MI term.

        Returns
        -------
        self : MIDebiasedClassifier

        Raises
        ------
        ValueError
            If the input or a parameter is unfit; before any training.
        FloatingPointError
            If a term of the loss becomes non-finite.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If the fit was interrupted, predicts hardly anything but one class where y
            is not like that, or the estimate of the mutual information exceeds the
            entropy of S.
        UserWarning
            If S tells more than 0.3 of what there is to know of y, I(Y; S) > 0.3 H(Y),
            and the criterion is demographic parity, which must then destroy the task.
        """
        data, calibration = self._set_apart(X, y, sensitive_features, sample_weight)
        raw = self._read_rows(data.X)
        y = read_target(data.y, len(raw), type(self).__name__)
        task = classification_task(y, self.pos_label)
        classes, labels = task.named_labels()
        problem = self._fit(
            raw,
            task,
            data.sensitive_features,
            data.sample_weight,
            calibration,
            classes_=classes,
        )
        rows = telling_rows(labels, problem.held_out)
        warn_of_collapse(labels[rows], self._classes_of(problem.rows(rows)))
        return self

    def _logits(self, X: Any) -> Floats:
        table = self._table(X)
        # As scikit-learn's; what works on scores, such as fairlearn's thresholds, may
        # not take less.
        return self._fitted.outputs(table).astype(np.float64)

    def _classes_of(self, table: TensorTable) -> NDArray:
        return self.classes_[self._fitted.outputs(table).argmax(axis=1)]

    def decision_function(self, X: Any) -> Floats:
        """Logits of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes), float64
            With two classes the log-odds of ``classes_[1]``.
        """
        logits = self._logits(X)
        if len(self.classes_) == 2:
            return logits[:, 1] - logits[:, 0]
        return logits

    def predict_proba(self, X: Any) -> Floats:
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), float64
            In the order of ``classes_``.
        """
        return softmax(self._logits(X), axis=1)

    def to_onnx(self, path: str | PathLike | None = None) -> bytes:
        """Return the prediction as a graph of ONNX, which needs no torch nor fairrep.

        Its inputs are the columns of X by name ("x0", "x1" and so on where they have
        none), each of shape (n, 1): float32, NaN where a number is missing, and text
        for categories, the empty text where one is missing. Its outputs are "label",
        of shape (n,), and "probabilities", of shape (n, n_classes), which are those of
        `predict_proba` but for rounding. z, and its noise, is no part of it.

        Parameters
        ----------
        path : str or path-like, default=None
            Where to write it; None to only return it.

        Returns
        -------
        graph : bytes
            Of ONNX, for onnxruntime and the like.

        Raises
        ------
        ValueError
            If the model has an ``encoder`` of your own, an ``estimator`` or a
            ``sensitive_estimator``, which are no part of such a graph.
        ImportError
            If onnx is missing: ``pip install "fairrep[onnx]"``.
        """
        check_is_fitted(self)
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = [f"x{i}" for i in range(self.n_features_in_)]
        graph = to_graph(self._fitted, [*names], self.classes_).SerializeToString()
        if path is not None:
            with replacing(Path(path)) as file:
                file.write(graph)
        return graph

    def predict(self, X: Any) -> NDArray:
        """Most probable class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Columns as in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        return self._classes_of(self._table(X))
