"""The `fairrep` command: one sub-command a file, its options beside what it does."""

from .main import main

__all__ = ["main"]
