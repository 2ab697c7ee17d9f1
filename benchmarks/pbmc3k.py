"""Whole processes on PBMC3k: scbaseline beside the plain script, in turn, as a table and a figure.

``python benchmarks/pbmc3k.py FILE.h5ad [--repeats 3] [--figure PNG] [--csv CSV]``. A cold process
finds no compiled Python and no compiled numba code: both caches are new, empty folders. Ratios are
of runs that followed each other, so that a busy machine slows both.

``--before DIR`` times the scbaseline of another checkout, too, and adds its ratios. ``--warm``
leaves out the cold runs and those on one thread. ``--audit`` adds ``scbaseline audit``.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
CHECKOUT = HERE.parent
LIKE = ["--protocol", "published", "--recipe", "pca", "--recipe", "hvg"]
LIKE += ["--recipe", "hvg-earlystop"]
BEFORE = ", before"
COLOURS = ("#999999", "#3f90da", "#e76300", "#832db6", "#a96b59", "#92dadd", "#717581")


def main() -> None:
    """Run everything in turn, print the table, write the figure and the tidy results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--figure")
    parser.add_argument("--csv")
    parser.add_argument("--before", type=Path, help="another checkout of scbaseline")
    parser.add_argument("--warm", action="store_true", help="warm, default threads only")
    parser.add_argument("--audit", action="store_true")
    arguments = parser.parse_args()
    commands = _commands(arguments.file, before=arguments.before, audit=arguments.audit)
    rows = []
    states = [("warm", None)] if arguments.warm else [("warm", None), ("cold", None), ("warm", 1)]
    for state, threads in states:
        for repeat in range(arguments.repeats + (state == "warm")):
            for name, (command, checkout) in commands.items():
                taken = _timed(command, checkout, cold=state == "cold", threads=threads)
                if state == "cold" or repeat > 0:  # the first warm run fills the caches
                    how = "default" if threads is None else "1"
                    rows.append({"command": name, "state": state, "threads": how, **taken})
                    print(rows[-1], file=sys.stderr)
    _print(rows)
    if arguments.csv:
        with Path(arguments.csv).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    if arguments.figure:
        _draw(rows, arguments.figure)


def _commands(
    file: str, *, before: Path | None, audit: bool
) -> dict[str, tuple[list[str], Path | None]]:
    """Return name → what is typed, and the checkout whose scbaseline it runs."""
    scbaseline = [sys.executable, "-m", "scbaseline"]
    run = [*scbaseline, "run", file, "-q", "--out", "OUT"]
    ours = {"like for like": [*run, *LIKE], "default run": run}
    if audit:
        ours["audit"] = [*scbaseline, "audit", file, "-q", "--out", "OUT"]
    stock = [sys.executable, "-W", "ignore", str(HERE / "stock.py"), file, "OUT"]
    commands: dict[str, tuple[list[str], Path | None]] = {"stock.py": (stock, None)}
    for name, command in ours.items():
        commands[name] = command, CHECKOUT
        if before is not None:
            commands[name + BEFORE] = command, before
    return commands


def _timed(
    command: list[str], checkout: Path | None, *, cold: bool, threads: int | None
) -> dict[str, float]:
    """Run one process; return its wall and processor seconds and its peak memory in GiB."""
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ)
        if checkout is not None:
            env["PYTHONPATH"] = str(checkout.resolve() / "src")
        if cold:
            env |= {
                "PYTHONPYCACHEPREFIX": f"{folder}/pyc",
                "NUMBA_CACHE_DIR": f"{folder}/numba",
                "MPLCONFIGDIR": f"{folder}/mpl",
            }
        if threads is not None:
            names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
            env |= dict.fromkeys((*names, "NUMBA_NUM_THREADS"), str(threads))
        words = [f"{folder}/out" if word == "OUT" else word for word in command]
        if threads is not None and "scbaseline" in words:
            words += ["--threads", str(threads)]
        # A process in between, so that its children's accounts hold this command alone.
        code = (
            "import json, resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True,"
            " stdout=subprocess.DEVNULL); u = resource.getrusage(resource.RUSAGE_CHILDREN);"
            " print(json.dumps([u.ru_utime + u.ru_stime, u.ru_maxrss / 2**20]))"
        )
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            env=env,
            check=True,
            capture_output=True,
            text=True,
        )
        wall = time.perf_counter() - start
    cpu, peak = map(float, done.stdout.strip().splitlines()[-1].strip("[]").split(","))
    return {"seconds": round(wall, 2), "cpu_seconds": round(cpu, 2), "peak_gib": round(peak, 3)}


def _print(rows: list[dict[str, object]]) -> None:
    commands = dict.fromkeys(row["command"] for row in rows)
    heads = ["state", "threads", "command", "seconds", "CPU-seconds", "peak GiB"]
    heads.append("stock ÷ it, seconds")
    if any(name.endswith(BEFORE) for name in commands):
        heads.append("before ÷ it, seconds")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for state, threads in dict.fromkeys((row["state"], row["threads"]) for row in rows):
        same = [row for row in rows if (row["state"], row["threads"]) == (state, threads)]
        seconds = {
            name: np.array([row["seconds"] for row in same if row["command"] == name])
            for name in commands
        }
        for name in commands:
            cells = [
                _spread(np.array([row[key] for row in same if row["command"] == name]))
                for key in ("seconds", "cpu_seconds", "peak_gib")
            ]
            cells.append(_spread(seconds["stock.py"] / seconds[name]))
            if len(heads) > len(cells) + 3:
                before = seconds.get(name + BEFORE)
                cells.append("" if before is None else _spread(before / seconds[name]))
            print(f"| {state} | {threads} | {name} | {' | '.join(cells)} |")


def _spread(values: np.ndarray) -> str:
    return f"{np.median(values):.2f} ({values.min():.2f}–{values.max():.2f})"


def _draw(rows: list[dict[str, object]], path: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.2), dpi=150, layout="constrained")
    ax = figure.subplots()
    kinds = list(dict.fromkeys((row["state"], row["threads"]) for row in rows))
    names = list(dict.fromkeys(row["command"] for row in rows))
    width = 0.75 / len(names)
    for shift, name in enumerate(names):
        colour = COLOURS[shift % len(COLOURS)]
        for place, kind in enumerate(kinds):
            values = [
                row["seconds"]
                for row in rows
                if row["command"] == name and (row["state"], row["threads"]) == kind
            ]
            x = place + width * (shift - (len(names) - 1) / 2)
            label = name if place == 0 else None
            ax.bar(x, np.median(values), 0.88 * width, color=colour, label=label)
            ax.plot([x] * len(values), values, "k.", ms=3)
    words = [
        f"{state}, {threads} thread{'s' if threads != '1' else ''}" for state, threads in kinds
    ]
    ax.set_xticks(range(len(kinds)), words)
    ax.set_ylabel("seconds, whole process")
    ax.set_title("PBMC3k: the plain script and scbaseline", loc="left", size=11)
    ax.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside right upper")
    figure.savefig(path)


if __name__ == "__main__":
    main()
