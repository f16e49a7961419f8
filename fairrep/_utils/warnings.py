"""Warnings that point at the line of the user's that called."""

import sys
import warnings
from types import FrameType

# Whose frames are passed over: a fit may come through a pipeline or a search, and
# through wrappers of scikit-learn's, which are more with metadata routing.
NOT_THE_USERS = {"contextlib", "fairrep", "joblib", "sklearn"}


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the nearest line that is the user's."""
    frame, level = sys._getframe(1), 2
    while _package(frame) in NOT_THE_USERS and frame.f_back is not None:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _package(frame: FrameType) -> str:
    return frame.f_globals.get("__name__", "").partition(".")[0]
