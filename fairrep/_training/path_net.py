"""PathNet is a FairNet for every lambda at once."""

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor

from ..nn._batches import Batch, Targets, even_runs
from ..nn._conditioning import LambdaScale, embed, folded
from .net import FairNet

# Steps of this length leave no large hole in the unit circle, however many (Knuth).
GOLDEN_RATIO = (5**0.5 - 1) / 2
N_VALIDATED = 5  # lambdas, where the rows of a batch share one
# Steps from one comparison of gradients to the next, and how much the latest counts.
BALANCED_EVERY, LATEST = 20, 0.2


class PathNet(FairNet):
    """Trains conditioned networks on all lambdas of a range at once.

    A batch falls into runs of rows, each with a lambda of its own, drawn at each step
    anew. A row's loss is divided by 1 + lambda / m, so that no end of the range
    outweighs the other: m is how much larger the gradient of the task is than that of
    the MI term, both at the smallest lambda, and at least 1. Were it always 1, rows of
    large lambdas would hardly move the weights where X tells little of S.

    Parameters
    ----------
    scale : LambdaScale
        The range; ``lambda_mi`` is its upper end.
    shared : bool
        Whether the rows of a batch share one lambda, as a formula for I(Z; S) needs
        many rows at the same one. A batch's is then far from those of the latest
        batches, so that any few steps in a row see all of the range.
    """

    def __init__(
        self, module: Any, *, scale: LambdaScale, shared: bool = False, **kwargs: Any
    ) -> None:
        self.scale = scale
        self.shared = shared
        self.latest_position = 0.0
        self.n_steps = 0
        # Squared gradients, of the task and of the MI term.
        self.gradients: tuple[float, float] | None = None
        super().__init__(
            module,
            lambda_mi=scale.largest,
            iterator_train__in_runs=not shared,
            **kwargs,
        )

    def train_step(self, batch: Batch, **fit_params: Any) -> dict[str, Tensor]:
        x, targets = batch
        self.n_steps += 1
        if self.n_steps % BALANCED_EVERY == 0 and self.lambda_mi > 0:
            self.compare_gradients(x, targets)
        return super().train_step((x, self.placed(x, targets)), **fit_params)

    def compare_gradients(self, x: Tensor, targets: Targets) -> None:
        """Measure the gradients of task and MI term where lambda is smallest."""
        targets = self._at(torch.zeros(1, device=x.device), targets)
        seen = x, self.generator, targets.embedding
        output, z = self.module_(*seen)
        task = super().row_term(output, z, targets).mean()
        of_task = self._squared_gradient(task)
        view = self.critic_view(*self.module_(*seen))
        of_mi = self._squared_gradient(self.mutual_info(view, targets, self.generator))
        if self.gradients is not None:
            of_task = LATEST * of_task + (1 - LATEST) * self.gradients[0]
            of_mi = LATEST * of_mi + (1 - LATEST) * self.gradients[1]
        self.gradients = of_task, of_mi

    def _squared_gradient(self, term: Tensor) -> float:
        weights = self.optimizer_.param_groups[0]["params"]
        gradients = torch.autograd.grad(term, weights, allow_unused=True)
        squares = [part.square().sum() for part in gradients if part is not None]
        return float(torch.stack(squares).sum())

    def balanced_lambda(self) -> float:
        """The lambda that makes both gradients alike, as far as is known; at least 1.

        Validation takes 1, as losses of different epochs are compared.
        """
        if self.gradients is None or not self.module_.training:
            return 1.0
        of_task, of_mi = self.gradients
        most = max(1.0, self.scale.largest)
        ratio = math.sqrt(of_task / of_mi) if of_mi > 0 else most
        return min(max(1.0, ratio), most)

    def validation_step(self, batch: Batch, **fit_params: Any) -> dict[str, Tensor]:
        x, targets = batch
        if not self.shared:
            n_runs = even_runs(len(x))
            n = len(x) // n_runs * n_runs  # all but a few left over
            x, targets = x[:n], targets.map(lambda values: values[:n])
            position = torch.linspace(0, 1, n_runs, device=x.device)
            return super().validation_step(
                (x, self._at(position, targets)), **fit_params
            )
        positions = torch.linspace(0, 1, N_VALIDATED, device=x.device).split(1)
        steps = [
            super(PathNet, self).validation_step(
                (x, self._at(position, targets)), **fit_params
            )
            for position in positions
        ]
        loss = torch.stack([step["loss"] for step in steps]).mean(0)
        return {**steps[-1], "loss": loss}

    def at(self, lambda_mi: float) -> FairNet:
        """The net for one lambda; it shares what lambda leaves alone."""
        device = next(self.module_.parameters()).device
        position = torch.tensor([self.scale.position(lambda_mi)], device=device)
        net = FairNet.__new__(FairNet)
        net.__dict__.update(self.__dict__)
        net.module_ = folded(self.module_, embed(position))
        net.critics_ = folded(self.critics_, embed(position))
        net.lambda_mi = lambda_mi
        return net

    def full_lambda(self) -> float:
        return 1.0  # each row's own is part of the terms

    def current_lambda(self) -> float:
        return 1.0

    def _random_positions(self, x: Tensor) -> Tensor:
        if self.shared:
            self.latest_position = (self.latest_position + GOLDEN_RATIO) % 1.0
            position = torch.tensor([self.latest_position], device=x.device)
        else:
            # One from each of as many equal parts of the range.
            n_runs = even_runs(len(x))
            drawn = torch.rand(n_runs, generator=self.generator, device=x.device)
            position = (torch.arange(n_runs, device=x.device) + drawn) / n_runs
        # A range of one lambda has one position.
        return position * (self.scale.smallest < self.scale.largest)

    def placed(self, x: Tensor, targets: Targets) -> Targets:
        """The targets with lambdas drawn for the rows."""
        return self._at(self._random_positions(x), targets)

    def _at(self, position: Tensor, targets: Targets) -> Targets:
        lambda_mi = self.warm_up() * self.scale.lambda_at(position)
        share = 1 / (1 + lambda_mi / self.balanced_lambda())
        if len(position) > 1:
            share = share.repeat_interleave(len(targets.y) // len(position))
        return replace(targets, embedding=embed(position), task_share=share)

    def row_term(self, output: Tensor, z: Tensor, targets: Targets) -> Tensor:
        return super().row_term(output, z, targets) * _task_share(targets)

    def mi_term(
        self,
        view: Tensor,
        targets: Targets,
        generator: Generator | None = None,
    ) -> Tensor:
        share = 1 - _task_share(targets)
        shared = targets.weighted_by(share)
        weight = self.balanced_lambda() * share.mean()
        return weight * self.mutual_info(view, shared, generator)


def _task_share(targets: Targets) -> Tensor:
    assert targets.task_share is not None  # `placed` gave it
    return targets.task_share
