"""Claims about the whole line."""

import dataclasses
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate

from scbaseline import (
    RunConfig,
    ScbaselineError,
    ScbaselineWarning,
    read_counts,
    run,
    train,
)
from scbaseline.errors import ConfigError
from scbaseline.learn.recipes import RECIPES
from scbaseline.study.protocols import PROTOCOLS, SAVES_MODELS

GIVEN = dataclasses.replace(SMALL, label_key="cell_type")


def test_the_input_is_not_changed(cells: AnnData) -> None:
    """Counts and annotations of the caller are as they were."""
    before = cells.copy()
    run(cells, GIVEN)
    assert (cells.X != before.X).nnz == 0
    assert cells.obs.equals(before.obs)
    assert set(cells.obsm) == set(before.obsm)


def test_protocols_are_judged_on_the_same_cells(cells: AnnData) -> None:
    """The columns of the table differ by protocol, not by test cells."""
    result = run(cells, GIVEN)
    published, inductive = (fit.test for fit in result.fits)
    np.testing.assert_array_equal(published, inductive)


def test_every_recipe_is_judged(cells: AnnData) -> None:
    """Each row of the table, but for those taken by name alone, has an accuracy everywhere."""
    result = run(cells, GIVEN)
    seen = {(r.protocol, r.recipe) for r in result.evidence.rows if r.metric == "accuracy"}
    names = [name for name, recipe in RECIPES.items() if recipe.used != "by name"]
    assert seen == {(p, r) for p in ("published", "inductive") for r in names}
    assert set(result.evidence.not_applicable) == {"half", "thinned"}


def test_a_result_can_be_pickled_and_is_short(cells: AnnData) -> None:
    """It holds no process and no file; its repr is a few lines."""
    result = run(cells, GIVEN)
    again = pickle.loads(pickle.dumps(result))  # noqa: S301 (our own bytes)
    assert again.evidence.rows == result.evidence.rows
    np.testing.assert_array_equal(again.exploration.umap_n2, result.exploration.umap_n2)
    assert len(repr(result).splitlines()) <= 20


def test_a_held_out_prediction_is_of_a_cell_that_was_not_trained_on(cells: AnnData) -> None:
    """Cells of other parts have none."""
    result = run(cells, GIVEN)
    (fit,) = (fit for fit in result.fits if fit.protocol is SAVES_MODELS)
    labels_n = result.held_out("pca", SAVES_MODELS.name)
    has_one = np.array([label is not None for label in labels_n])
    np.testing.assert_array_equal(np.flatnonzero(has_one), fit.test)


def test_where_a_fit_runs_changes_no_digit(cells: AnnData) -> None:
    """One process and several give the same scores."""
    config = dataclasses.replace(SMALL, recipe=("pca",), draws=2, threads=1)
    alone, together = (run(cells, dataclasses.replace(config, threads=n)) for n in (1, 3))
    assert alone.evidence.rows == together.evidence.rows


def test_given_clusters_are_said_to_predict_themselves(cells: AnnData) -> None:
    """Labels declared to be of the same counts reach the tier of clusters, and no groups."""
    cells.obs["donor"] = [f"D{i % 3}" for i in range(cells.n_obs)]
    config = dataclasses.replace(GIVEN, group_key="donor", label_origin="same-counts")
    with pytest.warns(ScbaselineWarning, match="donor has 3 values"):
        result = run(cells, config)
    assert result.evidence.protocols["inductive"].tier == "T0+"
    assert "counts of the test groups" in result.evidence.not_applicable["group"]
    with pytest.raises(ConfigError, match="leave --group-key out"):
        train(cells, dataclasses.replace(config, recipe=("hvg",)))


def test_unequal_halves_show_no_inflation(cells: AnnData) -> None:
    """With four fifths of the counts in half A, the difference would be one of depth, too."""
    config = dataclasses.replace(SMALL, recipe=("pca",), thin_fraction=0.8, draws=1)
    result = run(cells, config)
    assert "differ in depth" in result.evidence.not_applicable["half"]
    assert "thinned" in result.evidence.protocols
    assert not result.evidence.inflation


def test_a_new_wrapper_around_the_same_counts_is_the_same_run() -> None:
    """Dense, float64 counts give the rows of sparse float32 ones."""
    cells = simulate()
    dense = AnnData(cells.X.toarray().astype(np.float64), obs=cells.obs[["cell_type"]].copy())
    dense.var_names = cells.var_names
    assert run(dense, GIVEN).evidence.rows == run(cells, GIVEN).evidence.rows


def test_cells_without_a_label_are_explored_but_not_judged() -> None:
    """They have a cluster, but no part in training or testing."""
    cells = simulate()
    cells.obs["cell_type"] = cells.obs["cell_type"].where(np.arange(240) >= 20)
    result = run(cells, GIVEN)
    assert result.labels.n_unlabelled == 20
    assert len(result.exploration.clusters_n) == 240
    for fit in result.fits:
        assert set(fit.split.names_n[:20]) == {"left out"}


def test_a_wrong_column_is_said_before_the_slow_steps(cells: AnnData) -> None:
    """A mistyped label key stops the run before neighbours are searched."""
    stages: list[str] = []
    with pytest.raises(ScbaselineError, match="Did you mean cell_type"):
        run(cells, dataclasses.replace(SMALL, label_key="celltype"), progress=stages.append)
    assert stages == ["check"]


def test_every_stage_is_timed(cells: AnnData) -> None:
    """Each stage that is announced has its seconds; together they fit into the wall time."""
    stages: list[str] = []
    result = run(cells, GIVEN, progress=stages.append)
    main = [entry for entry in result.timings.stages if entry.process == "main"]
    assert {entry.stage for entry in main} == set(stages)
    assert 0 < sum(entry.seconds for entry in main) <= result.timings.wall_seconds


@pytest.mark.parametrize("protocol", [p for p in PROTOCOLS.values() if p.in_run])
def test_seeds_share_no_split(protocol: object, cells: AnnData) -> None:
    """Neighbouring seeds test other cells, in every draw."""
    config = dataclasses.replace(SMALL, recipe=("pca",), protocol=(protocol.name,), draws=2)
    tests = [
        fit.test.tobytes()
        for seed in (0, 1, 2)
        for fit in run(cells, dataclasses.replace(config, seed=seed)).fits
    ]
    assert len(set(tests)) == len(tests)


@pytest.mark.long
@pytest.mark.slow
def test_two_processes_give_equal_files(tmp_path: Path) -> None:
    """Same seed, same machine: byte-equal models and equal metrics."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "scbaseline", "run", "pbmc68k_reduced", "-q"]
            + ["--out", str(tmp_path / name)],
        )
        for name in ("one", "two")
    ]
    assert [process.wait() for process in runs] == [0, 0]
    for recipe in ("pca", "hvg", "hvg-earlystop"):
        one, two = (tmp_path / name / f"models/{recipe}.safetensors" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    one, two = (
        json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("one", "two")
    )
    assert one == two


@pytest.mark.long
@pytest.mark.slow
def test_pbmc3k_comes_near_the_literature(test_data: Path) -> None:
    """Published accuracy is near .91 for each recipe, inductive a little below."""
    result = run(read_counts(test_data / "pbmc3k" / "pbmc3k_raw.h5ad"), RunConfig())
    for recipe in result.config.recipe:
        published, inductive = (
            result.evidence.score(p, recipe, "accuracy").value for p in ("published", "inductive")
        )
        assert 0.87 <= published <= 0.95
        assert 0.83 <= inductive <= 0.93
    assert 8 <= result.exploration.n_clusters <= 12
