"""What a prediction by several ranks is made of; ``benchmarks/ranks.py`` prints it.

Each number of ranks is started by torchrun, or alone, and rank 0 says how long each part took
from the moment when all had joined. One file comes out each time; they are compared byte by byte.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

import scbaseline as sb
from scbaseline import Classifier, RunConfig
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts
from scbaseline.learn.ranks import open_ranks
from scbaseline.model.options import PredictOptions
from scbaseline.model.query import predict_query
from scbaseline.ranks import ALONE, launched
from scbaseline.report.predictions import write_predictions

RECIPE = "robust"
SHARED = ("check, model's genes kept", "labels, probabilities, scores, sets")
ALONE_PARTS = ("one table on all ranks, doubt", "writing .csv, rank 0")
TRAINED_ON = 2000


def measure(path: Path, folder: Path, *, n_ranks: int) -> dict[int, dict[str, float]]:
    """Return the seconds of each part, by the number of ranks.

    Parameters
    ----------
    path
        Cells to predict; the model learns from the first of them.
    folder
        Where model and predictions are written.
    n_ranks
        The most ranks that are started; half of them, and one alone, are, too.
    """
    model = folder / "model.safetensors"
    config = RunConfig(label_key="cell_type", min_genes=50, device="cpu", threads=1, folds=2)
    with open_counts(path) as adata:
        sample = adata[:TRAINED_ON].to_memory()
    sb.train(sample, config, recipe=(RECIPE,)).classifier.save(model)
    seconds, outs = {}, []
    for n in sorted({1, max(2, n_ranks // 2), n_ranks}):
        outs.append(folder / f"{n}.csv")
        start = [sys.executable]
        if n > 1:
            start += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n)]
        command = [*start, __file__, model, path, outs[-1]]
        done = subprocess.run(
            [*map(str, command)], check=True, stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        seconds[n] = json.loads(done.stdout.splitlines()[-1])
        if outs[-1].read_bytes() != outs[0].read_bytes():
            raise SystemExit(f"{n} ranks wrote another file than one process")
    return seconds


def show(seconds: dict[int, dict[str, float]], n_cells: int, n_bytes: float) -> None:
    """Print the parts, and what they give for more cells and ranks."""
    print(f"prediction, {RECIPE}, µs per cell, from when the ranks have joined")
    print("| part | " + " | ".join(f"{n} ranks" for n in seconds) + " |")
    print("|---" * (len(seconds) + 1) + "|")
    for part in (*SHARED, *ALONE_PARTS):
        row = " | ".join(f"{1e6 * of[part] / n_cells:.1f}" for of in seconds.values())
        print(f"| {part} | {row} |")
    one, most = seconds[1], seconds[max(seconds)]
    shared = sum(one[part] for part in SHARED) / n_cells
    alone = sum(most[part] for part in ALONE_PARTS) / n_cells
    print("| cells | ranks | GiB read by each | shared s | alone s | hours |")
    print("|---|---|---|---|---|---|")
    for cells in (10**7, 10**8):
        for n in (1, 8, 64):
            times = shared * cells / n, alone * cells
            read = n_bytes * cells / n / 2**30
            print(
                f"| {cells // 10**6} M | {n} | {read:,.1f} | {times[0]:,.0f} | {times[1]:,.0f} | "
                f"{sum(times) / 3600:.1f} |"
            )


def predict(model: Path, path: Path, out: Path) -> None:
    """Predict as one of the ranks, or alone; rank 0 prints the seconds of each part."""
    with open_ranks("prediction") if launched() else nullcontext(ALONE) as ranks:
        classifier, times = Classifier.load(model), [time.perf_counter()]

        def passing(blocks: Any) -> Iterator[Any]:
            yield from blocks
            ranks.sum(np.zeros(1))  # the slowest rank's time is that of all
            times.append(time.perf_counter())

        with open_counts(path) as adata:
            stream = stream_counts(adata, ranks=ranks, model_genes=classifier.card.genes)
            times.append(time.perf_counter())
            labelled = predict_query(classifier, stream, PredictOptions(), passing=passing)
        times.append(time.perf_counter())
        if ranks.rank == 0:
            write_predictions(labelled.blocks, out)
            times.append(time.perf_counter())
            parts = zip((*SHARED, *ALONE_PARTS), times, times[1:], strict=False)
            print(json.dumps({part: stop - begin for part, begin, stop in parts}), flush=True)


if __name__ == "__main__":
    predict(*map(Path, sys.argv[1:]))
