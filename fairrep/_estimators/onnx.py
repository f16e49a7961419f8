"""A fitted classifier becomes a graph of ONNX, from raw columns to probabilities.

Columns are encoded within the graph, so that a service needs neither torch nor pandas.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from .._inputs.categories import label_of, spellings
from .._inputs.columns import MAX_DEVIATION, Category, Number
from .._inputs.encoding import TableEncoder
from .._training.fitted import Fitted
from .._version import __version__
from ..nn._bottleneck import DeterministicBottleneck
from ..nn._encoder import MLP
from ..nn._layers import BlockLinear
from ..nn._lookup import Features, LookupLinear

OPSET, ML_OPSET, IR_VERSION = 18, 3, 9
SMALLEST_VARIANCE = 1e-5  # of torch's layer normalisation


def to_graph(fitted: Fitted, names: list[str], classes: NDArray) -> Any:
    """The graph of a classifier's prediction.

    Parameters
    ----------
    fitted : Fitted
    names : list of str
        Of the columns of X, which are its inputs.
    classes : ndarray of shape (n_classes,)
    """
    onnx = _onnx()
    module, inputs = fitted.net.module_, fitted.inputs
    if not isinstance(inputs, TableEncoder):
        raise ValueError(
            "to_onnx writes the network and its encoding of columns; the classifiers "
            "of estimator and sensitive_estimator are no part of it. Expected a model "
            "without them."
        )
    if not isinstance(module.encoder, MLP) or inputs.layout is None:
        raise ValueError("to_onnx writes the built-in encoder; got one of your own.")
    if clash := {"label", "probabilities"}.intersection(names):
        raise ValueError(
            f"X has a column {clash.pop()!r}, which is the name of an output of the "
            "graph; give it another name before fit."
        )
    graph = _Graph(onnx)
    plain, bins = [], []
    for name, column in zip(names, inputs.columns_, strict=True):
        if isinstance(column, Category):
            plain.append(_category(graph, name, column))
            continue
        number, *missing = _number(graph, name, column)
        plain += [number, *missing]
        if column.layout.n_bins:
            bins.append(_bins(graph, number, column.layout.knots))
    x = graph.add("Concat", *plain, *bins, axis=1)
    layers = [*module.encoder.layers, module.project]
    for i, layer in enumerate(layers):
        weight, bias = _dense(layer)
        if i == 0:
            weight = weight[Features(inputs.layout, "cpu").used()]
        x = graph.affine(x, weight, bias)
        if layer is not module.project:
            x = graph.add("Relu", x)
    head = [tensor.detach().cpu().numpy() for tensor in module.head.parameters()]
    if fitted.spec.is_discrete:
        code = graph.add("ArgMax", x, axis=1, keepdims=0)
        of_codes = graph.constant(head[0].T + head[1])
        output = graph.add("Gather", of_codes, code, axis=0)
    else:
        output = graph.affine(_mean_of_z(graph, x, module), head[0].T, head[1])
    graph.add("Softmax", output, axis=1, name="probabilities")
    place = graph.add("ArgMax", output, axis=1, keepdims=0)
    named = graph.constant(_named(classes))
    graph.add("Gather", named, place, axis=0, name="label")
    kind = graph.constants[-1].data_type
    info = onnx.helper.make_tensor_value_info
    return graph.model(
        [
            info("label", kind, [None]),
            info("probabilities", onnx.TensorProto.FLOAT, [None, len(classes)]),
        ]
    )


def _onnx() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise ImportError(
            'to_onnx needs onnx, which is missing: pip install "fairrep[onnx]"'
        ) from error
    return onnx


def _dense(layer: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights of shape (n_in, n_out) and bias of a layer of any kind."""
    weight, bias = (
        tensor.detach().cpu().numpy() for tensor in (layer.weight, layer.bias)
    )
    if isinstance(layer, LookupLinear):
        return weight, bias
    if isinstance(layer, BlockLinear):
        weight = block_diag(*weight)
    return weight.T, bias


def _named(classes: NDArray) -> NDArray:
    """The classes as a tensor of ONNX may hold them."""
    if classes.dtype.kind == "b":
        return classes
    if classes.dtype.kind in "iu":
        return classes.astype(np.int64)
    if classes.dtype.kind == "f":
        return classes.astype(np.float64)
    return np.array([str(label) for label in classes], dtype=object)


