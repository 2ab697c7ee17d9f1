"""What a GPU brings to training and to prediction, and what its precision costs.

``python benchmarks/gpu.py [--cells 20000] [--genes 2000] [--repeats 3]`` prints cells per second
on this machine's GPU, beside the CPU and beside a plain ``DataLoader`` loop on the same GPU; it
stops where torch finds none. The first pass of each way, which compiles and allocates, goes
before the clock.

- Training: every way passes over simulated cells twice, and the held-out accuracy stands beside
  its rate.
- Prediction, of an ``hvg`` model and of the ``robust`` model that comes with the package: so many
  simulated cells × 20,000 genes. ``serve`` turns counts that were checked before into
  probabilities, for ``robust`` into unknown scores, too; ``predict`` also checks the counts and
  judges the query. The plain loop has its dense rows ready, and computes probabilities alone.
  Beside each rate stands the largest difference from the CPU's probabilities.

``python benchmarks/gpu.py --precision DATA [--seeds 0 1 2]`` needs no GPU. It trains ``robust`` on
the CPU with products in bfloat16, as a GPU multiplies in training, and with float32. It prints
the accuracy on other studies; DATA is that of ``benchmarks/cross_study.py``.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from anndata import AnnData
from simulated import simulate as simulate_counts
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from training import N_LABELS, plain_network, simulate

import scbaseline as sb
from scbaseline import Classifier, RunConfig, keys
from scbaseline.config import Device
from scbaseline.data.stream import stream_counts
from scbaseline.learn.examples import Examples, TrainingCells
from scbaseline.learn.loop import logits
from scbaseline.learn.recipes import RECIPES
from scbaseline.model.serve import serve

EPOCHS = 2
HEAD = "| {} | cells per second (range) | ratio (range) | {} |\n|---|---|---|---|"


def main() -> None:
    """Print the rates, or what the precision costs."""
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
        training_rates(given.cells, given.genes, given.repeats)
        prediction_rates(given.cells, given.repeats)
    else:
        raise SystemExit("torch finds no GPU; nothing was measured")


def training_rates(n_cells: int, n_genes: int, repeats: int) -> None:
    """Print the rate of each way to train."""
    name = torch.cuda.get_device_name()
    print(f"{n_cells:,} cells × {n_genes:,} genes, torch {torch.__version__}, {name}\n")
    train, held_out = simulate(n_cells, n_genes, 105 / n_genes)
    ways: dict[str, Callable[..., float]] = {"DataLoader on the GPU, batch 64": loader}
    for size in (64, 256, 1024):
        for device in ("cuda", "cpu"):
            config = RunConfig(device=device, batch_size=size)
            ways[f"hvg, {device}, batch {size}"] = partial(ours, config)
    print(HEAD.format("training", "accuracy, held out"))
    small = train.rows(np.arange(1000))
    in_turns(ways, (small, held_out), (train, held_out), n_cells=EPOCHS * n_cells, repeats=repeats)


def prediction_rates(n_cells: int, repeats: int, *, gpu: Device = "cuda") -> None:
    """Print the rate of each way to predict; another ``gpu`` tries this script without one."""
    pbmc = Classifier.load("pbmc")
    adata = simulate_counts(n_cells, 20_000)
    adata.var_names = [*pbmc.card.gene_symbols, *adata.var_names[len(pbmc.card.gene_symbols) :]]
    config = RunConfig(label_key="cell_type", recipe=("hvg",), folds=2, device="cpu", threads=1)
    hvg = sb.train(adata[:2000].copy(), config).classifier
    print("\n" + HEAD.format("prediction", "largest difference"))
    for name, classifier in {"hvg": hvg, "robust": pbmc}.items():
        ways: dict[str, Callable[..., float]] = {f"{name}, DataLoader on the GPU": plain_loop}
        for device in (gpu, "cpu"):
            ways[f"{name}, serve, {device}"] = partial(served, device)
            ways[f"{name}, predict, {device}"] = partial(predicted, device)
        small, full = (Query(adata[:n].copy(), classifier, gpu) for n in (1000, n_cells))
        in_turns(ways, (small,), (full,), n_cells=n_cells, repeats=repeats, form=".0e")


def in_turns(
    ways: dict[str, Callable[..., float]],
    small: tuple[Any, ...],
    full: tuple[Any, ...],
    *,
    n_cells: int,
    repeats: int,
    form: str = ".3f",
) -> None:
    """Let each way work on few cells, then time all in turns; print a row for each."""
    seen: dict[str, list[float]] = {way: [] for way in ways}
    score = {}
    for way in ways.values():
        way(*small)
    for _ in range(repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            score[name] = way(*full)
            seen[name].append(n_cells / (time.perf_counter() - start))
    first = np.array(next(iter(seen.values())))
    for name, values in seen.items():
        ratio = np.array(values) / first
        print(
            f"| {name} | {np.median(values):,.0f} ({min(values):,.0f}–{max(values):,.0f}) | "
            f"{np.median(ratio):.1f} ({ratio.min():.1f}–{ratio.max():.1f}) | "
            f"{score[name]:{form}} |",
            flush=True,
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


class Query:
    """Cells to predict, in the forms that the ways take, and what a CPU says of them."""

    def __init__(self, adata: AnnData, classifier: Classifier, gpu: Device) -> None:
        self.adata, self.classifier, self.device = adata, classifier, torch.device(gpu)
        self.stream = stream_counts(adata, model_genes=classifier.card.genes)
        found = self.stream.alignment(*classifier.card.genes)
        blocks = list(self.stream.model_blocks(found))
        dense_ng = np.concatenate([block.counts_ng.toarray() for block in blocks])
        dense_ng[:, found.columns < 0] = np.nan
        total_n = np.concatenate([block.total_n for block in blocks]).astype(np.float32)
        self.cells = TensorDataset(torch.from_numpy(dense_ng), torch.from_numpy(total_n))
        self.module = deepcopy(classifier).to(self.device)
        blocks_of_cpu = serve(classifier, self.stream, force=True, again=True, device="cpu")
        self.expected_nk = np.concatenate([block.probability_nk for block in blocks_of_cpu])

    def difference(self, probability_nk: np.ndarray) -> float:
        """Return how far probabilities are from the CPU's, at most."""
        return float(np.abs(probability_nk - self.expected_nk).max())


def plain_loop(query: Query) -> float:
    """Predict as tutorials do: dense rows, a copy to the GPU per batch."""
    parts, is_gpu = [], query.device.type == "cuda"
    with torch.inference_mode():
        for batch_ng, total_n in DataLoader(query.cells, batch_size=256, pin_memory=is_gpu):
            sent = (x.to(query.device, non_blocking=True) for x in (batch_ng, total_n))
            parts.append(query.module(*sent).cpu())
    return query.difference(torch.cat(parts).numpy())


def served(device: Device, query: Query) -> float:
    """Predict counts that were checked before."""
    blocks = serve(query.classifier, query.stream, force=True, again=True, device=device)
    return query.difference(np.concatenate([block.probability_nk for block in blocks]))


def predicted(device: Device, query: Query) -> float:
    """Check the counts, predict, and judge the query, as the command does."""
    table = query.classifier.predict(query.adata, force=True, probabilities=True, device=device)
    names = [f"{keys.PROBABILITY}_{label}" for label in query.classifier.card.labels]
    return query.difference(table[names].to_numpy())


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
