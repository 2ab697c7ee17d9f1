"""Claims about training from disk."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from scipy import sparse

from scbaseline import train_classifier
from scbaseline.cli import main
from scbaseline.config import RunConfig
from scbaseline.data import memory
from scbaseline.data.options import ReadOptions
from scbaseline.data.read import open_counts, read_counts
from scbaseline.errors import ConfigError, InputError
from scbaseline.study import from_disk
from scbaseline.study.from_disk import train_from_disk
from scbaseline.study.labels import labels_from_column
from scbaseline.study.results import Training
from scbaseline.study.split import TEST, split_cells

CONFIG = dataclasses.replace(SMALL, label_key="cell_type", recipe=("hvg",), device="cpu")
CELLS = simulate(n_cells=600)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the simulated cells as a file."""
    return written(CELLS.X, tmp_path / "cells.h5ad")


def written(counts: sparse.spmatrix, path: Path) -> Path:
    AnnData(counts, obs=CELLS.obs[["cell_type"]], var=CELLS.var[[]]).write_h5ad(path)
    return path


def trained(path: Path, config: RunConfig = CONFIG) -> Training:
    with open_counts(path) as adata:
        return train_from_disk(adata, config)


def unseen_rows() -> np.ndarray:
    """Return the rows that no fit may see."""
    return split_cells(labels_from_column(CELLS.obs, CONFIG).codes_n, CONFIG).rows(TEST)


@pytest.mark.parametrize("recipe", ["hvg", "pca"])
def test_the_figures_are_those_of_the_model_that_is_saved(recipe: str, file: Path) -> None:
    """Predicting the test cells with the classifier itself gives the accuracy on its card."""
    training = trained(file, dataclasses.replace(CONFIG, recipe=(recipe,)))
    rows = unseen_rows()
    found = training.classifier.predict(CELLS[rows].copy())["predicted_label"].to_numpy()
    accuracy = (found == CELLS.obs["cell_type"].to_numpy()[rows]).mean()
    assert training.evaluations[recipe].score("accuracy").value == pytest.approx(accuracy)
    assert accuracy > 0.8
    assert set(training.evaluations) > {"majority", "nearest-centroid", "logistic"}


def test_nothing_learns_from_test_cells(file: Path, tmp_path: Path) -> None:
    """With genes swapped within the test cells, every fitted tensor is the same."""
    counts = CELLS.X.toarray()
    counts[unseen_rows()] = counts[unseen_rows()][:, ::-1]
    before = trained(file).classifier
    after = trained(written(sparse.csr_matrix(counts), tmp_path / "swapped.h5ad")).classifier
    assert before.card.gene_symbols == after.card.gene_symbols
    for name, tensor in before.state_dict().items():
        np.testing.assert_array_equal(tensor, after.state_dict()[name], err_msg=name)
    assert before.card.metrics != after.card.metrics


def test_memory_and_disk_know_the_data_alike(file: Path) -> None:
    """Data and cells are described as they are after training in memory."""
    ours, theirs = trained(file), train_classifier(read_counts(file), CONFIG)
    assert ours.data == theirs.data
    assert ours.cells.dropped == theirs.cells.dropped
    assert ours.cells.n_silent_genes == theirs.cells.n_silent_genes
    np.testing.assert_array_equal(ours.labels.codes_n, theirs.labels.codes_n)
    assert ours.classifier.card.tier == theirs.classifier.card.tier


def test_what_memory_cannot_hold_is_sampled_and_said(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for 50 cells, baselines and stopping rest on 50, and the card says so."""
    monkeypatch.setattr(from_disk, "MOST_WATCHED", 50)
    notes = " ".join(trained(file).classifier.card.notes)
    assert "learnt from 50 of the" in notes
    assert "stopped and calibrated on 50 of the" in notes


def test_columns_are_refused_before_any_work(tmp_path: Path) -> None:
    """A file compressed by columns cannot be trained on from disk, and it is said how it can."""
    path = written(sparse.csc_matrix(CELLS.X), tmp_path / "columns.h5ad")
    with pytest.raises(InputError, match="compressed by columns"):
        trained(path)


def test_a_label_key_is_needed(file: Path) -> None:
    """Without labels there is nothing to learn."""
    with pytest.raises(ConfigError, match="label_key"):
        trained(file, dataclasses.replace(CONFIG, label_key=None))


@pytest.mark.parametrize("asked", ["by flag", "by size"])
def test_the_command_says_that_counts_stay_on_disk(
    asked: str,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --from-disk, or where the counts are large for the memory, the screen says it."""
    if asked == "by size":
        monkeypatch.setattr(memory, "total_memory", lambda: 1000.0)
    command = ["train", str(file), "--label-key", "cell_type"]
    command += ["--min-genes", "1", "--n-comps", "10", "--n-pcs", "10", "--n-bootstrap", "100"]
    command += ["--out", str(tmp_path / "model.safetensors")]
    assert main([*command, *(["--from-disk"] if asked == "by flag" else [])]) == 0
    screen = capsys.readouterr().out
    assert "Counts were left on disk" in screen
    assert "test cells, which the model that is saved has not seen" in screen


def test_size_is_that_of_the_values_in_memory(file: Path, tmp_path: Path) -> None:
    """A non-zero takes eight bytes; what is in memory already is never too large."""
    with open_counts(file) as adata:
        assert memory.n_bytes(adata.X) == 8 * CELLS.X.nnz
    assert memory.n_bytes(CELLS.X) == 0
    assert not memory.too_large_for_memory(file, ReadOptions())
    assert not memory.too_large_for_memory(tmp_path / "counts.csv", ReadOptions())