class _Graph:
    """Nodes and constants, in the order in which they were added."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []

    def constant(self, values: Any) -> str:
        name = f"/constant_{len(self.constants)}"
        array = np.ascontiguousarray(values)
        self.constants.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def add(
        self, kind: str, *inputs: str, name: str | None = None, **attributes: Any
    ) -> str:
        name = name or f"/{kind}_{len(self.nodes)}"
        node = self.onnx.helper.make_node(kind, [*inputs], [name], **attributes)
        self.nodes.append(node)
        return name

    def affine(self, x: str, weight: NDArray, bias: NDArray) -> str:
        product = self.add("MatMul", x, self.constant(weight))
        return self.add("Add", product, self.constant(bias))

    def input(self, name: str, kind: int) -> str:
        value = self.onnx.helper.make_tensor_value_info(name, kind, [None, 1])
        self.inputs.append(value)
        return name

    def model(self, outputs: list[Any]) -> Any:
        graph = self.onnx.helper.make_graph(
            self.nodes, "fairrep", self.inputs, outputs, self.constants
        )
        made_of = [("", OPSET), ("ai.onnx.ml", ML_OPSET)]
        model = self.onnx.helper.make_model(
            graph,
            opset_imports=[self.onnx.helper.make_opsetid(*it) for it in made_of],
            producer_name="fairrep",
            producer_version=__version__,
            ir_version=IR_VERSION,
        )
        self.onnx.checker.check_model(model)
        return model


def _number(graph: _Graph, name: str, column: Number) -> list[str]:
    """The number as the network takes it, and whether it is missing if fit saw some."""
    types = graph.onnx.TensorProto
    value = graph.input(name, types.FLOAT)
    # In double precision, as `Number` codes it.
    exact = graph.add("Cast", value, to=types.DOUBLE)
    centred = graph.add("Sub", exact, graph.constant(np.float64(column.mean)))
    score = graph.add("Div", centred, graph.constant(np.float64(column.scale)))
    limits = [graph.constant(np.float64(s * MAX_DEVIATION)) for s in (-1, 1)]
    clipped = graph.add("Cast", graph.add("Clip", score, *limits), to=types.FLOAT)
    is_missing = graph.add("IsNaN", value)
    known = graph.add("Where", is_missing, graph.constant(np.float32(0)), clipped)
    if not column.has_missing:
        return [known]
    return [known, graph.add("Cast", is_missing, to=types.FLOAT)]


def _bins(graph: _Graph, number: str, knots: tuple[float, ...]) -> str:
    """The piecewise-linear encoding of a number."""
    cuts = np.array([knots], dtype=np.float32)
    beyond = graph.add("Sub", number, graph.constant(cuts[:, :-1]))
    position = graph.add("Div", beyond, graph.constant(np.diff(cuts)))
    limits = [graph.constant(np.float32(limit)) for limit in (0, 1)]
    return graph.add("Clip", position, *limits)


def _category(graph: _Graph, name: str, column: Category) -> str:
    """One column a category, of its text; the empty text is a missing value."""
    known = {label for label in column.labels if label is not None}
    codes: dict[str, int] = {}
    for place, label in enumerate(column.labels):
        for text in [""] if label is None else spellings(label):
            # The empty text may be a category, which a missing value then has, too.
            if label is None or label_of(text, known) == label:
                codes.setdefault(text, place)
    table: dict[str, Any] = {
        "keys_strings": [*codes],
        "values_int64s": [*codes.values()],
        # The code of the pool or, where there is none, of no column.
        "default_int64": len(column.labels),
    }
    text = graph.input(name, graph.onnx.TensorProto.STRING)
    code = graph.add("LabelEncoder", text, domain="ai.onnx.ml", **table)
    depth = graph.constant(np.int64(column.layout.n_features))
    off_and_on = graph.constant(np.array([0, 1], dtype=np.float32))
    one_hot = graph.add("OneHot", code, depth, off_and_on, axis=-1)
    return graph.add("Squeeze", one_hot, graph.constant(np.array([1])))


def _mean_of_z(graph: _Graph, x: str, module: Any) -> str:
    """The mean of z, over the members as well."""
    n_components = module.head.in_features
    shape = graph.constant(np.array([-1, module.n_members, n_components]))
    members = graph.add("Reshape", x, shape)
    if isinstance(module.bottleneck, DeterministicBottleneck):
        members = graph.add("Relu", members)
    elif n_components <= 2:
        members = graph.add("Tanh", members)
    else:
        scale = graph.constant(np.ones(n_components, dtype=np.float32))
        members = graph.add(
            "LayerNormalization", members, scale, axis=-1, epsilon=SMALLEST_VARIANCE
        )
    return graph.add("ReduceMean", members, graph.constant(np.array([1])), keepdims=0)
