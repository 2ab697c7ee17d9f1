"""Claims about training by processes that torchrun starts: two ranks, gloo, on one machine."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from commands import FLAGS
from conftest import simulate

from scbaseline import Classifier
from scbaseline.cli import main
from scbaseline.learn.checkpoint import Checkpoint

CELLS = simulate(n_cells=1200)
WORDS = ["--label-key", "cell_type", "--device", "cpu", *FLAGS, "--recipe", "hvg-earlystop"]
LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two shards, and with all cells in one file."""
    folder = tmp_path_factory.mktemp("ranks")
    cells = AnnData(CELLS.X, obs=CELLS.obs[["cell_type"]], var=CELLS.var[[]])
    cells.write_h5ad(folder / "cells.h5ad")
    (folder / "shards").mkdir()
    cells[:500].copy().write_h5ad(folder / "shards" / "a.h5ad")
    cells[500:].copy().write_h5ad(folder / "shards" / "b.h5ad")
    return folder


def launched(*words: object) -> subprocess.Popen[str]:
    """Start ``scbaseline train`` on two ranks."""
    command = [*LAUNCH, "-m", "scbaseline", "train", *map(str, words), *WORDS]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def ended(process: subprocess.Popen[str], *, within: float = 60) -> tuple[int, str, list[str]]:
    """Return exit status, standard output, and what scbaseline said on standard error."""
    try:
        out, err = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        raise
    said = [line for line in err.splitlines() if "scbaseline: " in line]
    return process.returncode, out, said or [err]


def test_two_ranks_train_what_one_does(folder: Path) -> None:
    """Scale within 1e-6, accuracy within chance, a card that differs in the ranks alone."""
    alone, two = folder / "one.safetensors", folder / "two.safetensors"
    words = ["train", str(folder / "cells.h5ad"), *WORDS, "--from-disk", "--quiet"]
    assert main([*words, "--out", str(alone)]) == 0
    status, out, said = ended(launched(folder / "shards", "--out", two))
    assert status == 0, said
    assert out.count("Scores on held-out cells") == 1
    one, both = Classifier.load(alone), Classifier.load(two)
    for name, tensor in one.front.state_dict().items():
        np.testing.assert_allclose(both.front.state_dict()[name], tensor, atol=1e-6, err_msg=name)
    ours, theirs = one.card, both.card
    assert theirs.gene_symbols == ours.gene_symbols
    assert theirs.config == ours.config
    assert theirs.data["fingerprint"] == ours.data["fingerprint"]
    assert theirs.data["n_cells"] == ours.data["n_cells"]
    assert set(theirs.notes) - set(ours.notes) == {"trained by 2 ranks, 64 cells of each in a step"}
    accuracy = [
        next(row["value"] for row in card.metrics if row["metric"] == "accuracy")
        for card in (ours, theirs)
    ]
    assert accuracy[1] == pytest.approx(accuracy[0], abs=0.04)


def test_a_killed_rank_ends_all_and_is_named(folder: Path) -> None:
    """One line, no hang, no half-written file; the same command goes on from its last epoch."""
    out, kept = folder / "killed.safetensors", folder / "kept"
    words = (folder / "cells.h5ad", "--out", out, "--checkpoint", kept)
    process = launched(*words)
    pid = pid_of_rank(process.pid, 1, until=kept)
    os.kill(pid, signal.SIGKILL)
    status, _, said = ended(process)
    assert status != 0
    assert [line.split(" has ended")[0] for line in said] == [
        f"scbaseline: error: rank 1 (process {pid})"
    ]
    assert not out.exists()
    assert not list(folder.glob(".scbaseline-*"))
    (file,) = kept.iterdir()
    n_before = n_epochs(file)
    status, _, said = ended(launched(*words))
    assert status == 0, said
    assert n_epochs(file) > n_before > 0
    assert Classifier.load(out).card.kept_epoch > 0


def test_an_error_of_all_ranks_is_said_once(folder: Path) -> None:
    """With the exit status of the launcher."""
    words = ("--out", folder / "x.safetensors", "--min-cells", 9999)
    process = launched(folder / "cells.h5ad", *words)
    status, _, said = ended(process)
    assert status == 1
    assert len(said) == 1
    assert "lower --min-cells" in said[0]


def pid_of_rank(launcher: int, rank: int, *, until: Path) -> int:
    """Return the process of a rank, as soon as a training has left a checkpoint."""
    for _ in range(600):
        children = Path(f"/proc/{launcher}/task/{launcher}/children")
        if until.exists() and any(until.glob("*.safetensors")):
            for pid in map(int, children.read_text().split()):
                words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                if f"RANK={rank}".encode() in words:
                    return pid
        time.sleep(0.1)
    raise AssertionError("no checkpoint after a minute")


def n_epochs(file: Path) -> int:
    """Return how many epochs a checkpoint holds."""
    state = Checkpoint(file, {}).load()
    assert state is not None
    return len(state.facts["history"])
