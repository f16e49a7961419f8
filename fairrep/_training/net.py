"""FairNet trains the networks against each other."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from .._utils.torch_state import plain_torch
from ..nn._batches import Batch, Rows, SlicingIterator, Targets, TensorTable
from ..nn.dependence.protocol import Dependence

# Once more for the critics alone: epochs, and steps, of both at least so many.
MIN_REFIT_EPOCHS, MIN_REFIT_STEPS = 5, 200
HEAD_REFIT_EPOCHS = 20
HEAD_REFIT_LR = 0.05


class FairNet(NeuralNet):
    """Trains encoder and head on task loss + lambda * I(Z; S), the critics on I(Z; S).

    Parameters
    ----------
    module : FairModule
    critics : list of Dependence
        One for each part of S.
    task_loss : callable
        (output, y) -> loss per row, shape (n,).
    lambda_mi : float
    mi_target : {"representation", "prediction"}
        What the critics see.
    critic_steps : int
        Steps of the critics per step of the encoder.
    critic_batches : int
        Batches, the latest ones, that each of these steps sees.
    critic_lr : float
    warmup_epochs : int
        Epochs over which lambda rises to its full value.
    gradient_rescaling : bool
        The paper's update: an Adam of its own for the MI term, with learning rate
        lambda * lr, and per weight tensor no larger a gradient than the task's.
    generator : torch.Generator
        Source of all randomness in training.
    """

    # What `drop_training_state` takes away again.
    module: Any
    critics: Any
    generator: Any
    # What the life cycle of skorch makes.
    module_: Any
    critics_: Any

    def __init__(
        self,
        module: nn.Module,
        *,
        critics: Sequence[Dependence],
        task_loss: Callable[[Tensor, Tensor], Tensor],
        lambda_mi: float,
        mi_target: str,
        critic_steps: int,
        critic_batches: int,
        critic_lr: float,
        warmup_epochs: int,
        gradient_rescaling: bool,
        generator: Generator,
        **kwargs: Any,
    ) -> None:
        self.critics = critics
        self.task_loss = task_loss
        self.lambda_mi = lambda_mi
        self.mi_target = mi_target
        self.critic_steps = critic_steps
        self.critic_batches = critic_batches
        self.critic_lr = critic_lr
        self.warmup_epochs = warmup_epochs
        self.gradient_rescaling = gradient_rescaling
        self.generator = generator
        super().__init__(
            module,
            criterion=nn.Identity,
            iterator_train=SlicingIterator,
            iterator_train__generator=generator,
            iterator_valid=SlicingIterator,
            verbose=0,
            **kwargs,
        )

    # -- one step --------------------------------------------------------------

    def train_step(self, batch: Batch, **fit_params: Any) -> dict[str, Tensor]:
        x, targets = batch
        output, z = self.module_(x, self.generator, targets.embedding)
        task = self.task_term(output, z, targets)
        mi = task.new_zeros(())
        if self.lambda_mi > 0:
            view = self.critic_view(output, z)
            if self.critics_learn:
                self.train_critics(view.detach(), targets)
            mi = self.mi_term(view, targets, self.generator)
        self.train_encoder(task - self.module_.bonus(z), mi)
        y_pred = self.module_.prediction(output)
        return {"loss": torch.stack([task, mi]).detach(), "y_pred": y_pred}

    def train_critics(self, view: Tensor, targets: Targets) -> None:
        # The rows of the last batches were encoded a step or two ago: fresh enough
        # for a critic, and they cost no encoding.
        self.recent_batches_.append((view, targets))
        views, recent = zip(*self.recent_batches_, strict=True)
        view, targets = torch.cat(views), Targets.cat(recent)
        for _ in range(self.critic_steps):
            estimate = self.mutual_info(view, targets, self.generator)
            self.critics_optimizer_.zero_grad()
            (-estimate).backward()
            self.critics_optimizer_.step()

    def train_encoder(self, task: Tensor, mi: Tensor) -> None:
        weights = self.optimizer_.param_groups[0]["params"]
        self.optimizer_.zero_grad()
        if self.gradient_rescaling and self.lambda_mi > 0:
            self._train_encoder_rescaled(task, mi, weights)
            return
        # Only the encoder's gradients: those of the critics would not be used.
        (task + self.current_lambda() * mi).backward(inputs=weights)
        self.optimizer_.step()

    def _train_encoder_rescaled(
        self, task: Tensor, mi: Tensor, weights: list[Tensor]
    ) -> None:
        mi.backward(inputs=weights, retain_graph=True)
        # Where the critic sees z, the head has no part in the MI term: None.
        mi_grads = [weight.grad for weight in weights]
        self.optimizer_.zero_grad()
        task.backward(inputs=weights)
        # A user's encoder may have weights that its forward does not use: None, too.
        limits = [None if w.grad is None else w.grad.norm() for w in weights]
        self.optimizer_.step()
        for weight, grad, limit in zip(weights, mi_grads, limits, strict=True):
            weight.grad = grad
            if grad is not None and limit is not None:
                grad.mul_((limit / grad.norm().clamp_min(1e-12)).clamp_max(1.0))
        self.mi_optimizer_.param_groups[0]["lr"] = (
            self.optimizer_.param_groups[0]["lr"] * self.current_lambda()
        )
        self.mi_optimizer_.step()

    # -- the terms of the loss -------------------------------------------------

    def is_warming_up(self) -> bool:
        return self.lambda_mi > 0 and len(self.history) <= self.warmup_epochs

    def warm_up(self) -> float:
        """Share of lambda that holds in this epoch: it rises linearly to 1."""
        return min(1.0, len(self.history) / (self.warmup_epochs + 1))

    def full_lambda(self) -> float:
        """What the MI term is multiplied by after the warm-up."""
        return self.lambda_mi

    def current_lambda(self) -> float:
        return self.full_lambda() * self.warm_up()

    def task_term(self, output: Tensor, z: Tensor, targets: Targets) -> Tensor:
        loss = self.row_term(output, z, targets)
        if targets.weight is not None:
            loss = loss * targets.weight
        return loss.mean()

    def row_term(self, output: Tensor, z: Tensor, targets: Targets) -> Tensor:
        return self.module_.row_loss(self.task_loss, output, z, targets.y)

    def mi_term(
        self,
        view: Tensor,
        targets: Targets,
        generator: Generator | None = None,
    ) -> Tensor:
        """What the encoder minimises lambda times of."""
        return self.mutual_info(view, targets, generator)

    def placed(self, x: Tensor, targets: Targets) -> Targets:
        """The targets of a batch with what a step needs besides; here, nothing."""
        return targets

    def critic_view(self, output: Tensor, z: Tensor) -> Tensor:
        if self.mi_target == "representation":
            return z
        prediction = self.module_.prediction(output)
        # A single output is a number and not the logit of a class.
        return prediction if prediction.shape[1] == 1 else F.softmax(prediction, dim=1)

    def mutual_info(
        self,
        view: Tensor,
        targets: Targets,
        generator: Generator | None = None,
    ) -> Tensor:
        """Sum over the parts of S of the critics' estimates, in nats."""
        estimates = [
            critic(
                view,
                rows.s,
                targets.stratum,
                rows.weight,
                generator,
                targets.embedding,
            )
            for critic, rows in zip(self.critics_, targets.guarded, strict=True)
        ]
        return torch.stack(estimates).sum()

    # -- the life cycle, as skorch asks for it ---------------------------------

    @property
    def _default_callbacks(self) -> list[tuple[str, Callback]]:
        return [("epoch_timer", EpochTimer())]

    def initialize_module(self) -> "FairNet":
        self.module_ = self.module
        self.critics_ = nn.ModuleList(self.critics)
        return self

    def initialize_optimizer(self, triggered_directly: None = None) -> "FairNet":
        weights = [p for p in self.module_.parameters() if p.requires_grad]
        # `fused` misreads gradients that are not contiguous; `backward` makes none.
        self.optimizer_ = torch.optim.Adam(weights, lr=self.lr, fused=True)
        if self.lambda_mi > 0 and self.critics_learn:
            self.critics_optimizer_ = self._critics_optimizer()
        if self.gradient_rescaling:
            self.mi_optimizer_ = torch.optim.Adam(weights, lr=self.lr, fused=True)
        return self

    @property
    def critics_learn(self) -> bool:
        """Whether there is anything to train in what estimates I(Z; S)."""
        return any(critic.learns for critic in self.critics_)

    def _critics_optimizer(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(
            self.critics_.parameters(), lr=self.critic_lr, fused=True
        )

    def fit_loop(self, X: Any, y: Any = None, **kwargs: Any) -> "FairNet":
        self.recent_batches_: deque = deque(maxlen=self.critic_batches)
        self.interrupted_ = False
        self.stopped_by_callback_ = False
        try:
            return super().fit_loop(X, y, **kwargs)
        except KeyboardInterrupt:  # the signal of skorch's callbacks, too
            self.interrupted_ = not self.stopped_by_callback_
            raise

    def notify(self, method_name: str, **kwargs: Any) -> None:
        try:
            super().notify(method_name, **kwargs)
        except KeyboardInterrupt:
            self.stopped_by_callback_ = method_name == "on_epoch_end"
            raise

    def run_single_epoch(
        self,
        iterator: Any,
        training: bool,
        prefix: str,
        step_fn: Callable,
        **params: Any,
    ) -> None:
        """Run an epoch as skorch does; the losses stay on the device until its end."""
        if iterator is None:
            return
        self._set_training(training)
        losses = []
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **params)
            losses.append(step["loss"])
            self.notify("on_batch_end", batch=batch, training=training, **step)
        terms = torch.stack(losses).cpu()
        _check_finite(terms, prefix, self.history[-1, "epoch"])
        task, mi = terms.mean(0).tolist()
        self.history.record(f"{prefix}_task_loss", task)
        self.history.record(f"{prefix}_mi", mi)
        self.history.record(f"{prefix}_loss", task + self.full_lambda() * max(mi, 0.0))

    def validation_step(self, batch: Batch, **fit_params: Any) -> dict[str, Tensor]:
        x, targets = batch
        with torch.no_grad():
            output, z = self.module_(x, None, targets.embedding)
            task = self.task_term(output, z, targets)
            mi = task.new_zeros(())
            if self.lambda_mi > 0:
                mi = self.mi_term(self.critic_view(output, z), targets)
        return {"loss": torch.stack([task, mi]), "y_pred": output}

    # -- after training --------------------------------------------------------

    def outputs(self, table: TensorTable) -> Tensor:
        """The head's outputs, on the CPU."""
        self._set_training(False)
        device = next(self.module_.parameters()).device
        with torch.no_grad():
            parts = [self.module_.output(x.to(device)) for x in table.x.split(8192)]
        return torch.cat(parts).cpu()

    def released_view(self, rows: Rows) -> TensorTable:
        """The rows with x replaced by what is released of it: z, or the prediction."""
        self._set_training(False)
        views, targets = [], []
        with torch.no_grad():
            for x, its_targets in SlicingIterator(rows, 4096):
                output, z = self.module_(x, None, its_targets.embedding)
                views.append(self.critic_view(output, z))
                targets.append(its_targets)
        return TensorTable(torch.cat(views), Targets.cat(targets))

    def refit_head(self, train: Rows) -> None:
        """Train the head alone for some epochs, on z as it is released.

        Codes are released as one of them, and trained as the probabilities of all: a
        head that saw the latter expects less of each code than there is.
        """
        if not self.module_.releases_another_z:
            return
        self._set_training(True)
        weights = list(self.module_.head.parameters())
        optimizer = torch.optim.Adam(weights, lr=HEAD_REFIT_LR)
        batches = SlicingIterator(train, self.batch_size, self.generator)
        for epoch in range(HEAD_REFIT_EPOCHS):
            optimizer.param_groups[0]["lr"] = HEAD_REFIT_LR * (
                1 - epoch / HEAD_REFIT_EPOCHS
            )
            for x, targets in batches:
                targets = self.placed(x, targets)
                output, z = self.module_(x, None, targets.embedding)
                optimizer.zero_grad()
                self.task_term(output, z, targets).backward(inputs=weights)
                optimizer.step()
        self._set_training(False)

    def refit_critics(self, train: Rows) -> None:
        """Train the critics alone for some epochs, on the encoder as it is released.

        In training they lag behind it, and where lambda is zero they never began. Noise
        and lambdas are drawn anew for each epoch: of one draw they would learn what no
        other has.
        """
        if not self.critics_learn:
            return
        optimizer = self._critics_optimizer()
        batches = self.get_iterator(train, training=True)
        # Where rows are few, as many as make enough steps, but no more than training's.
        enough = min(self.max_epochs, -(-MIN_REFIT_STEPS // len(batches)))
        n_epochs = max(MIN_REFIT_EPOCHS, enough)
        self._set_training(True)
        self.module_.eval()
        for epoch in range(n_epochs):
            optimizer.param_groups[0]["lr"] = self.critic_lr * (1 - epoch / n_epochs)
            for x, targets in batches:
                targets = self.placed(x, targets)
                with torch.no_grad():
                    released = self.module_.released(
                        x, self.generator, targets.embedding
                    )
                view = self.critic_view(*released)
                loss = -self.mutual_info(view, targets, self.generator)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        self._set_training(False)

    @plain_torch()
    def estimate_mi(self, held_out: TensorTable) -> float:
        """The critics' estimate of I(released; S) in nats, on held-out rows."""
        # A critic may compare all rows with one another; a formula wants them all.
        n_rows = 4096 if self.critics_learn else len(held_out)
        chunks = list(SlicingIterator(self.released_view(held_out), n_rows))
        with torch.no_grad():
            estimates = torch.stack([self.mutual_info(*chunk) for chunk in chunks])
        sizes = torch.tensor([len(view) for view, _ in chunks]).to(estimates)
        # A lower bound below zero says only that I is not negative.
        return max(0.0, float((estimates * sizes).sum() / sizes.sum()))

    def best_epoch(self) -> int:
        """The epoch with the least held-out loss, from 1; 0 if none was completed."""
        return dict(self.callbacks_)["best_epoch"].best_epoch_

    def drop_training_state(self) -> None:
        """Forget what only training needs, so that the net pickles small."""
        for name in self._optimizers:
            setattr(self, f"{name}_", None)
        self.module = self.critics = self.generator = self.train_split = None
        self.iterator_train__generator = None
        # A scheduler holds its optimizer, whose tensors would tie a pickle to a device.
        for _, callback in self.callbacks_:
            if hasattr(callback, "lr_scheduler_"):
                callback.lr_scheduler_ = None
        del self.recent_batches_


def _check_finite(terms: Tensor, prefix: str, epoch: int) -> None:
    bad = ~torch.isfinite(terms)
    if not bad.any():
        return
    batch = int(bad.any(1).nonzero()[0])
    task_failed, mi_failed = bad[batch].tolist()
    if task_failed:
        term, advice = "task loss", "a smaller learning_rate"
        if mi_failed:
            term = "task loss and the mutual information term"
    else:
        term = "mutual information term"
        advice = "a smaller lambda_mi or critic_learning_rate, or mi_estimator='auto'"
    raise FloatingPointError(
        f"The {term} became non-finite in epoch {epoch} ({prefix}, batch {batch + 1}). "
        f"Try {advice}; check X for extreme values."
    )
