"""The benchmark against the peers: a small run, its figures, and its tables."""

from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    demographic_parity_difference,
    equalized_odds_difference,
)

pytestmark = pytest.mark.slow  # CI alone runs what no user imports

BENCHMARKS = Path(__file__).parent.parent / "examples" / "benchmarks"
CHEAP = ["shuffled", "logistic", "correlation-remover", "fairrep"]


@pytest.fixture(scope="module")
def modules():
    """tradeoff.py and tables.py, which import their neighbours by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        import methods
        import tables
        import tradeoff

        short = {"max_epochs": 3, "warmup_epochs": 1, "critic_steps": 1}
        quick = methods.METHODS["fairrep"]._replace(
            grid=partial(methods.fairrep, short)
        )
        patch.setitem(methods.METHODS, "fairrep", quick)
        yield tradeoff, tables


@pytest.fixture(scope="module")
def folder(modules, tmp_path_factory):
    """Results of two methods and seed 0, and then of all cheap ones and both seeds."""
    tradeoff, _ = modules
    folder = tmp_path_factory.mktemp("results")
    options = ["--data", "synthetic", "--output", str(folder), "--methods"]
    tradeoff.main([*options, *CHEAP[:2], "--seeds", "0"])
    first = pd.read_csv(folder / "synthetic.csv.xz")
    tradeoff.main([*options, *CHEAP])
    first.to_csv(folder / "first.csv", index=False)
    return folder


def test_a_run_goes_on_where_it_stopped(folder):
    first = pd.read_csv(folder / "first.csv")
    table = pd.read_csv(folder / "synthetic.csv.xz")
    # Seconds too, so they were not run again.
    pd.testing.assert_frame_equal(table[first.columns].iloc[: len(first)], first)
    assert not table.duplicated(["seed", "method", "criterion", "config"]).any()
    assert set(table["method"]) == set(CHEAP)
    assert set(table["seed"]) == {0, 1}
    assert table["accuracy"].between(0.3, 1).all()


def test_the_tables_come_from_the_results_alone(modules, folder, tmp_path, capsys):
    tradeoff, _ = modules
    page = tmp_path / "page.md"
    page.write_text(
        "before\n<!-- table: synthetic, chosen -->\nold\n<!-- end of table -->\nafter\n"
    )
    summary = ["--summary", "--output", str(folder)]
    tradeoff.main(summary)
    printed = capsys.readouterr().out
    tradeoff.main([*summary, "--page", str(page)])
    start, written, end = page.read_text().split("-->")[0:3]
    assert start.startswith("before\n")
    assert end == "\nafter\n"
    assert "old" not in written
    rows = [line for line in written.split("\n") if line.startswith("|")]
    assert [row.split("|")[1].strip() for row in rows[2:]] == [
        "logistic regression",
        "fairrep",
        "CorrelationRemover, logistic regression (S)",
    ]
    assert all(row in printed for row in rows)
    assert (tmp_path / "page" / "synthetic.png").stat().st_size > 10_000
    # What has not run is named, with the reason.
    assert "Not run: fairret (not asked for)." in printed


def test_a_method_that_fails_is_written_down(modules, tmp_path, monkeypatch):
    tradeoff, tables = modules

    def missing(train, test, seed, criterion):
        raise ImportError("No module named 'fairret'")

    broken = tables.METHODS["logistic"]._replace(grid=missing)
    monkeypatch.setitem(tables.METHODS, "logistic", broken)
    options = ["--data", "synthetic", "--output", str(tmp_path), "--seeds", "0"]
    tradeoff.main([*options, "--methods", "logistic", "shuffled"])
    table = pd.read_csv(tmp_path / "synthetic.csv.xz")
    assert "ImportError: No module named 'fairret'" in tables.notes(table)
    monkeypatch.undo()
    tradeoff.main([*options, "--methods", "logistic", "shuffled"])
    table = pd.read_csv(tmp_path / "synthetic.csv.xz")
    assert table["accuracy"].notna().all()
    assert set(table["method"]) == {"logistic", "shuffled"}
    tradeoff.main([*options, "--methods", "logistic", "--again"])
    again = pd.read_csv(tmp_path / "synthetic.csv.xz")
    assert len(again) == len(table)
    assert again["method"].iloc[-1] == "logistic"


def test_the_gaps_are_those_of_fairlearn(modules):
    tradeoff, _ = modules
    rng = np.random.default_rng(0)
    y, predicted = rng.integers(2, size=(2, 500))
    groups = rng.choice(3, size=500, p=[0.6, 0.3, 0.1])
    rows = np.arange(500) < 400
    row = tradeoff.figures(y, predicted, groups, rows)
    compared = y[rows], predicted[rows]
    sensitive = {"sensitive_features": groups[rows]}
    assert row["DP"] == pytest.approx(
        demographic_parity_difference(*compared, **sensitive)
    )
    assert row["EO"] == pytest.approx(equalized_odds_difference(*compared, **sensitive))
    assert row["accuracy"] == np.mean(compared[0] == compared[1])


def test_a_point_is_read_where_it_was_not_chosen(modules):
    _, tables = modules
    points = pd.DataFrame(
        {
            "seed": 0,
            "criterion": "DP",
            "config": ["mild", "strong"],
            "accuracy": [0.9, 0.8],
            "DP": [0.2, 0.04],
            # Half a takes the mild point at this limit, half b the strong one.
            "accuracy_a": [0.91, 0.81],
            "DP_a": [0.05, 0.01],
            "accuracy_b": [0.89, 0.79],
            "DP_b": [0.35, 0.07],
        }
    )
    read = tables.chosen(points, "DP", 0.1).loc[0]
    assert read.tolist() == pytest.approx([(0.89 + 0.81) / 2, (0.35 + 0.01) / 2, 1])
    # Within no limit half b takes the smallest gap, and the limit is reached by half.
    assert tables.chosen(points, "DP", 0.06).loc[0, "fits"] == 0.5
    assert tables.on_curve(points, "DP", 0.1)["accuracy"].tolist() == [0.8]
    assert tables.on_curve(points, "DP", 0.01).empty


def test_the_page_holds_what_the_results_say(modules):
    tradeoff, tables = modules
    files = tradeoff.RESULTS.glob("*.csv.xz")
    results = {file.name.split(".")[0]: pd.read_csv(file) for file in files}
    results = {task: results[task] for task in tables.TASKS if task in results}
    page = (BENCHMARKS.parents[1] / "docs" / "benchmarks.md").read_text("utf-8")
    assert tables.filled(page, results) == page


@pytest.fixture
def run_short(modules, monkeypatch, capsys):
    """What a script prints of a path that is trained for a few epochs."""

    def run(name):
        script = import_module(name)
        short = partial(script.lambda_path, max_epochs=5)
        monkeypatch.setattr(script, "lambda_path", short)
        argv = [f"{name}.py", "--data", "synthetic", "--seeds", "0"]
        monkeypatch.setattr("sys.argv", argv)
        script.main()
        return capsys.readouterr().out

    return run


def test_a_path_is_measured_with_defaults_alone(run_short):
    assert run_short("lambda_path").count("\npath") == 2  # the points and their summary


def test_the_best_rule_is_read_where_it_was_not_picked(modules, monkeypatch, capsys):
    import blind_rule

    monkeypatch.setattr(blind_rule, "FAIRREP", blind_rule.METHODS["fairrep"])
    argv = ["blind_rule.py", "--data", "synthetic", "--split", "--seeds", "0", "1"]
    monkeypatch.setattr("sys.argv", argv)
    blind_rule.main()
    printed = capsys.readouterr().out
    assert printed.startswith("synthetic, 30 % of the training rows, 2 seeds")
    assert printed.count("difference") == len(blind_rule.LIMITS)

    # The first half picks the constant, the other one what is right on all of it.
    rows = SimpleNamespace(
        y=np.array([0, 1, 0, 1] * 2), codes=np.array([0, 0, 1, 1] * 2)
    )
    half = np.arange(8) < 4
    labels = np.array([[0] * 8, [0, 1, 1, 1, 0, 1, 0, 1]], dtype=bool)
    accuracy, gap = blind_rule.picked(labels, rows, half, 0.2)
    assert (accuracy, gap) == ((0.5 + 0.75) / 2, (0 + 0.5) / 2)


def test_estimates_stand_beside_what_attackers_find(run_short):
    out = run_short("mi_estimates")
    assert "difference" in out
    assert out.count("\nsynthetic") == 1


def test_the_guide_holds_what_estimates_of_mutual_information_came_to(modules):
    import mutual_info

    page = (BENCHMARKS.parents[1] / "docs/guide/mutual_info.md").read_text("utf-8")
    results = pd.read_csv(mutual_info.RESULTS)
    assert mutual_info.filled(page, results) == page
    for title, method, n, truth in zip(
        *(results[k] for k in ["distribution", "method", "n", "truth"]), strict=True
    ):
        known = mutual_info.METHODS[method][title]
        expected = known.correlation if method == "hgr" else known.nats
        assert truth == pytest.approx(expected, abs=1e-5), n


def test_linear_post_keeps_its_limit_on_its_rows(modules):
    import peers

    rng = np.random.default_rng(0)
    n = 2000
    s = rng.integers(3, size=n)
    gain = 0.3 * rng.normal(size=n) + 0.1 * s
    cells = np.eye(3)[s] / np.bincount(s) * n  # S is known to the last row
    for bound in [0.02, 0.1]:
        multipliers = peers._dual(gain, cells, [np.arange(3)], bound)
        assert multipliers.sum() == pytest.approx(0, abs=1e-6)
        yes = gain > cells @ multipliers
        rates = [yes[s == group].mean() for group in range(3)]
        assert np.ptp(rates) == pytest.approx(bound, abs=0.005)
