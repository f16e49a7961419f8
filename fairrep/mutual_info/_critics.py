"""Neural critics, trained on the other folds, bound the mutual information.

The networks are those that a fit trains against (`fairrep/nn/dependence`).
"""

import copy
from typing import ClassVar

import numpy as np
import torch
from sklearn.model_selection import KFold
from torch import Generator, Tensor

from .._utils.torch_state import plain_torch
from .._utils.types import Floats
from ..nn.dependence.contrastive import ContrastiveCritic, info_nce_by_row
from ..nn.dependence.mine import PermutingCritic
from ..nn.dependence.protocol import Dependence, MeasureSpec, SensitiveShape
from ._method import Method, Settings, need_rows
from ._variable import Variable

HIDDEN_LAYER_SIZES = (64, 64)
BATCH_SIZE = 256
LEARNING_RATE, WEIGHT_DECAY = 1e-2, 1e-2
# Every so many steps what has been learnt is read on a fifth of the training rows; the
# best state is kept, and so many readings without a better one end the training.
STEPS_A_READING, MAX_READINGS, PATIENCE = 10, 40, 4
VALIDATION_SHARE = 0.2
ROWS_PER_FOLD = 20
# Rows that are each other's contrasts: their scores are a square.
MAX_CONTRASTS = 1024
# Draws from the product of the marginals for each row.
N_SHIFTS = 16


class CriticMethod(Method):
    """A critic of each fold, read on the rows of the fold."""

    takes = "any X and S"
    is_lower_bound = True
    critic: ClassVar[type[Dependence]]

    def accepts(self, x: Variable, s: Variable) -> bool:
        return True

    def check_rows(self, x: Variable, s: Variable, n_folds: int, where: str) -> None:
        need_rows(len(x), ROWS_PER_FOLD * n_folds, f"X{where}")

    def read(self, critic: Dependence, view: Tensor, s: Tensor) -> Tensor:
        """Nats by row, whose mean is the bound."""
        raise NotImplementedError

    def terms(self, x: Variable, s: Variable, settings: Settings) -> Floats:
        terms = np.empty(len(x))
        cut = KFold(settings.n_folds, shuffle=True, random_state=settings.rng)
        with plain_torch():
            view, values = (
                torch.from_numpy(v.columns.astype(np.float32)) for v in (x, s)
            )
            for train, test in cut.split(terms):
                seed = settings.rng.randint(2**31 - 1)
                critic = self._trained(view[train], values[train], seed)
                with torch.no_grad():
                    read = self.read(critic, view[test], values[test])
                terms[test] = read.numpy()
        return terms

    def _trained(self, view: Tensor, s: Tensor, seed: int) -> Dependence:
        generator = Generator().manual_seed(seed)
        shape = SensitiveShape(s.shape[1], None)
        spec = MeasureSpec(view.shape[1], shape, 1, HIDDEN_LAYER_SIZES, generator)
        critic = self.critic(spec)
        optimizer = torch.optim.AdamW(
            critic.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True
        )
        order = torch.randperm(len(view), generator=generator)
        n_held = max(2, int(VALIDATION_SHARE * len(view)))
        held, fitted = order[:n_held], order[n_held:]
        best, kept, waited = -np.inf, copy.deepcopy(critic.state_dict()), 0
        for _ in range(MAX_READINGS):
            for _ in range(STEPS_A_READING):
                batch = torch.randperm(len(fitted), generator=generator)[:BATCH_SIZE]
                rows = fitted[batch]
                none = torch.zeros(len(rows), dtype=torch.int64)
                weight = torch.ones(len(rows))
                loss = -critic(view[rows], s[rows], none, weight, generator)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            with torch.no_grad():
                now = float(self.read(critic, view[held], s[held]).mean())
            if now > best:
                best, kept, waited = now, copy.deepcopy(critic.state_dict()), 0
            else:
                waited += 1
                if waited == PATIENCE:
                    break
        critic.load_state_dict(kept)
        return critic


class InfoNCE(CriticMethod):
    """E[T(x_i, s_i) - log mean_j exp T(x_i, s_j)] on held-out rows.

    A. van den Oord et al., "Representation Learning with Contrastive Predictive
    Coding", 2018. At most the log of the rows j that are contrasted.
    """

    critic = ContrastiveCritic

    def saturation(self, n_rows: int, settings: Settings) -> float | None:
        n_held = n_rows // settings.n_folds
        n_parts = -(-n_held // MAX_CONTRASTS)
        return float(np.log(n_held // n_parts))

    def read(self, critic: Dependence, view: Tensor, s: Tensor) -> Tensor:
        assert isinstance(critic, ContrastiveCritic)
        n_parts = -(-len(view) // MAX_CONTRASTS)
        parts = zip(view.tensor_split(n_parts), s.tensor_split(n_parts), strict=True)
        read = []
        for part, of_s in parts:
            scores = critic.scores(part, of_s)
            read.append(info_nce_by_row(scores, torch.ones_like(scores)))
        return torch.cat(read)


class Mine(CriticMethod):
    """E[T(x, s)] - log E[exp T(x, s')] on held-out rows, s' from other rows.

    M. I. Belghazi et al., "Mutual Information Neural Estimation", ICML, 2018. The
    logarithm of a mean of few rows is too low, so that the value may lie above the
    truth; its spread grows like exp(I).
    """

    critic = PermutingCritic

    def read(self, critic: Dependence, view: Tensor, s: Tensor) -> Tensor:
        assert isinstance(critic, PermutingCritic)
        n_rows = len(view)
        steps = np.unique(np.linspace(1, n_rows - 1, N_SHIFTS).astype(int))
        joint = critic.scores(view, s)
        # T(x_i, s_(i + step)), and by row of s the same scores.
        shifted = [critic.scores(view, s.roll(-int(step), 0)) for step in steps]
        marginal = torch.stack(shifted)
        of_s = torch.stack(
            [row.roll(int(step)) for row, step in zip(shifted, steps, strict=True)]
        )
        log_mean = torch.logsumexp(marginal, (0, 1)) - np.log(marginal.numel())
        # What a row adds to the mean of exp T, as x and as s: together 0 on average.
        adds = (marginal - log_mean).exp().mean(0) + (of_s - log_mean).exp().mean(0)
        return joint - log_mean - (adds - 2)
