"""What a training by several ranks is made of, part by part, and what that gives for more.

``python benchmarks/ranks.py [--cells 50000] [--genes 20000] [--ranks 2]`` writes simulated
counts into a temporary .h5ad, times each part of ``scbaseline train`` with ``hvg-earlystop``
on one rank, and one sum over ranks of each size that occurs, by gloo on this machine. From
these it reckons the time of 10 and 100 million cells on 1, 8 and 64 ranks. A prediction
(``ranks_prediction.py``) is timed on one rank, on half of the ranks, and on all. ``docs/scale.md``
shows what it printed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import ranks_prediction
import simulated

from scbaseline import RunConfig
from scbaseline.ahead import ahead
from scbaseline.cells.qc import filter_cells
from scbaseline.cells.space import fit_feature_space
from scbaseline.data.fingerprint import fingerprint_of_blocks
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts
from scbaseline.learn.examples import Examples, TrainingCells
from scbaseline.learn.loop import logits
from scbaseline.learn.recipes import RECIPES
from scbaseline.spill import Spill
from scbaseline.study.labels import labels_from_column
from scbaseline.study.split import TEST, TRAINING, split_cells

CONFIG = RunConfig(label_key="cell_type", min_genes=50, device="cpu", threads=1)
RECIPE = RECIPES["hvg-earlystop"]
EPOCHS = 15  # that a training of many cells takes, the last five without getting better
LINE = 1.25e9  # bytes per second between machines: 10 Gbit/s
DELAY = 50e-6  # seconds until a message between machines arrives


def main() -> None:
    """Print the parts, then the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=50_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--sums", type=int, nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.sums:
        time_sums(arguments.sums)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.h5ad"
        simulated.write(path, arguments.cells, arguments.genes)
        n_bytes = path.stat().st_size / arguments.cells
        parts, n_weights = time_parts(path)
        predicted = ranks_prediction.measure(path, Path(folder), n_ranks=arguments.ranks)
    print(f"{arguments.cells:,} cells × {arguments.genes:,} genes, {n_bytes:,.0f} bytes a cell")
    for name, seconds in parts.items():
        print(f"  {1e6 * seconds:8.1f} µs per cell  {name}")
    sizes = {
        "gradients of a step": 4 * (n_weights + 1),
        "moments of genes": 5 * 8 * arguments.genes,
        "Gram matrix": 8 * CONFIG.n_top_genes**2,
    }
    print(f"one sum over {arguments.ranks} ranks on this machine (gloo)")
    for (name, size), seconds in zip(
        sizes.items(), sums_by_torchrun(arguments.ranks, list(sizes.values())), strict=True
    ):
        print(f"  {1e3 * seconds:8.2f} ms  {size / 2**20:6.2f} MiB  {name}")
    extrapolate(parts, n_bytes, sizes)
    ranks_prediction.show(predicted, arguments.cells, n_bytes)


