"""What compiled code walks without looking is checked here, and what reads files.

A child or a feature out of bounds is read from memory that is not the tree's, and a
child that is its own parent is walked forever.
"""

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from sklearn.ensemble import BaseEnsemble
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.svm._base import BaseLibSVM
from sklearn.tree import BaseDecisionTree
from sklearn.tree._tree import Tree

LEAF = -1
# Of sklearn.feature_extraction.text: what they are given names files, which they read.
READS_FILES = {"file", "filename"}


def check_objects(root: Any, trusted: Collection[str]) -> None:
    """Raise where something that was read could crash, hang, or read files.

    Raises
    ------
    ValueError
        If a tree's nodes are out of bounds or in a circle, or something is of a type
        that cannot be checked and is not in ``trusted``.
    """
    for value in _objects(root):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        if isinstance(value, Tree):
            _check_tree(value)
        elif isinstance(value, TreePredictor):
            _check_predictor(value)
        elif isinstance(value, BaseDecisionTree) and hasattr(value, "tree_"):
            _check_n_columns(value.tree_, value.n_features_in_)
        elif isinstance(value, BaseEnsemble):
            _check_ensemble(value)
        elif hasattr(value, "_predictors") and hasattr(value, "n_features_in_"):
            _check_boosted(value)
        elif isinstance(value, BaseLibSVM) and name not in trusted:
            raise ValueError(
                f"it holds a {name}, whose arrays compiled code reads unchecked; if "
                f"you know who wrote it, trust {name!r}"
            )
        elif _reads_files(value) and name not in trusted:
            raise ValueError(
                f"it holds a {name} that reads the files which its input names; if "
                f"that is what you want, trust {name!r}"
            )


def _reads_files(value: Any) -> bool:
    is_vectoriser = type(value).__module__.startswith("sklearn.feature_extraction")
    return is_vectoriser and getattr(value, "input", None) in READS_FILES


def _objects(root: Any) -> Iterator[Any]:
    """All that hangs on an object, each once."""
    seen: set[int] = set()
    todo = [root]
    while todo:
        value = todo.pop()
        if id(value) in seen or isinstance(value, (str, bytes, type)):
            continue
        seen.add(id(value))
        yield value
        if isinstance(value, dict):
            todo += [*value.keys(), *value.values()]
        elif isinstance(value, (list, tuple, set, frozenset)):
            todo += value
        elif isinstance(value, np.ndarray):
            todo += value.ravel().tolist() if value.dtype == object else []
        else:
            todo += getattr(value, "__dict__", {}).values()


def _check_tree(tree: Tree) -> None:
    nodes = tree.__getstate__()["nodes"]
    n = tree.node_count
    left, right = nodes["left_child"][:n], nodes["right_child"][:n]
    is_leaf = left == LEAF
    if n < 1 or len(nodes) < n:
        raise ValueError(f"a tree has {n} nodes and room for {len(nodes)}")
    if len(tree.value) != n:
        raise ValueError(f"a tree has {n} nodes and values of {len(tree.value)}")
    _check_children(left, right, is_leaf)
    _check_range(nodes["feature"][:n][~is_leaf], tree.n_features)


def _check_predictor(predictor: TreePredictor) -> None:
    nodes = predictor.nodes
    if nodes.ndim != 1 or not len(nodes):
        raise ValueError(f"a boosted tree has nodes of shape {nodes.shape}")
    is_leaf = nodes["is_leaf"].astype(bool)
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    _check_children(left, right, is_leaf)
    by_set = nodes["is_categorical"].astype(bool) & ~is_leaf
    for sets in (predictor.raw_left_cat_bitsets, predictor.binned_left_cat_bitsets):
        if sets.ndim != 2 or sets.shape[1] != 8:
            raise ValueError(f"a boosted tree has bitsets of shape {sets.shape}")
        _check_range(nodes["bitset_idx"][by_set], len(sets))


def _check_children(left: Any, right: Any, is_leaf: Any) -> None:
    """A child comes after its parent, so that every walk ends."""
    parent = np.flatnonzero(~is_leaf)
    for child in (left[~is_leaf], right[~is_leaf]):
        if not ((child > parent) & (child < len(is_leaf))).all():
            raise ValueError("a tree has a child out of bounds, or before its parent")


def _check_range(index: Any, size: int) -> None:
    if len(index) and not (index.min() >= 0 and int(index.max()) < size):
        raise ValueError(
            f"a tree asks for {int(index.max())} or {int(index.min())}, of {size}"
        )


def _check_ensemble(ensemble: Any) -> None:
    """The trees of a forest get its rows unchecked."""
    trees = [
        value
        for value in np.ravel(np.asarray(getattr(ensemble, "estimators_", []), object))
        if isinstance(value, BaseDecisionTree)
    ]
    subsets = getattr(ensemble, "estimators_features_", None)
    for i, tree in enumerate(trees):
        n_features = ensemble.n_features_in_
        if subsets is not None:
            _check_range(np.asarray(subsets[i]), n_features)
            n_features = len(subsets[i])
        _check_n_columns(tree.tree_, n_features)


def _check_boosted(model: Any) -> None:
    for iteration in model._predictors:
        for predictor in iteration:
            nodes = predictor.nodes
            inner = nodes["feature_idx"][~nodes["is_leaf"].astype(bool)]
            _check_range(inner, model.n_features_in_)


def _check_n_columns(tree: Tree, expected: int) -> None:
    if tree.n_features != expected:
        raise ValueError(
            f"a tree is of {tree.n_features} columns, and its model of {expected}"
        )
