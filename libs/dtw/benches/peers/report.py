"""Tables, JSON and a plot of what was measured."""

import json

import numpy as np

from inputs import SEED

RESAMPLES = 10_000


def summarise(results):
    """Adds medians, their intervals and ratios to the results that ran."""
    for result in results:
        if not result["times_ns"]:
            continue
        times = np.array(result["times_ns"]) / 1e6
        drawn = np.random.default_rng(SEED).choice(times, (RESAMPLES, len(times)))
        result["median_ms"] = float(np.median(times))
        result["interval_ms"] = np.percentile(np.median(drawn, axis=1), [2.5, 97.5]).tolist()
    for result in results:
        if "median_ms" not in result or "variant" not in result:
            continue
        for reference, variant in (("ours", result["variant"]), ("sgemm", "whole")):
            other = find(results, result, reference, variant)
            if other is not None and "median_ms" in other:
                result[f"times_{reference}"] = result["median_ms"] / other["median_ms"]
        if result["variant"] == "costs":
            result["ns_per_cell"] = result["median_ms"] * 1e6 / result["size"] ** 2


def find(results, like, method, variant):
    """The result of another method on the same input."""
    wanted = (like["kind"], like["size"], method, variant)
    return next(
        (one for one in results
         if (one["kind"], one["size"], one["method"], one["variant"]) == wanted),
        None,
    )


def write(out, document):
    """Leaves dtw.json, dtw.md and dtw.svg; answers the tables."""
    for results in (document["results"], document["batch"]):
        summarise(results)
    tables = markdown(document)
    (out / "dtw.json").write_text(json.dumps(document, indent=1) + "\n")
    (out / "dtw.md").write_text(tables)
    plot(out / "dtw.svg", document["results"])
    return tables


def markdown(document):
    """All tables."""
    machine, options = document["machine"], document["options"]
    lines = [
        "# Dynamic time warping beside its peers",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; "
        f"{options['threads']} thread(s); commit {document['commit']}; {document['started']}; "
        f"load of the machine at the start {machine['load_at_start']:.1f}, at the end "
        f"{machine['load_at_end']:.1f}. Engine {document['engine']}.",
        "",
        "Rows are 1024-dimensional, N × N clips. Times are medians with the 95 % interval of the "
        "median (bootstrap). × sgemm: beside OpenBLAS's product of the same size alone. Excess: how "
        "much more the path costs than the best path found here, both evaluated in 64 bits.",
    ]
    places = dict.fromkeys((one["kind"], one["size"]) for one in document["results"])
    for kind, size in places:
        here = [one for one in document["results"] if (one["kind"], one["size"]) == (kind, size)]
        for variant, title in (
            ("whole", "from raw rows to the path"),
            ("costs", "from given costs to the path"),
        ):
            chosen = [one for one in here if one["variant"] == variant]
            if chosen:
                lines += ["", f"## {kind}, {size} × {size}: {title}", "", *table(chosen, variant)]
    lines += batch_table(document["batch"]) + memory_table(document["memory"])
    lines += ["", "## What each method is", ""]
    lines += [f"- {one['method']}, {one['variant']}: {one['note']}" for one in document["methods"]]
    lines += ["", "## Inputs", ""]
    lines += [f"- {kind}: {text}" for kind, text in document["inputs"].items()]
    return "\n".join(lines) + "\n"


def table(results, variant):
    """The methods on one input."""
    cell = "| ns a cell " if variant == "costs" else ""
    yield f"| Method | Rounds | Median, ms | 95 % | × ours | × sgemm {cell}| Excess, % |"
    yield "|---" + "|---:" * (7 if cell else 6) + "|"
    for one in results:
        if one["skipped_would_take_s"] is not None:
            blanks = " |" * (6 if cell else 5)
            yield f"| {one['method']} | skipped, would take about {one['skipped_would_take_s']:.0f} s |{blanks[2:]} |"
            continue
        low, high = one["interval_ms"]
        columns = [
            one["method"], len(one["times_ns"]), number(one["median_ms"]),
            f"{number(low)} – {number(high)}", ratio(one, "times_ours"), ratio(one, "times_sgemm"),
            *([number(one["ns_per_cell"])] if cell else []), excess(one),
        ]
        yield "| " + " | ".join(map(str, columns)) + " |"


def batch_table(results):
    """Many pairs."""
    if not results:
        return []
    first = results[0]
    lines = [
        "", f"## {first['pairs']} pairs of {first['size']} × {first['size']}", "",
        "| Kind | Method | Threads | Median, ms | 95 % | ms a pair |", "|---|---|---:|---:|---:|---:|",
    ]
    for one in results:
        low, high = one["interval_ms"]
        lines.append(
            f"| {one['kind']} | {one['method']} | {one['threads']} | {number(one['median_ms'])} "
            f"| {number(low)} – {number(high)} | {number(one['median_ms'] / one['pairs'])} |"
        )
    return lines


def memory_table(results):
    """Peak memory."""
    if not results:
        return []
    lines = [
        "", f"## Peak memory, {results[0]['size']} × {results[0]['size']}, {results[0]['kind']}", "",
        "Resident memory of a fresh process that runs the method alone. Before: with program, "
        "libraries and inputs loaded.", "",
        "| Method | Before, MiB | At most, MiB | Added, MiB |", "|---|---:|---:|---:|",
    ]
    for one in results:
        before, peak = one["before_kib"] / 1024, one["peak_kib"] / 1024
        lines.append(f"| {one['method']} | {before:.1f} | {peak:.1f} | {peak - before:.1f} |")
    return lines


def number(value):
    """Three digits that count."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def ratio(one, name):
    """A ratio, if what it refers to ran."""
    return number(one[name]) if name in one else "–"


def excess(one):
    """In per cent, or what is wrong with the path."""
    if "wrong" in one:
        return one["wrong"]
    if "excess_percent" not in one:
        return "–"
    value = one["excess_percent"]
    return "0" if value == 0 else "< 0.0001" if value < 1e-4 else f"{value:.4f}"


def plot(file, results):
    """Time by size, both axes logarithmic, one panel a kind."""
    import matplotlib

    matplotlib.use("svg")
    # Text stays text: it can be searched, read aloud and set in another font.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "dtw"})
    import matplotlib.pyplot as plt

    ran = [one for one in results if one["variant"] == "whole" and "median_ms" in one]
    kinds = list(dict.fromkeys(one["kind"] for one in ran))
    figure, panels = plt.subplots(
        1, len(kinds), figsize=(1.5 + 5 * len(kinds), 5), sharey=True, squeeze=False,
        layout="constrained",
    )
    for panel, kind in zip(panels[0], kinds):
        for method in dict.fromkeys(one["method"] for one in ran):
            points = [one for one in ran if (one["kind"], one["method"]) == (kind, method)]
            panel.plot(
                [one["size"] for one in points], [one["median_ms"] for one in points],
                marker="o", markersize=3, label=method, linewidth=2.5 if method == "ours" else 1.2,
                linestyle="--" if method == "sgemm" else "-",
            )
        sizes = sorted({one["size"] for one in ran})
        panel.set(xscale="log", yscale="log", title=kind, xlabel="clips a side")
        panel.set_xticks(sizes, [str(size) for size in sizes])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("milliseconds from raw rows to the path")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside right upper")
    figure.savefig(file, metadata={"Date": None})
