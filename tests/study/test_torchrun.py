"""Claims about work that torchrun starts: two ranks and more, gloo, on one machine."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from commands import FLAGS
from conftest import simulate
from launching import ended, launched, processes, said
from rank_trainings import train_all

from scbaseline import Classifier
from scbaseline.cli import main
from scbaseline.learn.checkpoint import Checkpoint
from scbaseline.learn.recipes import RECIPES

CELLS = simulate(n_cells=1500, effect=0.5, seed=5)
WORDS = ["--label-key", "cell_type", "--device", "cpu", *FLAGS, "--recipe", "hvg-earlystop"]

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


def training(*words: object) -> subprocess.Popen[str]:
    """Start ``scbaseline train`` on two ranks."""
    return launched("-m", "scbaseline", "train", *words, *WORDS)


def accuracy(path: Path) -> float:
    """Return the accuracy on a model's card."""
    rows = Classifier.load(path).card.metrics
    return float(next(row["value"] for row in rows if row["metric"] == "accuracy"))


def check_same(
    alone: Path, shared: Path, *, n_ranks: int, spread: float, batch_size: int = 64
) -> None:
    """Compare what one process trained with what some ranks did.

    Parameters
    ----------
    alone, shared
        The models.
    n_ranks
        How many.
    spread
        By how much the accuracy may differ.
    batch_size
        That of each rank.
    """
    one, all_ = Classifier.load(alone), Classifier.load(shared)
    theirs = all_.front.state_dict()
    for name, tensor in one.front.state_dict().items():
        np.testing.assert_allclose(theirs[name], tensor, atol=1e-6, err_msg=name)
    # Of weights that were learnt in other batches, all else follows. On all genes, the solver of
    # logistic regression stops before its optimum, and other last digits stop it elsewhere.
    learnt = {"tensors_sha256"}
    if one.card.recipe.has_epochs or one.card.recipe.input == "hvg":
        learnt |= {"metrics", "gene_loss", "held_out_doubt", "kept_epoch"}
    cards = [dataclasses.asdict(classifier.card) for classifier in (one, all_)]
    assert cards[1]["config"]["batch_size"] == batch_size
    cards[1]["config"]["batch_size"] = cards[0]["config"]["batch_size"]
    differ = {name for name in cards[0] if cards[0][name] != cards[1][name]}
    assert differ - learnt == {"notes"}
    notes = [set(card["notes"]) for card in cards]
    said = f"trained by {n_ranks} ranks, {batch_size} cells of each in a step"
    assert notes[0] ^ notes[1] == {said}
    for part in ("unknown", "sets"):
        assert (getattr(one, part) is None) == (getattr(all_, part) is None)
    assert accuracy(shared) == pytest.approx(accuracy(alone), abs=spread)


def test_two_ranks_train_what_one_does(folder: Path) -> None:
    """The default recipe, from shards: one page of scores, doubt and an unknown score as by one."""
    words = ["--label-key", "cell_type", "--device", "cpu", *FLAGS]
    alone, two = folder / "one.safetensors", folder / "two.safetensors"
    command = ["train", folder / "cells.h5ad", "--from-disk", "--quiet", "--out", alone, *words]
    assert main([*map(str, command)]) == 0
    command = ["-m", "scbaseline", "train", folder / "shards", "--out", two, *words]
    status, out, err = ended(launched(*command))
    assert status == 0, err
    assert out.count("Scores on held-out cells") == 1
    one, both = Classifier.load(alone), Classifier.load(two)
    assert both.card.recipe.name == "robust"
    assert one.card.data["fingerprint"] == both.card.data["fingerprint"]
    both = both.changed(data=one.card.data)  # a folder has another name than a file
    both.save(two)
    check_same(alone, two, n_ranks=2, spread=0.05)
    assert both.unknown is not None


def train_on_ranks(
    file: Path, folder: Path, recipes: Iterable[str], *, n_ranks: int, batch_size: int = 64
) -> Path:
    """Let ranks train recipes on a file, and return the folder of the models."""
    models = folder / f"{n_ranks} ranks with {batch_size}"
    models.mkdir(exist_ok=True)
    script = Path(__file__).parents[1] / "rank_trainings.py"
    command = launched(script, file, models, batch_size, *recipes, n_ranks=n_ranks)
    status, _, err = ended(command, within=300)
    assert status == 0, err
    return models


@pytest.mark.long
@pytest.mark.parametrize("n_ranks", [2, 4])
def test_every_recipe_is_trained_by_ranks(folder: Path, n_ranks: int) -> None:
    """Within three standard deviations of the accuracy of five seeds, over the networks.

    Batches are smaller the more ranks there are, so that they take as many steps as one: of
    these few cells, five epochs of larger steps would be too few.
    """
    file, size = folder / "cells.h5ad", 64 // n_ranks
    shared = train_on_ranks(file, folder, RECIPES, n_ranks=n_ranks, batch_size=size)
    of_seeds = []
    for seed in range(5):
        models = folder / f"seed {seed} of {n_ranks}"
        models.mkdir()
        train_all(file, models, RECIPES, seed=seed)
        of_seeds.append([
            accuracy(models / f"{name}.safetensors")
            for name, recipe in RECIPES.items() if recipe.has_epochs
        ])  # fmt: skip
    spread = 3 * float(np.sqrt(np.var(of_seeds, axis=0, ddof=1).mean()))
    assert spread < 0.1
    for recipe in RECIPES:
        alone = folder / f"seed 0 of {n_ranks}" / f"{recipe}.safetensors"
        theirs = shared / f"{recipe}.safetensors"
        check_same(alone, theirs, n_ranks=n_ranks, spread=spread, batch_size=size)


