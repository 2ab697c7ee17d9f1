"""What a GPU brings to training, and what its precision costs.

``python benchmarks/gpu.py [--cells 20000] [--genes 2000] [--repeats 3]`` prints cells per second
of training on this machine's GPU, beside the CPU and beside a plain ``DataLoader`` loop on the
same GPU; it stops where torch finds none. Every way passes over simulated cells twice, and the
held-out accuracy stands beside its rate. The first pass of each, which compiles and allocates,
goes before the clock.

``python benchmarks/gpu.py --precision DATA [--seeds 0 1 2]`` needs no GPU. It trains ``robust`` on
the CPU with products in bfloat16, as a GPU multiplies in training, and with float32. It prints
the accuracy on other studies; DATA is that of ``benchmarks/cross_study.py``.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from training import N_LABELS, plain_network, simulate

from scbaseline import RunConfig
from scbaseline.learn.examples import Examples, TrainingCells
from scbaseline.learn.loop import logits
from scbaseline.learn.recipes import RECIPES

EPOCHS = 2
Way = Callable[[Examples, Examples], float]
"""Trains on cells, and gives the accuracy on others."""


def main() -> None:
    """Print one of the two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=20_000)
    parser.add_argument("--genes", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", type=Path, metavar="DATA")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    if given.precision:
        precision(given.precision, given.seeds)
    elif torch.cuda.is_available():
        rates(given.cells, given.genes, given.repeats)
    else:
        raise SystemExit("torch finds no GPU; nothing was measured")


def rates(n_cells: int, n_genes: int, repeats: int) -> None:
    """Print the rate of each way, in turns."""
    name = torch.cuda.get_device_name()
    print(f"{n_cells:,} cells × {n_genes:,} genes, torch {torch.__version__}, {name}\n")
    train, held_out = simulate(n_cells, n_genes, 105 / n_genes)
    ways: dict[str, Way] = {"DataLoader on the GPU, batch 64": loader}
    for size in (64, 256, 1024):
        for device in ("cuda", "cpu"):
            config = RunConfig(device=device, batch_size=size)
            ways[f"hvg, {device}, batch {size}"] = partial(ours, config)
    seen: dict[str, list[float]] = {way: [] for way in ways}
    accuracy = {}
    for way in ways.values():
        way(train.rows(np.arange(1000)), held_out)
    for _ in range(repeats):
        for way_name, way in ways.items():
            start = time.perf_counter()
            accuracy[way_name] = way(train, held_out)
            seen[way_name].append(EPOCHS * n_cells / (time.perf_counter() - start))
    first = np.array(next(iter(seen.values())))
    print("| training | cells per second (range) | ratio (range) | accuracy, held out |")
    print("|---|---|---|---|")
    for way_name, values in seen.items():
        ratio = np.array(values) / first
        print(
            f"| {way_name} | {np.median(values):,.0f} ({min(values):,.0f}–{max(values):,.0f}) | "
            f"{np.median(ratio):.1f} ({ratio.min():.1f}–{ratio.max():.1f}) | "
            f"{accuracy[way_name]:.3f} |"
        )


def ours(config: RunConfig, train: Examples, held_out: Examples) -> float:
    """Train with this package."""
    hvg = RECIPES["hvg"]
    recipe = replace(hvg, settings=hvg.settings | {"max_epochs": EPOCHS})
    learnt = recipe.fit(TrainingCells(train), held_out, n_labels=N_LABELS, config=config, seed=0)
    return learnt.curve.history[-1].held_out_accuracy


def loader(train: Examples, held_out: Examples) -> float:
    """Train as tutorials do: dense rows, a copy to the GPU per batch."""
    device = torch.device("cuda")
    cells = TensorDataset(torch.from_numpy(train.x.dense()), torch.from_numpy(train.codes_n))
    network = plain_network(cells.tensors[0].shape[1]).to(device)
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(EPOCHS):
        for batch_ng, codes_n in DataLoader(cells, batch_size=64, shuffle=True, pin_memory=True):
            adam.zero_grad()
            logits_nk = network(batch_ng.to(device, non_blocking=True))
            functional.cross_entropy(logits_nk, codes_n.to(device, non_blocking=True)).backward()
            adam.step()
    codes_n = logits(network.cpu().eval(), held_out.x.dense()).argmax(axis=1)
    return float((codes_n == held_out.codes_n).mean())


def precision(data: Path, seeds: list[int]) -> None:
    """Print accuracy / macro-F1 on other studies, trained in either precision."""
    from cross_study import load_studies
    from robust_parts import mean_of_directions

    studies = load_studies(data)
    bfloat16 = mock.patch(
        "scbaseline.learn.recipes.robust.training_precision",
        lambda device: torch.autocast(device.type, dtype=torch.bfloat16),
    )
    print("| products in training | seed | all genes | panels |\n|---|---|---|---|")
    for seed in seeds:
        for name, context in (("float32", mock.MagicMock()), ("bfloat16", bfloat16)):
            with context:
                scores = mean_of_directions(studies, RECIPES["robust"], seed)
            cells = [f"{a:.3f} / {f1:.3f}" for a, f1 in scores]
            print(f"| {name} | {seed} | {cells[0]} | {cells[1]} |", flush=True)


if __name__ == "__main__":
    main()
