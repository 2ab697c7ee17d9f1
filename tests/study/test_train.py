"""Claims about training for use, in memory and from disk."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from scipy import sparse

from scbaseline import Classifier, train
from scbaseline.cli import main
from scbaseline.config import RunConfig
from scbaseline.data import memory
from scbaseline.data.options import ReadOptions
from scbaseline.data.read import open_counts, read_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import ConfigError, InputError
from scbaseline.learn.recipes import RECIPES
from scbaseline.stages import Stages
from scbaseline.study.fit import Job, fit_job
from scbaseline.study.labels import labels_from_column
from scbaseline.study.protocols import SAVES_MODELS
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
        return train(adata, config)


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
    assert training.evidence.score("inductive", recipe, "accuracy").value == pytest.approx(accuracy)
    assert accuracy > 0.8
    assert set(training.evidence.protocols["inductive"].scorecards) > {
        "majority",
        "nearest-centroid",
        "logistic",
    }


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
    ours, theirs = trained(file), train(read_counts(file), CONFIG)
    assert ours.data == theirs.data
    assert ours.cells.dropped == theirs.cells.dropped
    assert ours.cells.n_silent_genes == theirs.cells.n_silent_genes
    np.testing.assert_array_equal(ours.labels.codes_n, theirs.labels.codes_n)
    assert ours.classifier.card.tier == theirs.classifier.card.tier


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_is_saved_as_the_same_kind_of_file(recipe: str, tmp_path: Path) -> None:
    """What is loaded predicts what was trained, and the card says in words what it is."""
    config = dataclasses.replace(CONFIG, recipe=(recipe,), folds=2)
    classifier = train(CELLS, config).classifier
    path = tmp_path / "model.safetensors"
    classifier.save(path)
    again = Classifier.load(path)
    card = dataclasses.replace(classifier.card, tensors_sha256=again.card.tensors_sha256)
    assert again.card.to_json() == card.to_json()
    assert again.card.recipe.title == RECIPES[recipe].title
    np.testing.assert_allclose(
        again.probabilities(CELLS), classifier.probabilities(CELLS), atol=1e-6
    )


def test_a_card_from_disk_has_what_one_from_memory_has(file: Path) -> None:
    """The same metrics, log loss and calibration error among them."""
    cards = (trained(file).classifier.card, train(read_counts(file), CONFIG).classifier.card)
    ours, theirs = ({row["metric"] for row in card.metrics} for card in cards)
    assert ours == theirs
    assert {"log_loss", "brier", "ece", "ece_uncalibrated", "top_2"} <= ours


def test_an_open_file_stays_in_the_main_process(file: Path) -> None:
    """Training from disk works where there is more than one processor."""
    config = dataclasses.replace(CONFIG, recipe=("pca",), threads=2)
    assert trained(file, config).evidence.score("inductive", "pca", "accuracy").value > 0.9


def test_more_than_one_recipe_is_refused() -> None:
    """A model is of one; the others are not dropped in silence."""
    with pytest.raises(ConfigError, match="2 were given"):
        train(CELLS, dataclasses.replace(CONFIG, recipe=("hvg", "pca")))


def test_what_memory_cannot_hold_is_sampled_and_said(file: Path) -> None:
    """With room for 50 cells, simple recipes and stopping rest on 50, and the notes say so."""
    labels = labels_from_column(CELLS.obs, CONFIG)
    with open_counts(file) as adata:
        job = Job(
            SAVES_MODELS,
            stream_counts(adata).counts(),
            labels,
            split_cells(labels.codes_n, CONFIG),
            (RECIPES["logistic"], RECIPES["hvg"]),
            CONFIG,
            most_in_memory=50,
        )
        notes = " ".join(fit_job(job, Stages()).notes)
    assert "learnt from 50 of the" in notes
    assert "stopped and calibrated on 50 of the" in notes


def test_columns_are_refused_before_any_work(tmp_path: Path) -> None:
    """A file compressed by columns cannot be trained on from disk, and it is said how it can."""
    path = written(sparse.csc_matrix(CELLS.X), tmp_path / "columns.h5ad")
    with pytest.raises(InputError, match="compressed by columns"):
        trained(path)


def test_a_kept_training_in_memory_goes_on(tmp_path: Path) -> None:
    """Each fold and the model that is saved have a file each; twice gives the same model."""
    kept, config = tmp_path / "kept", dataclasses.replace(CONFIG, folds=2)
    first = train(CELLS, config, checkpoint=kept)
    ends = [f"inductive-hvg-0-{fold}.safetensors" for fold in (0, 1)]
    files = sorted(kept.iterdir())
    assert [path.name for path in files] == [
        *(f"fold-{end}" for end in ends), f"model-{ends[0]}"
    ]  # fmt: skip
    written_at = [path.stat().st_mtime_ns for path in files]
    again = train(CELLS, config, checkpoint=kept)
    assert [path.stat().st_mtime_ns for path in files] == written_at
    for name, tensor in first.classifier.state_dict().items():
        np.testing.assert_array_equal(tensor, again.classifier.state_dict()[name], err_msg=name)
    assert again.classifier.card.metrics == first.classifier.card.metrics
    files[2].unlink()  # the folds are kept, the model is trained anew
    third = train(CELLS, config, checkpoint=kept)
    for name, tensor in first.classifier.state_dict().items():
        np.testing.assert_array_equal(tensor, third.classifier.state_dict()[name], err_msg=name)


@pytest.mark.parametrize("recipe", [name for name in RECIPES if not RECIPES[name].has_epochs])
def test_a_training_without_epochs_is_not_kept(recipe: str, tmp_path: Path) -> None:
    """It is said before any work, and no folder is made."""
    config = dataclasses.replace(CONFIG, recipe=(recipe,))
    said = f"^recipe {recipe} has no epochs; leave --checkpoint out$"
    with pytest.raises(ConfigError, match=said):
        train(CELLS, config, checkpoint=tmp_path / "kept")
    assert not any(tmp_path.iterdir())


def test_recipes_with_epochs_are_those_that_keep_their_training() -> None:
    """The table agrees with the files that fit."""
    assert {name for name in RECIPES if RECIPES[name].has_epochs} == {
        name for name in RECIPES if RECIPES[name].module in ("mlp", "robust")
    }


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
    assert "The counts were left on disk" in screen
    assert "test cells, which the saved model has not seen" in screen


def test_size_is_that_of_the_values_in_memory(file: Path, tmp_path: Path) -> None:
    """A non-zero takes eight bytes; what is in memory already is never too large."""
    with open_counts(file) as adata:
        assert memory.n_bytes(adata.X) == 8 * CELLS.X.nnz
    assert memory.n_bytes(CELLS.X) == 0
    assert not memory.too_large_for_memory(file, ReadOptions())
    assert not memory.too_large_for_memory(tmp_path / "counts.csv", ReadOptions())
