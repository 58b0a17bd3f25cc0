"""Makes what the documents say about overhead from `history.jsonl`: ``python -m benchmarks.overhead_pages``.

README.md and docs/overhead.md show the newest run on TensorFlow that has everything, docs/backends.md the newest ones
on JAX and PyTorch; docs/performance-history.md shows all runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.history import Entry, Numbers, newest, read_history
from tools.pages import put

__all__ = [
    "COMMAND",
    "HISTORY_PAGE",
    "backend_table",
    "complete",
    "growth_table",
    "history_page",
    "overhead_tables",
    "readme_table",
]

ROOT = Path(__file__).parent.parent
COMMAND = "python -m benchmarks.overhead_pages"
HISTORY_PAGE = ROOT / "docs" / "performance-history.md"
CHART = ROOT / "docs" / "images" / "performance-history.svg"
_HISTORY = """# Performance history

<!-- Written by `python -m benchmarks.overhead_pages`. -->

Every run of `python -m benchmarks.bench_overhead` is a line of `benchmarks/history.jsonl`, with its commit, machine and
versions. This page shows the CPU time of training with `InputDiagnostics`, as a ratio to training without a callback,
with its 95 % confidence interval. [overhead.md](overhead.md) has the newest run with all workloads, and says how it is
measured. Compare runs on the same machine only.

![CPU time of InputDiagnostics, by commit](images/performance-history.svg)

