"""Claims about ranks that are killed at random instants: no hang, no half file, one line."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from commands import FLAGS
from conftest import simulate
from launching import ended, launched, processes, said

from scbaseline import Classifier
from scbaseline.cli import main

pytestmark = pytest.mark.long

LABELS = ["--label-key", "cell_type", "--device", "cpu", "--from-disk", *FLAGS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with cells whose types overlap, a model of them, and more cells."""
    folder = tmp_path_factory.mktemp("killed")
    for name, n_cells in (("cells", 1500), ("query", 30_000)):
        cells = simulate(n_cells=n_cells, effect=0.5, seed=5)
        cells = AnnData(cells.X, obs=cells.obs[["cell_type"]], var=cells.var[[]])
        cells.write_h5ad(folder / f"{name}.h5ad")
    model(folder, "model.safetensors")
    return folder


def model(folder: Path, name: str, *words: object) -> float:
    """Train a model on one rank, and return its accuracy."""
    command = ["train", folder / "cells.h5ad", "--out", folder / name, "--quiet", *LABELS, *words]
    assert main([*map(str, command)]) == 0
    return accuracy(folder / name)


def accuracy(path: Path) -> float:
    """Return the accuracy on a model's card."""
    rows = Classifier.load(path).card.metrics
    return float(next(row["value"] for row in rows if row["metric"] == "accuracy"))


def killed_at_random(
    words: Callable[[Path], list[object]],
    folder: Path,
    *,
    ending: str,
    seed: int,
    n_ranks: int = 2,
    n_instants: int = 6,
) -> list[Path]:
    """Kill a rank at instants from all over a run; return what it was to write.

    The instants are shares of the time that a whole run takes from the start of its ranks.
    """
    whole = folder / f"whole{ending}"
    process = launched("-m", "scbaseline", *words(whole), n_ranks=n_ranks)
    processes(process, n_ranks)
    start = time.monotonic()
    status, _, err = ended(process, within=300)
    assert status == 0, err
    seconds = time.monotonic() - start
    rng, outs = np.random.default_rng(seed), []
    for i in range(n_instants):
        out, rank = folder / f"{i} of {n_ranks}{ending}", int(rng.integers(n_ranks))
        process = launched("-m", "scbaseline", *words(out), n_ranks=n_ranks)
        pid = processes(process, n_ranks)[rank]
        time.sleep(seconds * (i + rng.random()) / n_instants)
        with suppress(ProcessLookupError):  # it has ended already
            os.kill(pid, signal.SIGKILL)
        status, _, err = ended(process, within=60)
        check(out, whole, folder, rank, pid, status=status, err=err)
        outs.append(out)
    return outs


def check(
    out: Path, whole: Path, folder: Path, rank: int, pid: int, *, status: int, err: str
) -> None:
    """Check what is left of a run of which a rank was killed."""
    if out.exists():
        assert out.read_bytes() == whole.read_bytes()
    assert not list(folder.glob(".scbaseline-*"))
    lines = [line for line in said(err) if line.startswith("scbaseline: error: ")]
    if status == 0:
        assert out.exists()
        assert not lines
    elif lines:
        (line,) = lines
        assert f"rank {rank} (process {pid})" in line or f"rank {rank}, which" in line
    else:  # before the ranks have joined, and after rank 0 has written, the launcher says it
        assert f"exitcode: -9) local_rank: {rank} (pid: {pid})" in err


@pytest.mark.parametrize(("n_ranks", "n_instants"), [(2, 6), (4, 3)])
def test_a_prediction_is_whole_or_not_there(folder: Path, n_ranks: int, n_instants: int) -> None:
    """Wherever it is cut, and by whichever rank."""

    def words(out: Path) -> list[object]:
        return ["predict", folder / "model.safetensors", folder / "query.h5ad", "--out", out]

    killed_at_random(words, folder, ending=".csv", seed=1, n_ranks=n_ranks, n_instants=n_instants)


def test_a_killed_training_goes_on_to_the_same_accuracy(folder: Path) -> None:
    """Within three standard deviations of the accuracy of other seeds."""
    kept = folder / "kept"

    def words(out: Path) -> list[object]:
        kept_here = kept / out.stem
        cells = folder / "cells.h5ad"
        return ["train", cells, "--out", out, "--checkpoint", kept_here, *LABELS]

    outs = killed_at_random(words, folder, ending=".safetensors", seed=2)
    seeds = [model(folder, f"seed{seed}.safetensors", "--seed", seed) for seed in range(5)]
    unfinished = [out for out in outs if any((kept / out.stem).glob("*.safetensors"))]
    assert unfinished
    for out in unfinished:
        status, _, err = ended(launched("-m", "scbaseline", *words(out)), within=300)
        assert status == 0, err
        assert accuracy(out) == pytest.approx(seeds[0], abs=3 * np.std(seeds, ddof=1))
