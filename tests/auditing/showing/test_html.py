"""The page: whole, escaped, accessible, and quiet in a real browser."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from fairrep import AuditReport

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Of the package axe-core, which CI fetches.
AXE = os.environ.get("FAIRREP_AXE")
EVIL = "<script>alert(1)</script>"


class Page(HTMLParser):
    """The elements of a page with their attributes, and text of the headings."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.headings = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def pictures_of(page):
    """The pictures that are named, without the bars beside the sliders."""
    return [svg for svg in page.all("svg") if svg.get("class") != "bars"]


@pytest.fixture
def report(rows, leakage):
    y_true, y_pred, score, groups = rows
    sensitive = groups.replace({"a": EVIL, "b": "$x_1$ & b"})
    report = AuditReport.from_predictions(
        y_true,
        y_pred,
        y_score=score,
        sensitive_features=sensitive[["race"]],
        leakage=False,
        n_bootstrap=20,
        random_state=0,
        name=EVIL,
    )
    report.models[EVIL].leakage = {"race": [leakage()]}
    report.models[EVIL].mi_estimate = 0.01
    report.proxies = {
        "race": pd.DataFrame({"mutual_info": [0.3], "share": [0.5]}, index=[EVIL])
    }
    return report


def test_page_is_whole_and_escaped(report, tmp_path):
    path = tmp_path / "report.html"
    text = report.to_html(path)
    assert path.read_text(encoding="utf-8") == text
    page = Page(text)
    # Its own few lines and the counts behind the slider: none that a name put there.
    assert [attrs.get("type") for attrs in page.all("script")] == [
        "application/json",
        None,
    ]
    assert EVIL not in text
    assert "&lt;script&gt;" in text
    assert "Not tried: what only several releases" in text
    assert "of the tenth of rows that an attacker is surest of, " in text
    assert len(pictures_of(page)) == 4
    addresses = [
        value
        for tag, attrs in page.elements
        for name, value in attrs.items()
        if name in ("src", "href", "xlink:href", "data")
    ]
    assert addresses
    assert all(value.startswith(("#", "data:")) for value in addresses)
    assert all(part.startswith("#") for part in re.findall(r"url\(([^)]*)\)", text))
    assert "@import" not in text
    assert report.to_html() == text  # the same report, the same page