"""
_WORKLOADS = {
    "mlp": "MLP, MNIST, batch 32",
    "cnn": "CNN, MNIST, batch 128",
    "cnn-jit": "CNN, `jit_compile=True`",
    "mobilenet": "MobileNetV2, 96x96, batch 16",
    "text": "Text, attention, batch 32",
    "text-jit": "Text, `jit_compile=True`",
    "table": "Table of 1,000 columns, batch 64",
}
_COLUMNS = {
    "empty": "empty callback with `on_train_batch_end`",
    "ours": "**InputDiagnostics**",
    "every1": "**InputDiagnostics(every=1)**",
    "every1-stop": "InputDiagnostics(every=1, stop_on='ERROR')",
    "tb": "TensorBoard()",
    "tb-batch": "TensorBoard(update_freq='batch')",
    "tb-hist": "TensorBoard(histogram_freq=1)",
    "debugger": "Debugger V2, CURT_HEALTH",
    "numerics": "enable_check_numerics()",
    "tape": "gradients again, with a tape",
    "hooks": "a hook on each weight that keeps its gradient's norm",
}
_README_WORKLOADS = "mlp", "cnn", "cnn-jit", "mobilenet", "text"
_README_COLUMNS = "ours", "tb", "every1", "tb-hist", "debugger", "tape"
_BACKEND_WORKLOADS = "mlp", "cnn", "text", "table"
_BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
OTHER_BACKENDS = "jax", "torch"
"""Those that docs/backends.md has a table for."""
_Row = dict[str, Numbers]


def stamp(entry: Entry) -> str:
    """Returns when, on which commit and where a run was made."""
    machine, versions = entry.machine, entry.versions
    return (
        f"{entry.date[:10]}, commit {_commit(entry)}; {machine['cores']} cores ({machine['cpu']}), "
        f"load {float(machine['load']):.1f} before it, no GPU; Python {versions['python']}, "
        f"Keras {versions['keras']}, {_software(entry)}"
    )


def made(entry: Entry) -> str:
    """Returns when and on which commit a run was made, as `tools.pages.stamp` does."""
    return f"{entry.date[:10]}, commit {entry.commit[:10]}"


def complete(entries: Sequence[Entry]) -> Entry | None:
    """Returns the newest run on TensorFlow that has all that README.md shows."""
    return newest(entries, "tensorflow", list(_WORKLOADS), _README_COLUMNS)


def complete_on(entries: Sequence[Entry], backend: str) -> Entry | None:
    """Returns the newest run on JAX or PyTorch that has all that docs/backends.md shows."""
    return newest(entries, backend, _BACKEND_WORKLOADS, ("none", "ours", "every1", "tb"))


def readme_table(entry: Entry) -> str:
    """Returns the table of README.md."""
    names = [name for name in _README_WORKLOADS if name in entry.workloads]
    rows = [entry.workloads[name] for name in names]
    titles = [
        f"{_WORKLOADS[name].split(',')[0]}, {_number(row['none'], 'step_ms'):.0f} ms"
        for name, row in zip(names, rows, strict=True)
    ]
    titles = [
        title if "jit" not in name else f"{title}, `jit_compile=True`"
        for title, name in zip(titles, names, strict=True)
    ]
    lines = [
        "Ratios to the time of the same training run without a callback, with 95 % confidence intervals. "
        f"{stamp(entry)}.",
        "*fails*: TensorFlow's debuggers do not run with XLA.",
        "",
        *_head("", titles),
        *(_line(_COLUMNS[column], [_ratio(row, column, "wall") for row in rows]) for column in _README_COLUMNS),
        _line("first step of all", [f"{_compared(row, 'first_s'):.2f}" for row in rows]),
        _line("peak memory", [f"{_compared(row, 'peak_mb'):.2f}" for row in rows]),
        _line("bytes of log a sample", [f"{_number(row['every1'], 'bytes_a_sample'):,.0f}" for row in rows]),
    ]
    return "\n".join(lines)


def overhead_tables(entry: Entry) -> str:
    """Returns the tables of docs/overhead.md."""
    names = [name for name in _WORKLOADS if name in entry.workloads]
    rows = [entry.workloads[name] for name in names]
    titles = [_WORKLOADS[name] for name in names]
    columns = [column for column in _COLUMNS if any(column in row for row in rows)]
    facts: dict[str, Callable[[_Row], str]] = {
        "first step, ratio": lambda row: f"{_compared(row, 'first_s'):.2f}",
        "first step, seconds more": lambda row: (
            f"{_number(row['ours'], 'first_s') - _number(row['none'], 'first_s'):.1f}"
        ),
        "peak memory, ratio": lambda row: f"{_compared(row, 'peak_mb'):.2f}",
        "peak memory without, MB": lambda row: _range(row["none"]),
        "peak memory with, MB": lambda row: _range(row["ours"]),
        "processes": lambda row: f"{_number(row['ours'], 'groups'):.0f}",
        "rounds": lambda row: f"{_number(row['ours'], 'rounds'):.0f}",
        "share of all time, by its own count": lambda row: f"{100 * _number(row['ours'], 'own_share'):.1f} %",
        "log bytes a sample (every=1)": lambda row: f"{_number(row['every1'], 'bytes_a_sample'):,.0f}",
        "log bytes once: facts, alerts, thumbnails": lambda row: f"{_number(row['every1'], 'bytes_once'):,.0f}",
    }
    lines = [
        f"{stamp(entry)}. {entry.minutes:.0f} minutes.",
        "",
        "Wall time, as a ratio to training without a callback, with its 95 % confidence interval:",
        "",
        *_head("", titles),
        _line("step without a callback", [f"{_number(row['none'], 'step_ms'):.1f} ms" for row in rows]),
        *(_line(_COLUMNS[column], [_ratio(row, column, "wall") for row in rows]) for column in columns),
        "",
        "CPU time of all threads:",
        "",
        *_head("", titles),
        *(_line(_COLUMNS[column], [_ratio(row, column, "cpu") for row in rows]) for column in columns),
        "",
        *_head("InputDiagnostics", titles),
        *(_line(title, [fact(row) for row in rows]) for title, fact in facts.items()),
        "",
        f"`import tb_inputdiag`: {entry.other['import_ms']:.0f} ms, "
        f"{'without' if entry.other['import_is_light'] else 'with'} TensorFlow and Keras.",
    ]
    return "\n".join(lines)


def backend_table(entry: Entry) -> str:
    """Returns the table of docs/backends.md for a run on JAX or PyTorch."""
    names = [name for name in _WORKLOADS if name in entry.workloads]
    rows = [entry.workloads[name] for name in names]
    columns = [column for column in _COLUMNS if any(column in row for row in rows)]
    lines = [
        f"{stamp(entry)}. CPU time of all threads, as a ratio to training without a callback, with its 95 % confidence "
        "interval:",
        "",
        *_head("", [_WORKLOADS[name] for name in names]),
        _line("step without a callback", [f"{_number(row['none'], 'step_ms'):.1f} ms" for row in rows]),
        *(_line(_COLUMNS[column], [_ratio(row, column, "cpu") for row in rows]) for column in columns),
        _line("first step, ratio", [f"{_compared(row, 'first_s'):.2f}" for row in rows]),
        _line("peak memory, ratio", [f"{_compared(row, 'peak_mb'):.2f}" for row in rows]),
    ]
    return "\n".join(lines)


def growth_table(entry: Entry) -> str:
    """Returns how a sample grows with the batch and the model."""
    lines = [f"{stamp(entry)}.", "", *_head("growth", ["step, ms", "a sampled step adds, ms"])]
    lines += [_line(title, [f"{step:.2f}", f"{more:.2f}"]) for title, (step, more) in entry.growth.items()]
    other = entry.other
    lines += [
        "",
        f"A sample of Keras' ResNet50 ({other['resnet_weights']:.0f} trainable weights): "
        f"{other['resnet_bytes']:,.0f} bytes of log.",
    ]
    return "\n".join(lines)


def history_page(entries: Sequence[Entry]) -> str:
    """Returns docs/performance-history.md: all runs, newest first, a table for each backend."""
    lines: list[str] = []
    for backend, title in _BACKENDS.items():
        own = [entry for entry in entries if entry.backend == backend]
        names = [name for name in _WORKLOADS if any(name in entry.workloads for entry in own)]
        if not names:
            continue
        lines += [f"## {title}", "", *_head("", [_WORKLOADS[name] for name in names])]
        for entry in reversed(own):
            cells = [_ratio(entry.workloads.get(name, {}), "ours", "cpu") for name in names]
            machine = f"{entry.machine['cores']} x {entry.machine['cpu']}, load {float(entry.machine['load']):.1f}"
            lines.append(_line(f"{entry.date[:10]}, {_commit(entry)}, {_software(entry)}, {machine}", cells))
        lines.append("")
    return _HISTORY + "\n".join(lines)


def draw(entries: Sequence[Entry], path: Path) -> None:
    """Draws the CPU time of InputDiagnostics in all runs on TensorFlow, with intervals, a panel for each workload."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    # the same history makes the same file
    mpl.rcParams["svg.hashsalt"] = "performance-history"
    own = [entry for entry in entries if entry.backend == "tensorflow"]
    figure = Figure(figsize=(9, 5), layout="constrained")
    panels = figure.subplots(2, 4, sharey=True).flat
    for (name, title), axes in zip(_WORKLOADS.items(), panels, strict=False):
        points = [
            (place, numbers)
            for place, entry in enumerate(own)
            if isinstance(numbers := entry.workloads.get(name, {}).get("ours", {}).get("cpu"), list)
        ]
        for place, (mean, low, high) in points:
            known = low is not None and high is not None
            axes.errorbar(
                [place], [mean], [[mean - low], [high - mean]] if known else None, fmt="o", color="tab:orange"
            )
        axes.axhline(1, color="gray", linewidth=0.8)
        axes.set_title(title.replace("`", ""), fontsize=8)
        axes.set_xlim(-0.5, len(own) - 0.5)
        axes.set_xticks(range(len(own)), [entry.commit[:7] for entry in own], rotation=90, fontsize=6)
    for axes in panels:
        axes.set_axis_off()
    figure.supylabel("CPU time, ratio to no callback")
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Writes the documents."""
    entries = read_history()
    if not entries:
        raise SystemExit("benchmarks/history.jsonl has no run. Run python -m benchmarks.bench_overhead first.")
    HISTORY_PAGE.write_text(history_page(entries), encoding="utf-8")
    draw(entries, CHART)
    grown = [entry for entry in entries if entry.growth]
    if grown:
        put(ROOT / "docs" / "overhead.md", f"{COMMAND} (growth)", growth_table(grown[-1]), made(grown[-1]))
    for backend in OTHER_BACKENDS:
        if (found := complete_on(entries, backend)) is not None:
            put(ROOT / "docs" / "backends.md", f"{COMMAND} ({backend})", backend_table(found), made(found))
    shown = complete(entries)
    if shown is None:
        raise SystemExit("README.md and docs/overhead.md stay as they are: no run has all workloads and columns.")
    put(ROOT / "README.md", COMMAND, readme_table(shown), made(shown))
    put(ROOT / "docs" / "overhead.md", COMMAND, overhead_tables(shown), made(shown))


def _commit(entry: Entry) -> str:
    return f"`{entry.commit[:10]}`{' with changes' if entry.dirty else ''}"


def _software(entry: Entry) -> str:
    return f"{_BACKENDS[entry.backend]} {entry.versions.get(entry.backend, '')}"


def _head(first: str, titles: Sequence[str]) -> list[str]:
    return [_line(first, titles), "|---|" + "---|" * len(titles)]


def _line(first: str, cells: Sequence[str]) -> str:
    return f"| {first} | " + " | ".join(cells) + " |"


def _ratio(row: _Row, column: str, kind: str) -> str:
    if column not in row:
        return "–"
    found = row[column].get(kind)
    if not isinstance(found, list):
        return "fails"
    mean, low, high = found
    return f"{mean:.2f}" if low is None or high is None else f"{mean:.2f} ({low:.2f}-{high:.2f})"


def _number(numbers: Numbers, name: str) -> float:
    found = numbers[name]
    assert not isinstance(found, list)
    return found


def _compared(row: _Row, name: str) -> float:
    return _number(row["ours"], name) / _number(row["none"], name)


def _range(numbers: Numbers) -> str:
    found = numbers["peaks_mb"]
    assert isinstance(found, list)
    return f"{found[0]:.0f}-{found[1]:.0f}"


if __name__ == "__main__":
    main()