def time_parts(path: Path) -> tuple[dict[str, float], int]:
    """Return the seconds that a cell takes in each part, and the number of weights."""
    seconds: dict[str, float] = {}

    def timed(name: str, call: Callable[[], Any], *, n_cells: int = 0) -> Any:
        start = time.perf_counter()
        result = call()
        seconds[name] = (time.perf_counter() - start) / (n_cells or n_all)
        return result

    n_all = 1
    with open_counts(path) as adata:
        n_all = adata.n_obs
        stream = timed("check, shared", lambda: stream_counts(adata))
        counts = stream.counts()
        tables = {"obs": stream.obs, "var": stream.var}
        cells = timed("quality control, shared", lambda: filter_cells(counts, CONFIG, **tables))
        timed("sum of all counts, shared", lambda: sum(c.sum() for c, _ in counts.blocks()))
        timed(
            "fingerprint, rank 0 alone",
            lambda: fingerprint_of_blocks(
                lambda: (c for c, _ in counts.blocks()),
                cells.metrics["n_genes_by_counts"].to_numpy(),
                stream.var,
            ),
        )
        labels = timed("labels, every rank", lambda: labels_from_column(adata.obs, CONFIG))
        split = timed("split, every rank", lambda: split_cells(labels.codes_n, CONFIG))
        train, test = split.rows(TRAINING), split.rows(TEST)
        with Spill(counts) as spill:

            def keep(genes_g: np.ndarray) -> Any:
                spill.write({"hvg": genes_g})
                return spill.counts["hvg"].rows(train)

            space = timed(
                "genes, spill and components, shared",
                lambda: fit_feature_space(counts.rows(train), CONFIG, keep=keep),
            )
            chosen, rng = spill.counts["hvg"].rows(train), np.random.default_rng(0)

            def blocks() -> Any:
                for rows_n, counts_ng, total_n in chosen.shuffled(rng):
                    x = space.scale_chosen(counts_ng, total_n)
                    yield Examples(x, labels.codes_n[train[rows_n]])

            few = spill.counts["hvg"].rows(test[:2000])
            watched = Examples(
                space.scale_chosen(few.counts_ng, few.total_n), labels.codes_n[test[:2000]]
            )
            training = TrainingCells(watched, lambda: ahead(blocks()))

            def fit(n_epochs: int) -> Any:
                recipe = replace(
                    RECIPE, settings=RECIPE.settings | {"max_epochs": n_epochs, "patience": 99}
                )
                return recipe.fit(
                    training, watched, n_labels=len(labels.names), config=CONFIG, seed=0
                )

            timed("one", lambda: fit(1), n_cells=len(train))
            learnt = timed("three", lambda: fit(3), n_cells=len(train))
            epoch = (seconds.pop("three") - seconds.pop("one")) / 2
            seconds["an epoch, shared, per training cell"] = epoch
            held_out = spill.counts["hvg"].rows(test)
            timed(
                "prediction, shared, per test cell",
                lambda: [
                    logits(learnt.module, space.scale_chosen(*block)) for block in held_out.blocks()
                ],
                n_cells=len(test),
            )
    return seconds, sum(p.numel() for p in learnt.module.parameters())


def sums_by_torchrun(n_ranks: int, sizes: list[int]) -> list[float]:
    """Return the seconds of one sum of each size."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(n_ranks), __file__, "--sums", *map(str, sizes)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    seconds: list[float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def time_sums(sizes: list[int]) -> None:
    """Print, as one of the ranks, the median seconds of a sum of each size."""
    import torch
    import torch.distributed as dist

    dist.init_process_group("gloo")
    medians = []
    for size in sizes:
        values = torch.ones(size // 4)
        taken = []
        for _ in range(21):
            dist.barrier()
            start = time.perf_counter()
            dist.all_reduce(values)
            taken.append(time.perf_counter() - start)
        medians.append(float(np.median(taken)))
    if dist.get_rank() == 0:
        print(json.dumps(medians))
    dist.destroy_process_group()


def extrapolate(parts: dict[str, float], n_bytes: float, sizes: dict[str, int]) -> None:
    """Print what the parts give for more cells and ranks, on machines joined by a line."""
    share_training = 1 - CONFIG.test_fraction - CONFIG.validation_fraction
    print(f"reckoned: {EPOCHS} epochs, batches of {CONFIG.batch_size} a rank, 10 Gbit/s, 50 µs")
    print("| cells | ranks | GiB read | GiB summed | shared s | waiting s | alone s | hours |")
    print("|---|---|---|---|---|---|---|---|")
    for n_cells in (10**7, 10**8):
        for n_ranks in (1, 8, 64):
            shared = sum(parts[name] for name in parts if name.endswith("shared"))
            shared += EPOCHS * share_training * parts["an epoch, shared, per training cell"]
            shared += CONFIG.test_fraction * parts["prediction, shared, per test cell"]
            alone = sum(s for name, s in parts.items() if name.endswith(("alone", "every rank")))
            n_steps = EPOCHS * share_training * n_cells / (CONFIG.batch_size * n_ranks)
            size = sizes["gradients of a step"]
            # A ring passes each byte twice, but for the own share of it.
            ring = 2 * (n_ranks - 1) / n_ranks * size / LINE + 2 * (n_ranks - 1) * DELAY
            summed = n_steps * size * (n_ranks > 1) + sizes["Gram matrix"]
            times = (shared * n_cells / n_ranks, n_steps * ring, alone * n_cells)
            # Check, quality control, sum, genes, spill, coverage; and on rank 0 the fingerprint.
            passes = 6 / n_ranks + 2
            print(
                f"| {n_cells // 10**6} M | {n_ranks} | {passes * n_bytes * n_cells / 2**30:,.0f} | "
                f"{summed / 2**30:,.0f} | "
                + " | ".join(f"{t:,.0f}" for t in times)
                + f" | {sum(times) / 3600:.1f} |"
            )


if __name__ == "__main__":
    main()