def test_page_is_accessible(report):
    text = report.to_html()
    page = Page(text)
    assert page.all("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert (np.diff(levels) <= 1).all()  # no level is skipped
    assert all(th.get("scope") in ("col", "row") for th in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    images = [div for div in page.all("div") if div.get("role") == "img"]
    assert len(images) == len(pictures_of(page))
    assert all(len(image["aria-label"]) > 40 for image in images)
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    # The findings come before any table, and pictures take the colours of the page.
    assert text.index(report.summary[0][:20]) < text.index("<table")
    assert "prefers-color-scheme: dark" in text
    assert "currentColor" in text
    assert "#0072B2" not in text[text.index("<body") :].upper()


def test_without_jinja2(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r'jinja2 is missing: pip install "fairrep\['):
        report.to_html()


def browse(tmp_path, *flags):
    return subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *flags],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium in the path")
def test_page_in_a_browser(report, tmp_path):
    path = tmp_path / "report.html"
    text = report.to_html(path)
    ran, asked = browse_logged(tmp_path, path)
    assert "CONSOLE" not in ran.stderr
    assert asked == []
    page = Page(ran.stdout)
    assert len(pictures_of(page)) == 4
    # The same eyes see a page that does call out, and that has an error.
    bad = '<img src="http://a.test/b.png"><script>console.error("no")</script></body>'
    path.write_text(text.replace("</body>", bad))
    ran, asked = browse_logged(tmp_path, path)
    assert "CONSOLE" in ran.stderr
    assert asked


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium in the path")
def test_sliders_move_what_the_page_holds(rows, tmp_path):
    """The threshold's rates are those of the rows; the curve names its points."""
    y_true, y_pred, score, groups = rows
    report = AuditReport.from_predictions(
        y_true,
        y_pred,
        y_score=score,
        sensitive_features=groups[["sex"]],
        leakage=False,
        random_state=0,
    )
    curve = pd.DataFrame(
        {"lambda_mi": [0, 1, 4], "score": [0.87, 0.86, 0.85], "gap": [0.2, 0.1, 0.02]}
    )
    path = tmp_path / "report.html"
    text = report.to_html(path, tradeoff=curve)
    moved = """<script>
    for (const slider of document.querySelectorAll("input")) {
      slider.value = slider.max == 2 ? 1 : 35;
      slider.dispatchEvent(new Event("input"));
    }
    </script></body>"""
    path.write_text(text.replace("</body>", moved))
    ran, _ = browse_logged(tmp_path, path)
    assert "CONSOLE" not in ran.stderr
    for group in ("f", "m"):
        rows_of = (groups["sex"] == group).to_numpy()
        cells = re.search(rf'<tr data-group="{group}">(.*?)</tr>', ran.stdout)[1]
        selected, true_rate, _ = re.findall(r"<td>([\d.]+) %</td>", cells)
        above = score[rows_of] >= 0.7
        assert float(selected) == pytest.approx(100 * above.mean(), abs=0.06)
        assert float(true_rate) == pytest.approx(
            100 * above[y_true[rows_of] == 1].mean(), abs=0.06
        )
    assert "<output>0.70</output>" in ran.stdout
    assert "lambda 1: score 86.0 %, gap 10.0 percentage points" in ran.stdout
    # Without a script the same rates stand in a table.
    at = text.index("Selection rate at other thresholds")
    assert f"{100 * (score[groups['sex'] == 'f'] >= 0.5).mean():.1f} %" in text[at:]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium in the path")
@pytest.mark.skipif(AXE is None, reason="FAIRREP_AXE names no axe.min.js")
@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_no_violation(report, tmp_path, scheme, width):
    path = tmp_path / "report.html"
    for page in (report.to_html(), report.to_html(baseline=report)):
        # Folded parts are looked at as well.
        asked = f"""<script>{Path(AXE).read_text()}</script><script>
        document.querySelectorAll("details").forEach((part) => (part.open = true));
        axe.run(document, {{resultTypes: ["violations"]}}).then((found) => {{
          const told = document.createElement("pre");
          told.id = "axe";
          told.textContent = found.violations.map((v) => v.id).join(" ") || "none";
          document.body.append(told);
        }});</script></body>"""
        path.write_text(page.replace("</body>", asked))
        ran = browse(
            tmp_path,
            f"--blink-settings=preferredColorScheme={'0' if scheme == 'dark' else '1'}",
            f"--window-size={width},1000",
            "--virtual-time-budget=30000",
            "--dump-dom",
            path.as_uri(),
        )
        assert '<pre id="axe">none</pre>' in ran.stdout


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium in the path")
def test_the_page_prints(report, tmp_path):
    path, printed = tmp_path / "report.html", tmp_path / "report.pdf"
    report.to_html(path)
    browse(tmp_path, f"--print-to-pdf={printed}", path.as_uri())
    assert printed.read_bytes().startswith(b"%PDF")
    assert printed.stat().st_size > 50_000


def browse_logged(tmp_path, path):
    """The run, and who asked the network for something, the browser itself aside."""
    log = tmp_path / "net.json"
    flags = ["--enable-logging=stderr", "--v=0", f"--log-net-log={log}", "--dump-dom"]
    # No name resolves: nothing leaves the machine, but requests are logged.
    ran = browse(
        tmp_path, *flags, "--host-resolver-rules=MAP * ~NOTFOUND", path.as_uri()
    )
    initiators = re.findall(r'"initiator":"([^"]*)"', log.read_text())
    return ran, [one for one in initiators if one != "not an origin"]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium in the path")
def test_page_follows_the_colour_scheme(report, tmp_path):
    path = tmp_path / "report.html"
    report.to_html(path)
    pictures = {}
    for scheme, dark in {"0": True, "1": False}.items():
        shot = tmp_path / f"{scheme}.png"
        browse(
            tmp_path,
            f"--blink-settings=preferredColorScheme={scheme}",
            "--window-size=900,1200",
            f"--screenshot={shot}",
            path.as_uri(),
        )
        pictures[dark] = imread(shot)[..., :3]
    assert pictures[True][5, 5].max() < 0.2
    assert pictures[False][5, 5].min() > 0.9
    # In the picture of rates too: the ground is the page's, the ink is not.
    for dark, picture in pictures.items():
        contrast = np.abs(picture[300:900] - picture[5, 5]).max()
        assert contrast > 0.6, dark


def test_a_page_where_some_gaps_are_known_and_others_not():
    """Group b has rows enough, and too few positives: its rates of y are left out."""
    y_true = [0, 1] * 25 + [1] * 3 + [0] * 37
    report = AuditReport.from_predictions(
        y_true,
        [0, 1, 1] * 30,
        sensitive_features={"s": ["a"] * 50 + ["b"] * 40},
        leakage=False,
        random_state=0,
    )
    gaps = report.figures().disparities["value"]
    assert gaps["demographic_parity_difference"] >= 0
    assert np.isnan(gaps["equal_opportunity_difference"])
    assert "<html" in report.to_html()
