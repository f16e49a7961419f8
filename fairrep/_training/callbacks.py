"""Callbacks are what happens between the epochs."""

from typing import Any

from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from tqdm.auto import tqdm


class BestEpoch(EarlyStopping):
    """Early stopping that counts only epochs in which lambda has its full value.

    The best weights are kept in any case, for a fit that the user interrupts.
    """

    def __init__(self, stop: bool, **kwargs: Any) -> None:
        self.stop = stop
        super().__init__(load_best=True, threshold_mode="abs", **kwargs)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if not net.is_warming_up():
            super().on_epoch_end(net, **kwargs)

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        if self.stop or net.interrupted_:
            super().on_train_end(net, **kwargs)
        self.best_model_weights_ = None


class Annealing(Callback):
    """Tells a bottleneck that changes with training how far it has come."""

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        net.module_.bottleneck.progress = (len(net.history) - 1) / net.max_epochs


class EpochProgress(Callback):
    """A progress bar over the epochs, on standard error."""

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        self.bar_ = tqdm(total=net.max_epochs, unit="epoch", leave=False)

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        epoch = net.history[-1]
        terms = {"task loss": epoch["train_task_loss"]}
        if net.lambda_mi > 0:
            terms["I(Z; S) nats"] = epoch["train_mi"]
        self.bar_.set_postfix({name: f"{value:.3f}" for name, value in terms.items()})
        self.bar_.update()

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        self.bar_.close()
        del self.bar_
