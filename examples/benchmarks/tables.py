"""The tables and pictures of tradeoff.py, from its results alone.

Two readings of the same rows. *Chosen*: for each seed, the point of the best accuracy
within the limit on one random half of the test rows, read on the other half, and the
other way round; the rows that are read chose nothing. *Curve*: each point on all test
rows, averaged over the seeds, the limit applied to that average; it flatters large
grids. The points of a method are those of all its criteria.
"""

import re
from itertools import product

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure
from methods import METHODS
from scipy.stats import t as student_t
from tasks import TASKS

LIMITS = list(product(["DP"], [0.02, 0.05, 0.10])) + list(
    product(["EO"], [0.04, 0.05, 0.10])
)
# No limit: the most accurate point.
COLUMNS = [("DP", np.inf), *LIMITS]
OWN = [name for name, method in METHODS.items() if method.package == "fairrep"]
# A difference in accuracy below this is a tie, and so is one that could be 0 by its
# 95 % interval over the seeds (Student's t).
TIE = 0.002
BLOCK = re.compile(r"(<!-- table: (.+?) -->\n).*?(<!-- end of table -->)", re.S)


def best_within(accuracy, gaps, limit):
    """Index of the most accurate within the limit; of the smallest gap if none is."""
    within = gaps <= limit
    if not within.any():
        return gaps.argmin()
    return np.where(within, accuracy, -np.inf).argmax()


def chosen(points, gap, limit):
    """By seed: accuracy and gap where it was not chosen, and if it is in the limit."""
    names = [f"{name}_{half}" for name in ["accuracy", gap] for half in "ab"]
    columns = {name: points[name].to_numpy() for name in names}  # frames are slow
    seeds = points["seed"].to_numpy()
    by_seed = {}
    for seed in np.unique(seeds):
        grid = {name: values[seeds == seed] for name, values in columns.items()}
        halves = []
        for choose, read in ["ab", "ba"]:
            gaps = grid[f"{gap}_{choose}"]
            best = best_within(grid[f"accuracy_{choose}"], gaps, limit)
            figures = (grid[f"{name}_{read}"][best] for name in ["accuracy", gap])
            halves.append((*figures, gaps[best] <= limit))
        by_seed[seed] = np.mean(halves, axis=0)
    columns = ["accuracy", "gap", "fits"]
    return pd.DataFrame.from_dict(by_seed, orient="index", columns=columns)


def on_curve(points, gap, limit):
    """By seed: accuracy and gap of the point that is best on the average of seeds."""
    grid = points.groupby(["criterion", "config"])
    means = grid[["accuracy", gap]].mean()
    within = means[means[gap] <= limit]
    if within.empty:
        return pd.DataFrame(columns=["accuracy", "gap", "fits"])
    best = grid.get_group(within["accuracy"].idxmax()).set_index("seed")
    return best[["accuracy", gap]].set_axis(["accuracy", "gap"], axis=1).assign(fits=1)


def standard_error(values):
    return values.std(ddof=1) / np.sqrt(len(values))


def reached(by_seed):
    """Whether a limit counts as reached: in at least half of the choices."""
    return len(by_seed) > 0 and by_seed["fits"].mean() >= 0.5


def cell(by_seed):
    """Accuracy with its standard error, and the gap; * where some choices had none."""
    if not reached(by_seed):
        return "none"
    accuracy, gap, fits = by_seed.mean()
    star = "" if fits == 1 else "\\*"
    error = standard_error(by_seed["accuracy"])
    spread = "" if np.isnan(error) else f" ± {error:.3f}"
    return f"{accuracy:.3f}{spread} at {gap:.3f}{star}"


