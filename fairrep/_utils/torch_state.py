"""Torch's state is the user's: what fairrep computes neither reads nor changes it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def plain_torch() -> Iterator[None]:
    """Torch as it is by default: float32, gradients, the CPU, no autocast.

    What the user has set holds again afterwards.
    """
    with ExitStack() as stack:
        dtype = torch.get_default_dtype()
        if dtype != torch.float32:
            torch.set_default_dtype(torch.float32)
            stack.callback(torch.set_default_dtype, dtype)
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        for device_type in ("cpu", "cuda"):
            if torch.is_autocast_enabled(device_type):
                stack.enter_context(torch.autocast(device_type, enabled=False))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        yield


def one_thread_after_fork() -> None:
    """Have forked processes compute in one thread each, unless they ask for more.

    Threads of OpenMP do not survive a fork, and a child that waits for those of its
    parent hangs in its first large product: a worker of a web server that loads a
    model before it forks, or of a `multiprocessing.Pool`.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_use_one_thread)


def _use_one_thread() -> None:
    torch.set_num_threads(1)
    threadpool_limits(1, user_api="openmp")
