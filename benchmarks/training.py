"""Cells per CPU-second of training: a loop as users write it, and this package's.

``python benchmarks/training.py [--cells 20000] [--genes 2000] [--non-zeros 105] [--repeats 5]``
trains the recipe ``hvg`` (→ 256 → 64 → k, dropout 0.3) for some epochs on simulated counts:
as a ``DataLoader`` over dense rows with ``torch.optim.Adam``; over slices of a dense matrix;
and as this package does, which keeps counts sparse. Median and range over the repeats, which
take turns; beside them, the accuracy on held-out cells. Every way evaluates all cells after
each epoch, for the training curve; dense rows are made before the clock starts.

``--crossover`` instead finds the share of non-zeros from which dense rows are faster:
``DENSE_FROM`` in ``scbaseline.learn.sparse``. ``--adam`` instead times the first step of
``torch.optim.Adam`` and of this package's, each in a fresh process.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from unittest import mock

import numpy as np
import torch
from scipy import sparse
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from scbaseline import RunConfig
from scbaseline.learn import feed
from scbaseline.learn.examples import Examples, TrainingCells
from scbaseline.learn.loop import logits
from scbaseline.learn.recipes import RECIPES
from scbaseline.scale import ScaledCounts
from scbaseline.stages import limit_threads

N_LABELS = 10
Way = Callable[[Examples, Examples, int], float]
"""Trains on cells for some epochs, and gives the accuracy on others."""

OURS = "scbaseline"
_FIRST_STEP = """
import sys, time
import torch
layer = torch.nn.Linear(10, 2)
layer(torch.ones(4, 10)).sum().backward()
start = time.perf_counter()
if sys.argv[1] == "torch":
    adam = torch.optim.Adam(layer.parameters(), lr=1e-3, fused=True)
else:
    from scbaseline.learn.adam import Adam
    adam = Adam(layer.parameters(), learning_rate=1e-3)
adam.step()
print(time.perf_counter() - start)
"""


def main() -> None:
    """Print the table, or the crossover."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=20_000)
    parser.add_argument("--genes", type=int, default=2_000)
    parser.add_argument("--non-zeros", type=int, default=105, help="drawn; some meet")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="0: as many as there are")
    parser.add_argument("--crossover", action="store_true")
    parser.add_argument("--adam", action="store_true")
    arguments = parser.parse_args()
    if arguments.adam:
        first_steps(arguments.repeats)
        return
    with limit_threads(arguments.threads or None) as threads:
        print(f"{arguments.cells:,} cells × {arguments.genes:,} genes, {threads} thread(s)")
        (crossover if arguments.crossover else table)(arguments, threads)


def table(arguments: argparse.Namespace, threads: int) -> None:
    """Print every way's rate."""
    share = arguments.non_zeros / arguments.genes
    train, held_out = simulate(arguments.cells, arguments.genes, share)
    full = [Examples(cells.x.dense(), cells.codes_n) for cells in (train, held_out)]
    ways: dict[str, Way] = {"DataLoader, batch 64, Adam": loader}
    for size in (64, 256, 1024):
        ways[f"dense slices, batch {size}, fused Adam"] = slices(size)
        ways[f"{OURS}, batch {size}"] = ours(size, threads)
    torch.optim.Adam(
        [nn.Parameter(torch.zeros(1))]
    )  # imports the compiler, before the clock starts
    rates: dict[str, list[float]] = {name: [] for name in ways}
    accuracy = {}
    for _ in range(arguments.repeats):
        for name, way in ways.items():
            given = (train, held_out) if name.startswith(OURS) else full
            rate, accuracy[name] = timed(way, *given, epochs=arguments.epochs)
            rates[name].append(rate)
    first = np.array(next(iter(rates.values())))
    print("| training | cells per CPU-second (range) | ratio (range) | accuracy, held out |")
    print("|---|---|---|---|")
    for name, seen in rates.items():
        ratio = np.array(seen) / first
        print(
            f"| {name} | {np.median(seen):,.0f} ({min(seen):,.0f}–{max(seen):,.0f}) | "
            f"{np.median(ratio):.1f} ({ratio.min():.1f}–{ratio.max():.1f}) | {accuracy[name]:.3f} |"
        )


def crossover(arguments: argparse.Namespace, threads: int) -> None:
    """Print the sparse way's rate over the dense one's, by the share of non-zeros."""
    print("| share of non-zeros | sparse / dense, batch 64 | batch 1024 |\n|---|---|---|")
    for rate in (0.05, 0.1, 0.2, 0.4, 0.6, 1.0, 1.5, 2.5):
        train, held_out = simulate(arguments.cells, arguments.genes, rate)
        share = train.x.difference_ng.nnz / np.prod(train.x.difference_ng.shape)
        ratios = []
        for size in (64, 1024):
            rates = np.zeros((2, arguments.repeats))
            for repeat in range(arguments.repeats):
                for k, limit in enumerate((0.0, 2.0)):
                    with mock.patch.object(feed, "DENSE_FROM", limit):
                        rates[k, repeat], _ = timed(ours(size, threads), train, held_out, epochs=1)
            ratio = rates[1] / rates[0]
            ratios.append(f"{np.median(ratio):.2f} ({ratio.min():.2f}–{ratio.max():.2f})")
        print(f"| {share:.2f} | " + " | ".join(ratios) + " |")


