"""Claims about the files that hold the counts of chosen genes while a fit from disk lasts."""

import dataclasses
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from made_forms import write_zarr

from scbaseline.counts import Counts
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import OutputError
from scbaseline.learn.examples import TrainingCells
from scbaseline.learn.recipes import RECIPES
from scbaseline.randomness import Stream, generator, library_seed
from scbaseline.spill import Spill
from scbaseline.stages import Stages
from scbaseline.study.fit import Job, fit_job
from scbaseline.study.labels import labels_from_column
from scbaseline.study.parts import Parts
from scbaseline.study.protocols import SAVES_MODELS
from scbaseline.study.split import TEST, TRAINING, VALIDATION, split_cells

CONFIG = dataclasses.replace(SMALL, label_key="cell_type", device="cpu")
CELLS = simulate(n_cells=600)
LABELS = labels_from_column(CELLS.obs, CONFIG)
SPLIT = split_cells(LABELS.codes_n, CONFIG)
GENES = {"hvg": np.arange(3, 40, 2), "label": np.array([0, 7])}
Usage = namedtuple("Usage", "total used free")


class OnDisk:
    """A matrix that is read in runs of rows, as one on disk is."""

    shape = CELLS.X.shape

    def read(self, start: int, stop: int) -> object:
        """Return adjacent rows."""
        return CELLS.X[start:stop]


SOURCE = Counts.on_disk(OnDisk(), np.asarray(CELLS.X.sum(axis=1)).ravel())


@pytest.mark.parametrize("name", ["hvg-earlystop", "robust"])
@pytest.mark.parametrize("ending", [".h5ad", ".zarr"])
def test_weights_are_those_of_a_fit_that_reads_all_genes(
    ending: str, name: str, tmp_path: Path
) -> None:
    """Each epoch from the spill sees the batches that it would see from the file itself."""
    path = tmp_path / f"cells{ending}"
    cells = AnnData(CELLS.X, obs=CELLS.obs[["cell_type"]], var=CELLS.var[[]])
    write_zarr(cells, path) if ending == ".zarr" else cells.write_h5ad(path)
    recipe, scratch = RECIPES[name], tmp_path / "scratch"
    scratch.mkdir()
    with open_counts(path) as adata:
        counts = stream_counts(adata).counts()
        job = Job(
            SAVES_MODELS, counts, LABELS, SPLIT, (recipe,), CONFIG, keep=True, scratch=scratch
        )
        fit = fit_job(job, Stages())
        parts = Parts(
            counts,
            LABELS.codes_n,
            fit.space,
            {recipe.genes: fit.recipes[name].genes_g},
            train=SPLIT.rows(TRAINING),
            watched=SPLIT.rows(VALIDATION),
            test=SPLIT.rows(TEST),
            most_in_memory=job.most_in_memory,
            rng=generator(CONFIG.seed, Stream.ORDER, 0, 0),
        )
        learnt = recipe.fit(
            TrainingCells(parts.examples(recipe, parts.sample), parts.passes(recipe)),
            parts.examples(recipe, parts.watched),
            n_labels=len(LABELS.names),
            config=CONFIG,
            seed=library_seed(CONFIG.seed, Stream.FIT, 0, 0),
        )
    found = fit.recipes[name].learnt.module.state_dict()
    for key, tensor in learnt.module.state_dict().items():
        np.testing.assert_array_equal(found[key], tensor, err_msg=key)
    assert not list(scratch.iterdir())


def test_counts_are_those_of_the_chosen_genes(tmp_path: Path) -> None:
    """All cells, some of them, and in a random order."""
    with Spill(SOURCE, tmp_path) as spill:
        spill.write(GENES)
        assert len(list(tmp_path.glob("*/*"))) == 2
        for rule, genes_g in GENES.items():
            chosen, wanted = spill.counts[rule], CELLS.X[:, genes_g]
            np.testing.assert_array_equal(chosen.counts_ng.toarray(), wanted.toarray())
            np.testing.assert_array_equal(chosen.total_n, SOURCE.total_n)
            some = np.array([0, 5, 6, 599])
            np.testing.assert_array_equal(
                chosen.rows(some).counts_ng.toarray(), wanted[some].toarray()
            )
            ours = chosen.shuffled(np.random.default_rng(1))
            theirs = SOURCE.shuffled(np.random.default_rng(1), genes_g)
            for (rows_n, own_ng, _), (same_n, other_ng, _) in zip(ours, theirs, strict=True):
                np.testing.assert_array_equal(rows_n, same_n)
                assert (own_ng != other_ng).nnz == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_nothing_is_left_behind(error: type[BaseException], tmp_path: Path) -> None:
    """An error and Ctrl-C remove the files as the end does."""

    def work() -> None:
        with Spill(SOURCE, tmp_path) as spill:
            spill.write(GENES)
            assert list(tmp_path.iterdir())
            raise error

    with pytest.raises(error):
        work()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the folder, the space needed and what to type."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, 0))
    with (
        Spill(SOURCE, tmp_path) as spill,
        pytest.raises(OutputError, match=r"need \d+ MiB.*0 MiB are free.*TMPDIR=") as said,
    ):
        spill.write(GENES)
    assert str(said.value).startswith(f"{tmp_path}: ")
    assert not list(tmp_path.iterdir())


def test_ranks_of_a_machine_share_its_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is enough for one is too little for two."""
    with Spill(SOURCE, tmp_path) as spill:
        free = spill._require_space(GENES)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "1")
    with Spill(SOURCE, tmp_path) as spill:
        spill.write(GENES)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with Spill(SOURCE, tmp_path) as spill, pytest.raises(OutputError, match="of 2 ranks need"):
        spill.write(GENES)


def test_counts_in_memory_are_not_written(tmp_path: Path) -> None:
    """They are quick to read as they are."""
    with Spill(Counts(CELLS.X, SOURCE.total_n), tmp_path) as spill:
        spill.write(GENES)
        assert not spill.counts
        assert not list(tmp_path.iterdir())
