"""What training from disk takes as the file grows: time per cell and peak memory.

``python benchmarks/from_disk.py [--cells 10000 50000 200000] [--genes 20000] [--repeats 1]
[--compression gzip]`` writes simulated counts into a temporary .h5ad, and times ``scbaseline
train --from-disk`` on it in a process of its own, stage by stage. ``--compare`` instead times
the epochs of one network, with the counts in memory, in the file of all genes, and in the
spill of the chosen ones (pages warm), in turns. Peak memory is the system's own accounting of
the process (Linux).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import simulated

from scbaseline import RunConfig
from scbaseline.ahead import ahead
from scbaseline.cells.space import fit_feature_space
from scbaseline.counts import Counts
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts
from scbaseline.learn.examples import Examples, TrainingCells
from scbaseline.learn.recipes import RECIPES
from scbaseline.spill import Spill

_TRAINING = """
import json, resource, sys
from scbaseline import RunConfig, train
from scbaseline.data.read import open_counts

base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
config = RunConfig(label_key="cell_type", recipe=("hvg-earlystop",), min_genes=50, device="cpu")
with open_counts(sys.argv[1]) as adata:
    training = train(adata, config)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
score = training.evidence.score("inductive", "hvg-earlystop", "accuracy").value
print(json.dumps(dict(
    stages=[(s.stage, s.seconds) for s in training.timings.stages],
    peak=peak / 2**20, base=base / 2**20, accuracy=score,
    epochs=training.classifier.card.kept_epoch + 5,
)))
"""


def main() -> None:
    """Print the table, or the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--folder", help="for temporary files; by default the system's")
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--compression", choices=("gzip", "lzf"), help="as most public files are")
    arguments = parser.parse_args()
    for n_cells in arguments.cells:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            path = Path(folder) / "cells.h5ad"
            simulated.write(path, n_cells, arguments.genes, compression=arguments.compression)
            size = path.stat().st_size / 2**30
            print(f"{n_cells:,} cells × {arguments.genes:,} genes, {size:.2f} GiB on disk")
            for _ in range(arguments.repeats):
                (compare if arguments.compare else grow)(path, n_cells)


def grow(path: Path, n_cells: int) -> None:
    """Print what each stage of a whole training takes."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _TRAINING, path], check=True, stdout=subprocess.PIPE
    )
    seconds = time.perf_counter() - start
    result = json.loads(done.stdout.splitlines()[-1])
    for stage, taken in result["stages"]:
        print(f"  {taken:8.1f} s  {1e6 * taken / n_cells:8.0f} µs per cell  {stage}")
    print(
        f"  {seconds:8.1f} s  {1e6 * seconds / n_cells:8.0f} µs per cell  in all; peak memory "
        f"{result['peak']:.2f} GiB, of which {result['base']:.2f} before the file was opened; "
        f"{result['epochs']} epochs at most, accuracy {result['accuracy']:.3f}",
        flush=True,
    )


def compare(path: Path, n_cells: int, *, epochs: int = 3) -> None:
    """Print the rate of training with counts in memory, on disk and in the spill."""
    config = RunConfig(threads=1, device="cpu")
    hvg = RECIPES["hvg"]
    recipe = replace(hvg, settings=hvg.settings | {"max_epochs": epochs})
    rng = np.random.default_rng(0)
    with open_counts(path) as adata, Spill(counts := stream_counts(adata).counts()) as spill:
        codes_n = adata.obs["cell_type"].cat.codes.to_numpy().astype(np.int64)
        is_training = rng.random(n_cells) < 0.64
        training = counts.rows(is_training)
        space = fit_feature_space(training, config)
        cells = Examples(space.scale(Counts(adata.X[:], counts.total_n)), codes_n)
        train, held_out = cells.rows(np.flatnonzero(is_training)), np.flatnonzero(~is_training)
        watched = cells.rows(held_out[:5000])
        sample = train.rows(np.arange(min(5000, len(train.codes_n))))

        start = time.perf_counter()
        spill.write({"hvg": space.genes_g})
        print(f"  the spill: {n_cells / (time.perf_counter() - start):8,.0f} cells per second")

        def blocks(cells: Counts, genes_g: np.ndarray | None) -> Iterator[Examples]:
            training_codes_n = codes_n[is_training]
            for rows_n, counts_ng, total_n in cells.shuffled(rng, genes_g):
                x = space.scale_chosen(counts_ng, total_n)
                yield Examples(x, training_codes_n[rows_n])

        spilled = spill.counts["hvg"].rows(is_training)
        ways = {
            "in memory": TrainingCells(train),
            "from disk": TrainingCells(sample, lambda: ahead(blocks(training, space.genes_g))),
            "from the spill": TrainingCells(sample, lambda: ahead(blocks(spilled, None))),
        }
        rates: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(3):
            for name, cells_of_way in ways.items():
                wall, cpu = time.perf_counter(), time.process_time()
                learnt = recipe.fit(
                    cells_of_way, watched, n_labels=simulated.N_TYPES, config=config, seed=0
                )
                taken = time.process_time() - cpu, time.perf_counter() - wall
                n = epochs * len(train.codes_n)
                rates[name].append((n / taken[0], n / taken[1]))
                print(
                    f"  {name}: {n / taken[0]:8,.0f} cells per CPU-second, {n / taken[1]:8,.0f} "
                    f"per second, accuracy {learnt.curve.history[-1].held_out_accuracy:.3f}"
                )
    for k, what in enumerate(("CPU-second", "second")):
        for name, base in (
            ("from disk", "in memory"),
            ("from the spill", "in memory"),
            ("from the spill", "from disk"),
        ):
            ratios = [w[k] / b[k] for w, b in zip(rates[name], rates[base], strict=True)]
            print(
                f"  {name} / {base}, cells per {what}: {np.median(ratios):.2f} "
                f"[{min(ratios):.2f}, {max(ratios):.2f}]",
                flush=True,
            )


if __name__ == "__main__":
    main()
