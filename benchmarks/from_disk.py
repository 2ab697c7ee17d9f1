"""What training from disk takes as the file grows: time per cell and peak memory.

``python benchmarks/from_disk.py [--cells 10000 50000 200000] [--genes 20000] [--repeats 1]``
writes simulated counts into a temporary .h5ad, and times ``scbaseline train --from-disk`` on
it in a process of its own, stage by stage. ``--compare`` instead times the epochs of one
network, with the counts in memory and on disk (its pages warm), in turns. Peak memory is the
system's own accounting of the process (Linux).
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

from scbaseline import RunConfig, fit_network
from scbaseline.cells.space import RowsOf, fit_feature_space_from
from scbaseline.data.read import open_counts
from scbaseline.data.shuffled import ahead, shuffled_blocks
from scbaseline.data.stream import stream_counts
from scbaseline.learn.loop import Examples, Fit, fit_network_on_blocks
from scbaseline.learn.recipes import RECIPES

_ONE = """
import json, resource, sys
from scbaseline import RunConfig
from scbaseline.data.read import open_counts
from scbaseline.study.from_disk import train_from_disk

base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
config = RunConfig(label_key="cell_type", recipe=("hvg-earlystop",), min_genes=50, device="cpu")
with open_counts(sys.argv[1]) as adata:
    training = train_from_disk(adata, config)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
score = training.evaluations["hvg-earlystop"].score("accuracy").value
print(json.dumps(dict(
    timings=training.timings, peak=peak / 2**20, base=base / 2**20, accuracy=score,
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
    arguments = parser.parse_args()
    for n_cells in arguments.cells:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            path = Path(folder) / "cells.h5ad"
            simulated.write(path, n_cells, arguments.genes)
            size = path.stat().st_size / 2**30
            print(f"{n_cells:,} cells × {arguments.genes:,} genes, {size:.2f} GiB on disk")
            for _ in range(arguments.repeats):
                (compare if arguments.compare else grow)(path, n_cells)


def grow(path: Path, n_cells: int) -> None:
    """Print what each stage of a whole training takes."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _ONE, path], check=True, stdout=subprocess.PIPE)
    seconds = time.perf_counter() - start
    found = json.loads(done.stdout.splitlines()[-1])
    for stage, taken in found["timings"].items():
        print(f"  {taken:8.1f} s  {1e6 * taken / n_cells:8.0f} µs per cell  {stage}")
    print(
        f"  {seconds:8.1f} s  {1e6 * seconds / n_cells:8.0f} µs per cell  in all; peak memory "
        f"{found['peak']:.2f} GiB, of which {found['base']:.2f} before the file was opened; "
        f"{found['epochs']} epochs at most, accuracy {found['accuracy']:.3f}",
        flush=True,
    )


def compare(path: Path, n_cells: int, *, epochs: int = 3) -> None:
    """Print the rate of training with counts in memory and on disk."""
    config = RunConfig(threads=1, device="cpu")
    recipe = replace(RECIPES["hvg"], max_epochs=epochs, extra_epochs=0)
    rng = np.random.default_rng(0)
    with open_counts(path) as adata:
        stream = stream_counts(adata)
        codes_n = adata.obs["cell_type"].cat.codes.to_numpy().astype(np.int64)
        is_training = rng.random(n_cells) < 0.64
        space = fit_feature_space_from(RowsOf(stream, is_training), config)
        counts_ng = adata.X[:]
        total_n = np.asarray(counts_ng.sum(axis=1), dtype=np.float64).ravel()
        cells = Examples(space.scale(counts_ng, total_n), codes_n)
        train, held_out = cells.rows(np.flatnonzero(is_training)), np.flatnonzero(~is_training)
        watched = cells.rows(held_out[:5000])
        sample = train.rows(np.arange(min(5000, len(train.codes_n))))

        def blocks() -> Iterator[Examples]:
            for block in shuffled_blocks(stream, is_training, genes_g=space.genes_g, rng=rng):
                x = space.scale_chosen(block.counts_ng, block.total_n)
                yield Examples(x, codes_n[block.rows_n])

        def from_disk() -> Fit:
            return fit_network_on_blocks(
                recipe,
                lambda: ahead(blocks()),
                sample=sample,
                held_out=watched,
                n_labels=simulated.N_TYPES,
                config=config,
            )

        def in_memory() -> Fit:
            return fit_network(recipe, train, watched, n_labels=simulated.N_TYPES, config=config)

        rates: dict[str, list[tuple[float, float]]] = {"in memory": [], "from disk": []}
        for _ in range(3):
            for name, train_it in (("in memory", in_memory), ("from disk", from_disk)):
                wall, cpu = time.perf_counter(), time.process_time()
                fit = train_it()
                taken = time.process_time() - cpu, time.perf_counter() - wall
                n = epochs * len(train.codes_n)
                rates[name].append((n / taken[0], n / taken[1]))
                print(
                    f"  {name}: {n / taken[0]:8,.0f} cells per CPU-second, {n / taken[1]:8,.0f} "
                    f"per second, accuracy {fit.history[-1].held_out_accuracy:.3f}"
                )
    for k, what in enumerate(("CPU-second", "second")):
        ratios = [d[k] / m[k] for m, d in zip(*rates.values(), strict=True)]
        print(
            f"  from disk / in memory, cells per {what}: {np.median(ratios):.2f} "
            f"[{min(ratios):.2f}, {max(ratios):.2f}]",
            flush=True,
        )


if __name__ == "__main__":
    main()
