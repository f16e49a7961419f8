"""The layout of the package: imports run downwards, and nothing runs in a circle.

`docs/how_it_works.md` says why the folders stand in this order.
"""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import fairrep

PACKAGE = Path(__file__).parents[1] / "fairrep"
# Each line may import those below it, and folders in one line not each other.
ORDER = [
    {"_cli"},
    {"_tradeoff"},
    {"_estimators"},
    {"_training", "_storage", "auditing"},
    {"_certificates", "metrics"},
    {"_problem", "mutual_info"},
    {"_inputs"},
    {"nn", "_utils", "datasets"},
]
RANK = {folder: rank for rank, folders in enumerate(ORDER) for folder in folders}
# May be missing, so they are imported where they are needed.
OPTIONAL = {"jinja2", "matplotlib", "openpyxl", "pyarrow", "skops", "onnx"}
MAX_FILES, MAX_LINES = 12, 400

FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text("utf-8")) for path in FILES}


def parts_of(path):
    """The module as a tuple, such as ("nn", "_net"); a package is its __init__."""
    return path.relative_to(PACKAGE).with_suffix("").parts


def imports(path):
    """Modules of fairrep that a file imports, as tuples, and the names from each."""
    package = parts_of(path)[:-1]
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - (node.level - 1)]
            module = base + tuple((node.module or "").split(".")) * bool(node.module)
            yield node, module, [alias.name for alias in node.names]


def modules(module, names):
    """The files that are meant: submodules that are imported by name, or the module."""
    for name in names:
        inside = PACKAGE.joinpath(*module, f"{name}.py")
        if inside.exists():
            yield inside
        elif PACKAGE.joinpath(*module).is_dir():
            yield PACKAGE.joinpath(*module, "__init__.py")
        else:
            yield PACKAGE.joinpath(*module).with_suffix(".py")


def shown(path):
    return path.relative_to(PACKAGE.parent).as_posix()


def test_every_folder_has_a_place():
    folders = {
        path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()
    }
    assert folders == set(RANK)


def test_imports_run_downwards():
    upwards = []
    for path in FILES:
        folder = parts_of(path)[0]
        if folder not in RANK:  # the package's own names
            continue
        for _, module, names in imports(path):
            for target in modules(module, names):
                other = parts_of(target)[0]
                if other == folder or other == "_version":
                    continue
                if RANK.get(other, -1) <= RANK[folder]:
                    upwards.append(f"{shown(path)} imports {shown(target)}")
    assert not upwards, "against the order:\n" + "\n".join(sorted(set(upwards)))


def test_no_circle():
    edges = defaultdict(set)
    for path in FILES:
        for _, module, names in imports(path):
            edges[path] |= {*modules(module, names)} - {path}
    state = {}

    def visit(path, way):
        if state.get(path) == "left":
            return
        if path in way:
            circle = [*way[way.index(path) :], path]
            pytest.fail("a circle: " + " -> ".join(map(shown, circle)))
        for target in sorted(edges[path]):
            visit(target, [*way, path])
        state[path] = "left"

    for path in FILES:
        visit(path, [])


def test_imports_stand_at_the_top():
    """But for what may be missing; and none is for the type checker alone."""
    inner = []
    for path in FILES:
        for scope in ast.walk(TREES[path]):
            if isinstance(scope, ast.If) and "TYPE_CHECKING" in ast.unparse(scope.test):
                inner.append(f"{shown(path)}:{scope.lineno}: TYPE_CHECKING")
            if not isinstance(scope, ast.FunctionDef):
                continue
            for node in ast.walk(scope):
                if isinstance(node, ast.Import):
                    roots = {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    roots = {"." if node.level else node.module.partition(".")[0]}
                else:
                    continue
                if not roots <= OPTIONAL:
                    inner.append(f"{shown(path)}:{node.lineno}: {ast.unparse(node)}")
    assert not inner, "\n".join(inner)


def test_nobody_takes_a_private_name():
    taken = [
        f"{shown(path)}:{node.lineno}: {name}"
        for path in FILES
        for node, module, names in imports(path)
        for name in names
        if name.startswith("_")
        and not name.startswith("__")
        and not PACKAGE.joinpath(*module, name).exists()
        and not PACKAGE.joinpath(*module, f"{name}.py").exists()
    ]
    assert not taken, "\n".join(taken)


@pytest.mark.parametrize(
    ("folder", "foreign"),
    [
        ("nn", {"pandas", "sklearn"}),
        ("auditing", {"torch", "skorch"}),
        ("metrics", {"torch", "skorch"}),
    ],
)
def test_what_a_folder_does_not_know(folder, foreign):
    for path in FILES:
        if parts_of(path)[0] != folder:
            continue
        for node in ast.walk(TREES[path]):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            known = {name.partition(".")[0] for name in names}
            assert not known & foreign, f"{shown(path)}:{node.lineno}"


def test_folders_and_files_can_be_overlooked():
    """No folder of over twelve files, no file of over 400 lines but for docstrings."""
    for folder in {path.parent for path in FILES}:
        assert len(list(folder.glob("*.py"))) <= MAX_FILES, folder
    for path in FILES:
        said = sum(
            node.body[0].end_lineno - node.body[0].lineno + 1
            for node in ast.walk(TREES[path])
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node)
        )
        assert len(path.read_text("utf-8").splitlines()) - said <= MAX_LINES, path


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_a_file_says_what_it_is(path):
    first = (ast.get_docstring(TREES[path]) or "").partition("\n")[0]
    assert first.endswith(".")


def test_the_stub_names_what_the_package_does():
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text("utf-8"))
    named = {
        alias.asname
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert named == {*fairrep._HOMES, *fairrep._MODULES, "__version__"}
    assert all(hasattr(fairrep, name) for name in named)
