"""The command line destroys nothing, starts at once, and says when it fails itself."""

import os
import subprocess
import sys

import pandas as pd
import pytest

from fairrep._cli import audit, main
from fairrep._cli.options import BOTTLENECKS, BUNDLED, CRITERIA
from fairrep._cli.output import STDOUT, check_outputs, write_table
from fairrep._cli.tables import BUNDLED as TABLES
from fairrep._estimators.parameters import MIParameters
from fairrep._problem.criterion import CRITERIA as CRITERIA_OF_THE_LIBRARY


def test_options_name_what_the_library_knows():
    (bottlenecks,) = MIParameters._parameter_constraints["bottleneck"]
    assert {*BOTTLENECKS} == bottlenecks.options
    assert [*TABLES] == BUNDLED
    assert [*CRITERIA_OF_THE_LIBRARY] == CRITERIA


@pytest.mark.parametrize(
    "argv",
    [
        ["--version"],
        ["fit", "--help"],
        ["audit", "x.csv"],
        ["predict", "no.csv", "--model", "m", "--output", "o.csv"],
    ],
)
def test_help_and_errors_of_options_load_no_library(argv):
    code = (
        "import sys\nfrom fairrep._cli import main\n"
        f"try:\n    main({argv})\nexcept SystemExit:\n    pass\n"
        "sys.exit(bool({'torch', 'numpy', 'sklearn', 'pandas'} & {*sys.modules}))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


# -- outputs ---------------------------------------------------------------------


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("a,b\n1,2\n")
    return path


def test_outputs_that_are_inputs(data, tmp_path):
    link, hard = tmp_path / "link.csv", tmp_path / "hard.csv"
    link.symlink_to(data)
    os.link(data, hard)
    for path in [data, link, tmp_path / "." / "d.csv", hard]:
        for force in (False, True):
            with pytest.raises(ValueError, match=r"--output .* is what is read"):
                check_outputs([data], {"--output": path}, force=force)
    assert data.read_text() == "a,b\n1,2\n"


def test_two_outputs_in_one_file(data, tmp_path):
    page = tmp_path / "page"
    with pytest.raises(ValueError, match=r"--json .* is that of --html, too"):
        check_outputs([data], {"--html": page, "--json": page}, force=True)
    check_outputs(
        [data], {"--html": STDOUT, "--json": STDOUT, "--x": None}, force=False
    )


def test_an_output_inside_a_model(tmp_path):
    (tmp_path / "model.json").write_text("{}")
    for name in ["model.json", "new.csv"]:
        with pytest.raises(ValueError, match="is inside a saved model"):
            check_outputs([], {"--output": tmp_path / name}, force=True)


def test_files_of_others_need_force(data, tmp_path):
    with pytest.raises(FileExistsError, match=r"d\.csv exists, .*--force replaces it"):
        check_outputs([], {"--output": data}, force=False)
    check_outputs([], {"--output": data}, force=True)
    page = tmp_path / "page.html"
    page.write_text('<meta name="generator" content="made by fairrep">')
    check_outputs([], {"--output": page}, force=False)
    assert {path.name for path in tmp_path.iterdir()} == {"d.csv", "page.html"}


COMMANDS = [
    ["fit", "d.csv", "--target", "a", "--sensitive", "b", "--model", "m"],
    ["tradeoff", "d.csv", "--target", "a", "--sensitive", "b", "--output", "p.png"],
]


@pytest.mark.parametrize("argv", COMMANDS, ids=lambda argv: argv[0])
def test_no_command_writes_to_what_it_reads(monkeypatch, capsys, data, argv):
    monkeypatch.chdir(data.parent)
    assert main([*argv, "--holdout", "d.csv", "--force"]) == 2
    assert "--holdout d.csv is what is read" in capsys.readouterr().err
    assert data.read_text() == "a,b\n1,2\n"


def test_cells_that_are_formulas(tmp_path):
    table = pd.DataFrame({"=x": ["=1+1", "-a", "b"], "n": [-1, 2, 3]})
    write_table(table, tmp_path / "x.csv", escape=True)
    assert (tmp_path / "x.csv").read_text() == "'=x,n\n'=1+1,-1\n'-a,2\nb,3\n"
    write_table(table, tmp_path / "x.csv", escape=False)
    assert (tmp_path / "x.csv").read_text().startswith("=x,n\n=1+1,-1\n")


# -- failures ----------------------------------------------------------------------


def test_a_failure_of_fairrep_is_no_passed_limit(monkeypatch, capsys, data):
    def fail(**options):
        raise AssertionError("a mistake of ours")

    monkeypatch.setattr(audit, "run_audit", fail)
    argv = ["audit", str(data), "--target", "a", "--sensitive", "b"]
    assert main([*argv, "--prediction", "a"]) == 70
    err = capsys.readouterr().err
    assert "a mistake of ours" in err
    assert "fairrep itself failed" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyError("a"), 70, "fairrep itself failed"),
        (ZeroDivisionError("division by zero"), 70, "fairrep itself failed"),
        (MemoryError("300 GiB"), 2, "not enough memory, with fewer rows or columns"),
    ],
)
def test_nothing_but_a_limit_that_is_passed_ends_with_1(
    monkeypatch, capsys, data, error, code, said
):
    def fail(**options):
        raise error

    monkeypatch.setattr(audit, "run_audit", fail)
    argv = ["audit", str(data), "--target", "a", "--sensitive", "b"]
    assert main([*argv, "--prediction", "a"]) == code
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_a_failure_before_a_command_is_no_passed_limit(monkeypatch, capsys):
    def add_command(commands):
        raise RuntimeError("no parser")

    monkeypatch.setattr(sys.modules[main.__module__], "COMMANDS", [add_command])
    assert main(["audit"]) == 70
    assert "fairrep itself failed" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a shell that closes files")
def test_a_closed_output(data):
    command = f"{sys.executable} -m fairrep audit {data} --target a --sensitive b"
    command += " --prediction a --no-leakage >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("fairrep: error")