@pytest.mark.parametrize("n_ranks", [2, pytest.param(4, marks=pytest.mark.long)])
def test_ranks_write_the_file_that_one_process_does(folder: Path, n_ranks: int) -> None:
    """Byte for byte; the same note and the same warning, each once."""
    model, query = folder / "simple.safetensors", folder / "query.h5ad"
    if not model.exists():
        words = ["--recipe", "logistic", "--label-key", "cell_type", "--quiet", *FLAGS]
        assert main(["train", str(folder / "cells.h5ad"), "--out", str(model), *words]) == 0
        cells = simulate(n_cells=9000, effect=0.5, seed=1)
        cells.obs_names = [*cells.obs_names[:-1], cells.obs_names[0]]  # which a warning names
        cells.X.data = np.log1p(cells.X.data)  # which a note names
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            AnnData(cells.X, obs=cells.obs[["cell_type"]], var=cells.var[[]]).write_h5ad(query)
    outs = folder / "one.parquet", folder / f"{n_ranks}.parquet"
    words = ["-m", "scbaseline", "predict", model, query, "--out"]
    alone = [sys.executable, *map(str, words), str(outs[0])]
    one = subprocess.run(alone, check=True, capture_output=True, text=True)
    status, out, err = ended(launched(*words, outs[1], n_ranks=n_ranks))
    assert status == 0, err
    assert outs[1].read_bytes() == outs[0].read_bytes()
    assert out == one.stdout.replace(outs[0].name, outs[1].name)
    assert one.stderr in err, err
    assert len(said(err)) == len(said(one.stderr)) == 3


def test_what_ranks_cannot_share_is_refused_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rank 0 names the command, or what was mistyped; rank 1 ends without a word."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    for words, name in (
        (["doctor", "x.h5ad"], "scbaseline doctor …"),
        (["predict", "--ot"], "--out"),
    ):
        monkeypatch.setenv("RANK", "1")
        assert main_status(words) == 2
        assert capsys.readouterr().err == ""
        monkeypatch.setenv("RANK", "0")
        assert main_status(words) == 2
        assert name in capsys.readouterr().err


def main_status(words: list[str]) -> int:
    """Return the exit status of a command, however it ends."""
    try:
        return main(words)
    except SystemExit as error:
        return int(error.code or 0)


def test_a_killed_rank_ends_all_and_is_named(folder: Path) -> None:
    """One line, no hang, no half-written file; the same command goes on from its last epoch."""
    out, kept = folder / "killed.safetensors", folder / "kept"
    words = (folder / "cells.h5ad", "--out", out, "--checkpoint", kept)
    process = training(*words)
    pid = processes(process, 2)[1]
    while not any(kept.glob("*.safetensors")):
        assert process.poll() is None
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    status, _, err = ended(process, within=60)
    assert status != 0
    (line,) = said(err) or [err]
    assert line.startswith(f"scbaseline: error: rank 1 (process {pid}) has ended"), err
    assert not out.exists()
    assert not list(folder.glob(".scbaseline-*"))
    (file,) = kept.iterdir()
    n_before = n_epochs(file)
    status, _, err = ended(training(*words))
    assert status == 0, err
    assert n_epochs(file) > n_before > 0
    assert Classifier.load(out).card.kept_epoch > 0


@pytest.mark.long
def test_an_error_of_all_ranks_is_said_once(folder: Path) -> None:
    """With the exit status of the launcher."""
    words = ("--out", folder / "x.safetensors", "--min-cells", 9999)
    process = training(folder / "cells.h5ad", *words)
    status, _, err = ended(process)
    assert status == 1
    (line,) = said(err)
    assert "lower --min-cells" in line


_FAILING = """
import numpy as np
from scbaseline.learn.ranks import open_ranks
with open_ranks() as ranks:
    if ranks.rank == 1:
        raise ValueError("no room on rank 1")
    ranks.gather(np.zeros(3))
"""


@pytest.mark.long
def test_an_error_of_one_rank_ends_all_and_is_what_is_said(tmp_path: Path) -> None:
    """The rank that waits for it does not call it lost."""
    script = tmp_path / "failing.py"
    script.write_text(_FAILING)
    status, _, err = ended(launched(script), within=60)
    assert status == 1
    assert "no room on rank 1" in err
    assert not said(err)


def n_epochs(file: Path) -> int:
    """Return how many epochs a checkpoint holds."""
    state = Checkpoint(file, {}).load()
    assert state is not None
    return len(state.facts["history"])