def markdown(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def measured(results):
    """The points of each method that has run, in the order of METHODS."""
    there = results.dropna(subset="accuracy").groupby("method")
    return {name: there.get_group(name) for name in METHODS if name in there.groups}


def read_all(all_results, reading):
    """By data set, method and limit what `chosen` or `on_curve` reads."""
    return {
        task: {
            method: {column: reading(points, *column) for column in COLUMNS}
            for method, points in measured(results).items()
        }
        for task, results in all_results.items()
    }


def name_of_limit(gap, limit):
    return "no limit" if limit == np.inf else f"{gap} ≤ {limit:.2f}"


def name_of(method):
    return METHODS[method].label + (" (S)" if METHODS[method].sees_s else "")


def is_peer(method):
    return method not in [*OWN, "shuffled"]


def table(results, read):
    """A row for each method: what it reaches within each limit, and its seconds."""
    rows = []
    there = measured(results)
    most = max(points["seed"].nunique() for points in there.values())
    for method, points in there.items():
        if method == "shuffled":
            continue
        n_seeds = points["seed"].nunique()
        fewer = f", {n_seeds} seeds" if n_seeds < most else ""
        cells = [cell(read[method][column]) for column in COLUMNS]
        seconds = points.groupby(["seed", "criterion"])["seconds"].sum().median()
        size = points.groupby(["seed", "criterion"]).size().max()
        rows.append([name_of(method) + fewer, *cells, f"{seconds:.1f} for {size}"])
    header = ["", *[name_of_limit(*column) for column in COLUMNS], "seconds"]
    return markdown(header, rows)


def notes(results):
    """The gaps of labels that know nothing of S, the seeds, and what has not run."""
    lines = []
    there = measured(results)
    if "shuffled" in there:
        noise = there["shuffled"]
        means, highest = (
            noise.mean(numeric_only=True),
            noise.quantile(0.95, numeric_only=True),
        )
        parts = [
            f"{gap} {means[gap]:.3f} (95 % point {highest[gap]:.3f})"
            for gap in ["DP", "EO"]
        ]
        lines.append(f"Labels shuffled over the rows: {', '.join(parts)}.")
    lines.append(f"Seeds: {results['seed'].nunique()}, unless the row says fewer.")
    failed = results.dropna(subset="error").drop_duplicates("method")
    reasons = dict(zip(failed["method"], failed["error"], strict=True))
    for method in METHODS:
        if method not in there:
            reason = reasons.get(method, "not asked for")
            lines.append(f"Not run: {METHODS[method].label} ({reason}).")
    return "\n".join(f"- {line}" for line in lines)


def best_of(methods, read, column):
    """Name and figures of the most accurate that reaches the limit."""
    fit = {m: read[m][column] for m in methods if reached(read[m][column])}
    if not fit:
        return "none", None
    method = max(fit, key=lambda method: fit[method]["accuracy"].mean())
    return f"{name_of(method)}: {cell(fit[method])}", fit[method]


def verdict(own, peer):
    """fairrep against the peer, seed by seed."""
    if not reached(own):
        return "not reached" if peer is None else "**loses**: not reached"
    if peer is None:
        return f"{cell(own)}: **wins**, no peer reaches it"
    difference = (own["accuracy"] - peer["accuracy"]).dropna()
    if len(difference) < 2:
        return f"{cell(own)}: too few seeds to say"
    mean, error = difference.mean(), standard_error(difference)
    word = "wins" if mean > 0 else "loses"
    if not abs(mean) > max(TIE, student_t.ppf(0.975, len(difference) - 1) * error):
        word = "ties"
    return f"{cell(own)}: **{word}**, {mean:+.3f} ± {error:.3f}"


def verdicts(all_read):
    """fairrep against the best peer that sees what it sees, and the best of the others.

    Where S is among the inputs, all see it.
    """
    ran = [m for m in OWN if any(m in read for read in all_read.values())]
    rows = []
    for task, read in all_read.items():
        aware = [m for m in read if METHODS[m].sees_s and not TASKS[task].s_in_x]
        alike = [m for m in read if is_peer(m) and m not in aware]
        for column in COLUMNS:
            peer, figures = best_of(alike, read, column)
            own = [
                verdict(read[m][column], figures) if m in read else "not run"
                for m in ran
            ]
            needs_s = best_of(aware, read, column)[0]
            rows.append([task, name_of_limit(*column), *own, peer, needs_s])
    header = ["data", "limit", *[METHODS[method].label for method in ran]]
    return markdown([*header, "best peer", "best peer that needs S"], rows)


def versions(all_results):
    used = pd.concat([r["version"].dropna() for r in all_results.values()]).unique()
    return ", ".join(sorted(used))


def blocks(all_results):
    """The text of each table by its name."""
    text = {"versions": versions(all_results)}
    for name, reading in [("chosen", chosen), ("curve", on_curve)]:
        all_read = read_all(all_results, reading)
        text[f"verdicts, {name}"] = verdicts(all_read)
        for task, results in all_results.items():
            text[f"{task}, {name}"] = table(results, all_read[task])
    for task, results in all_results.items():
        text[f"{task}, notes"] = notes(results)
    return text


def print_summary(all_results):
    for name, text in blocks(all_results).items():
        print(f"\n{name}\n\n{text}")


def filled(page, all_results):
    """The text of a page, its marked blocks filled."""
    text = blocks(all_results)

    def fill(block):
        start, name, end = block.groups()
        return f"{start}\n{text.get(name, 'Not run.')}\n\n{end}"

    return BLOCK.sub(fill, page)


def write_page(all_results, page):
    """Fill the page's marked blocks, and draw the pictures in a folder beside it."""
    page.write_text(filled(page.read_text("utf-8"), all_results), "utf-8")
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    for task, results in all_results.items():
        draw(results, task).savefig(folder / f"{task}.png", dpi=100)


def front(means, gap):
    """The points that no other beats in both accuracy and gap, by ascending gap."""
    ordered = means.sort_values([gap, "accuracy"], ascending=[True, False])
    return ordered[
        ordered["accuracy"] > ordered["accuracy"].cummax().shift(fill_value=0)
    ]


def draw(results, task):
    """Accuracy against both gaps: means and standard errors over the seeds."""
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    axes = figure.subplots(1, 2)
    there = {m: p for m, p in measured(results).items() if m != "shuffled"}
    peers = [method for method in METHODS if is_peer(method)]
    colors = dict(
        zip(OWN, ["#000000", "#D55E00", "#CC79A7", "#56B4E9", "#0072B2"], strict=True)
    ) | {method: colormaps["tab10"](i % 10) for i, method in enumerate(peers)}
    markers = dict(zip([*OWN, *peers], "osDv^<>XPp*hd8Hx1234", strict=False))
    for ax, gap in zip(axes, ["DP", "EO"], strict=True):
        best = 0
        for method, points in there.items():
            grid = points.groupby(["criterion", "config"])[["accuracy", gap]]
            curve = front(grid.mean(), gap)
            error = grid.agg(standard_error).loc[curve.index]
            best = max(best, curve["accuracy"].max())
            own, sees_s = method in OWN, METHODS[method].sees_s
            ax.errorbar(
                curve[gap],
                curve["accuracy"],
                xerr=error[gap],
                yerr=error["accuracy"],
                label=name_of(method),
                color=colors[method],
                marker=markers[method],
                markerfacecolor="white" if sees_s else None,
                linestyle=":" if sees_s else "-",
                linewidth=2.5 if own else 1,
                elinewidth=0.7,
                markersize=4.5,
                zorder=3 if own else 2,
            )
        ax.set_ylim(best - 0.08, best + 0.008)
        ax.set_xlim(left=0)
        ax.set_xlabel(f"{gap} difference")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("accuracy")
    figure.suptitle(TASKS[task].title, fontsize=11)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8)
    return figure
