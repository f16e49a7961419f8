"""Every script of the gallery runs, on few rows and with short trainings.

As they stand there they run when the documentation is built.
"""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("plot_*.py"))
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)


@pytest.mark.slow
@each_example
@pytest.mark.usefixtures("sketched")
def test_example_runs_and_ends_in_a_picture(example):
    runpy.run_path(str(example))

    from matplotlib import pyplot

    figures = map(pyplot.figure, pyplot.get_fignums())
    assert any(ax.has_data() for figure in figures for ax in figure.axes)


@each_example
def test_example_is_short(example):
    assert len(example.read_text().splitlines()) < 120


def test_every_example_has_its_place_in_the_gallery():
    order = runpy.run_path(str(ROOT / "docs" / "_ext" / "gallery.py"))["ORDER"]
    assert sorted(order) == [example.stem for example in EXAMPLES]
