"""The code in the pages runs, block after block; the API reference is complete."""

import re
from inspect import signature
from pathlib import Path

import pytest

import fairrep
from fairrep import MIDebiasedClassifier, auditing, datasets, metrics, mutual_info

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"^   (\w+)$", re.MULTILINE)
PAGES = {
    page.stem: page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if BLOCK.search(page.read_text())
}
# Its examples train on little data as it is, and assert what comes of it.
TRAINS = "extending"


def run_code_of(page):
    """Block after block in one namespace; a traceback names the line in the page."""
    text, names = page.read_text(), {"__name__": page.stem}
    for block in BLOCK.finditer(text):
        line = text[: block.start()].count("\n") + 1
        exec(compile("\n" * line + block[1], page, "exec"), names)


@pytest.mark.parametrize(
    "name",
    [
        "README",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in sorted(PAGES.keys() - {"README", TRAINS})
        ),
    ],
)
@pytest.mark.usefixtures("sketched")
def test_code_of_a_page_runs(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run_code_of(PAGES[name])


@pytest.mark.slow
def test_worked_examples_of_extending():
    run_code_of(PAGES[TRAINS])


@pytest.mark.slow
def test_the_start_shows_what_its_code_prints(monkeypatch, tmp_path, capsys):
    """The first two blocks, as they stand there, on all rows."""
    monkeypatch.chdir(tmp_path)
    page = PAGES["start"].read_text()
    names = {}
    for block in [*BLOCK.finditer(page)][:2]:
        exec(block[1], names)
    printed = capsys.readouterr().out
    (shown,) = re.findall(r"^```{code-block} text\n(.*?)^```$", page, re.DOTALL | re.M)
    for line in shown.splitlines():
        assert line in printed


def test_every_parameter_has_its_group():
    page = (ROOT / "docs" / "guide" / "parameters.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(names) == sorted(signature(MIDebiasedClassifier).parameters)


@pytest.mark.parametrize("module", [fairrep, auditing, datasets, metrics, mutual_info])
def test_api_reference_has_every_public_name(module):
    listed = NAME.findall((ROOT / "docs" / "api.md").read_text())
    assert set(module.__all__) <= set(listed)