def first_steps(repeats: int) -> None:
    """Print the seconds until the first step is done, in fresh processes that take turns."""
    seconds: dict[str, list[float]] = {"torch": [], OURS: []}
    for _ in range(repeats):
        for name, of_name in seconds.items():
            command = [sys.executable, "-c", _FIRST_STEP, name]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
            of_name.append(float(done.stdout))
    print("| Adam of | seconds until the first step is done (range) |\n|---|---|")
    for name, of_name in seconds.items():
        spread = f"({min(of_name):.2f}–{max(of_name):.2f})"
        print(f"| {name} | {np.median(of_name):.2f} {spread} |")
    saved = np.subtract(seconds["torch"], seconds[OURS])
    print(f"saved: {np.median(saved):.2f} s ({saved.min():.2f}–{saved.max():.2f})")


def simulate(n_cells: int, n_genes: int, rate: float) -> tuple[Examples, Examples]:
    """Draw scaled counts of ten types, at a mean rate per gene; a fifth as many are held out."""
    rng = np.random.default_rng(0)
    codes_n = rng.integers(N_LABELS, size=n_cells + n_cells // 5)
    rate_g = rng.gamma(0.5, size=n_genes)
    rate_kg = rate_g * rng.lognormal(0.0, 0.3, size=(N_LABELS, n_genes))
    rate_kg *= rate / rate_g.mean()
    parts = [
        sparse.csr_matrix(rng.random((len(part), n_genes)) < -np.expm1(-rate_kg[part]))
        for part in np.array_split(codes_n, max(1, len(codes_n) // 1000))
    ]
    difference_ng = sparse.vstack(parts, format="csr").astype(np.float64)
    difference_ng.data *= rng.gamma(4.0, 0.5, size=difference_ng.nnz)
    everything = Examples(ScaledCounts(-rng.random(n_genes), difference_ng), codes_n)
    rows = np.arange(len(codes_n))
    return everything.rows(rows[:n_cells]), everything.rows(rows[n_cells:])


def timed(way: Way, train: Examples, held_out: Examples, *, epochs: int) -> tuple[float, float]:
    """Return the cells per CPU-second of training, and the accuracy reached."""
    start = time.process_time()
    accuracy = way(train, held_out, epochs)
    return epochs * len(train.codes_n) / (time.process_time() - start), accuracy


def ours(batch_size: int, threads: int) -> Way:
    """Train with this package."""

    def way(train: Examples, held_out: Examples, epochs: int) -> float:
        hvg = RECIPES["hvg"]
        recipe = replace(hvg, settings=hvg.settings | {"max_epochs": epochs})
        config = RunConfig(device="cpu", batch_size=batch_size, threads=threads)
        cells = TrainingCells(train)
        learnt = recipe.fit(cells, held_out, n_labels=N_LABELS, config=config, seed=0)
        return learnt.curve.history[-1].held_out_accuracy

    return way


def loader(train: Examples, held_out: Examples, epochs: int) -> float:
    """Train as the tutorials do."""
    x_ng, codes_n = torch.from_numpy(train.x), torch.from_numpy(train.codes_n)
    network = plain_network(x_ng.shape[1])
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    batches = DataLoader(TensorDataset(x_ng, codes_n), batch_size=64, shuffle=True)
    for _ in range(epochs):
        for batch_ng, batch_codes_n in batches:
            adam.zero_grad()
            functional.cross_entropy(network(batch_ng), batch_codes_n).backward()
            adam.step()
        reached = evaluated(network, train, held_out)
    return reached


def slices(batch_size: int) -> Way:
    """Train on slices of a dense matrix."""

    def way(train: Examples, held_out: Examples, epochs: int) -> float:
        x_ng, codes_n = torch.from_numpy(train.x), torch.from_numpy(train.codes_n)
        network = plain_network(x_ng.shape[1])
        adam = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
        for _ in range(epochs):
            for rows in torch.randperm(len(x_ng)).split(batch_size):
                adam.zero_grad()
                functional.cross_entropy(network(x_ng[rows]), codes_n[rows]).backward()
                adam.step()
            reached = evaluated(network, train, held_out)
        return reached

    return way


def plain_network(n_genes: int) -> nn.Sequential:
    """Return the recipe's network of torch's own layers."""
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Linear(n_genes, 256), nn.ReLU(), nn.Dropout(0.3)),
        *(nn.Linear(256, 64), nn.ReLU(), nn.Dropout(0.3)),
        nn.Linear(64, N_LABELS),
    )


def evaluated(network: nn.Module, train: Examples, held_out: Examples) -> float:
    """Look at loss and accuracy on all cells, and return the held-out accuracy."""
    network.eval()
    for part in (train, held_out):
        logits_nk = torch.from_numpy(logits(network, part.x))
        codes_n = torch.from_numpy(part.codes_n)
        functional.cross_entropy(logits_nk, codes_n).item()
        accuracy = (logits_nk.argmax(dim=1) == codes_n).double().mean().item()
    network.train()
    return accuracy


if __name__ == "__main__":
    main()
