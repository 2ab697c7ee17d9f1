"""Whole processes on PBMC3k: scbaseline beside the plain script, in turn, as a table and a figure.

``python benchmarks/pbmc3k.py FILE.h5ad [--repeats 3] [--figure PNG] [--csv CSV]``. A cold process
finds no compiled Python and no compiled numba code: both caches are new, empty folders. Ratios are
of runs that followed each other, so that a busy machine weighs on both.
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
LIKE = ["--protocol", "published", "--recipe", "pca", "--recipe", "hvg"]
LIKE += ["--recipe", "hvg-earlystop"]


def main() -> None:
    """Run everything in turn, print the table, write the figure and the tidy results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--figure")
    parser.add_argument("--csv")
    arguments = parser.parse_args()
    run = [sys.executable, "-m", "scbaseline", "run", arguments.file, "-q", "--out"]
    stock = [sys.executable, "-W", "ignore", str(HERE / "stock.py"), arguments.file]
    commands = {"stock.py": stock, "like for like": [*run, "OUT", *LIKE], "default run": [*run]}
    rows = []
    for threads in (None, 1):
        for state in ("warm", "cold"):
            if state == "cold" and threads == 1:
                continue
            for repeat in range(arguments.repeats + (state == "warm")):
                for name, command in commands.items():
                    figures = _timed(command, cold=state == "cold", threads=threads)
                    if state == "cold" or repeat > 0:  # the first warm run fills the caches
                        how = "default" if threads is None else "1"
                        rows.append({"command": name, "state": state, "threads": how, **figures})
                        print(rows[-1], file=sys.stderr)
    _print(rows)
    if arguments.csv:
        with Path(arguments.csv).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    if arguments.figure:
        _draw(rows, arguments.figure)


def _timed(command: list[str], *, cold: bool, threads: int | None) -> dict[str, float]:
    """Run one process; return its wall and processor seconds and its peak memory in GiB."""
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ)
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
        if "OUT" not in command:
            words.append(f"{folder}/out")
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
    print("| state | threads | command | seconds | CPU-seconds | peak GiB | stock ÷ it, seconds |")
    print("|---" * 7 + "|")
    for state, threads in dict.fromkeys((row["state"], row["threads"]) for row in rows):
        mine = [row for row in rows if (row["state"], row["threads"]) == (state, threads)]
        stock = np.array([row["seconds"] for row in mine if row["command"] == "stock.py"])
        for name in dict.fromkeys(row["command"] for row in mine):
            one = {
                key: np.array([row[key] for row in mine if row["command"] == name])
                for key in ("seconds", "cpu_seconds", "peak_gib")
            }
            cells = [_spread(values) for values in one.values()]
            print(
                f"| {state} | {threads} | {name} | {' | '.join(cells)} |"
                f" {_spread(stock / one['seconds'])} |"
            )


def _spread(values: np.ndarray) -> str:
    return f"{np.median(values):.2f} ({values.min():.2f}–{values.max():.2f})"


def _draw(rows: list[dict[str, object]], path: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.2), dpi=150, layout="constrained")
    ax = figure.subplots()
    kinds = list(dict.fromkeys((row["state"], row["threads"]) for row in rows))
    names = list(dict.fromkeys(row["command"] for row in rows))
    for shift, (name, colour) in enumerate(
        zip(names, ("#999999", "#3f90da", "#e76300"), strict=True)
    ):
        for place, kind in enumerate(kinds):
            values = [
                row["seconds"]
                for row in rows
                if row["command"] == name and (row["state"], row["threads"]) == kind
            ]
            x = place + 0.25 * (shift - 1)
            ax.bar(x, np.median(values), 0.22, color=colour, label=name if place == 0 else None)
            ax.plot([x] * len(values), values, "k.", ms=3)
    words = [
        f"{state}, {threads} thread{'s' if threads != '1' else ''}" for state, threads in kinds
    ]
    ax.set_xticks(range(len(kinds)), words)
    ax.set_ylabel("seconds, whole process")
    ax.set_title("PBMC3k: the plain script and scbaseline", loc="left", size=11)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    figure.savefig(path)


if __name__ == "__main__":
    main()
