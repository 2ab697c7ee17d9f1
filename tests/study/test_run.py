"""Claims about the whole line."""

import dataclasses
import json
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
    train_classifier,
)
from scbaseline.errors import ConfigError
from scbaseline.learn.recipes import RECIPES
from scbaseline.report.console import reading
from scbaseline.study.fit import STANDARD_BASELINES
from scbaseline.study.split import TEST

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
    one, two = (p.split.rows(TEST) for p in result.protocols.values())
    np.testing.assert_array_equal(one, two)


def test_every_recipe_and_baseline_is_judged(cells: AnnData) -> None:
    """Each entry of the tables has an accuracy under each protocol."""
    result = run(cells, GIVEN)
    seen = {(r.protocol, r.recipe) for r in result.rows if r.metric == "accuracy"}
    names = (*RECIPES, *STANDARD_BASELINES)
    assert seen == {(p, r) for p in ("published", "inductive") for r in names}
    assert set(result.not_applicable) == {"half", "thinned"}


def test_given_clusters_are_said_to_predict_themselves(cells: AnnData) -> None:
    """Labels declared to be of the same counts reach the tier of clusters, and no groups."""
    cells.obs["donor"] = [f"D{i % 3}" for i in range(cells.n_obs)]
    config = dataclasses.replace(GIVEN, group_key="donor", label_origin="same-counts")
    with pytest.warns(ScbaselineWarning, match="donor has 3 values"):
        result = run(cells, config)
    assert result.protocols["inductive"].tier == "T0+"
    assert "counts of the test groups" in result.not_applicable["group"]
    assert "they predict themselves" in reading(result)
    with pytest.raises(ConfigError, match="leave --group-key out"):
        train_classifier(cells, dataclasses.replace(config, recipe=("hvg",)))


def test_unequal_parts_give_no_price_of_double_dipping(cells: AnnData) -> None:
    """With four fifths of the counts in half A, half less thinned would price depth, too."""
    config = dataclasses.replace(SMALL, recipe=("pca",), thin_fraction=0.8, draws=1)
    result = run(cells, config)
    assert "would price depth, too" in result.not_applicable["half"]
    assert "thinned" in result.draws
    assert not result.prices
    assert "equal depth" not in reading(result)


def test_a_new_wrapper_around_the_same_counts_is_the_same_run() -> None:
    """Dense, float64 counts give the rows of sparse float32 ones."""
    cells = simulate()
    dense = AnnData(cells.X.toarray().astype(np.float64), obs=cells.obs[["cell_type"]].copy())
    dense.var_names = cells.var_names
    assert run(dense, GIVEN).rows == run(cells, GIVEN).rows


def test_cells_without_a_label_are_explored_but_not_judged() -> None:
    """They have a cluster and a prediction, but no part in training or testing."""
    cells = simulate()
    cells.obs["cell_type"] = cells.obs["cell_type"].where(np.arange(240) >= 20)
    result = run(cells, GIVEN)
    assert result.labels.n_unlabelled == 20
    assert len(result.exploration.clusters_n) == 240
    for one in result.protocols.values():
        assert set(one.split.part_n[:20]) == {"left out"}
        assert len(one.trained["pca"].predicted_n) == 240


def test_a_wrong_column_is_said_before_the_slow_steps(cells: AnnData) -> None:
    """A mistyped label key stops the run before neighbours are searched."""
    stages: list[str] = []
    with pytest.raises(ScbaselineError, match="Did you mean cell_type"):
        run(cells, dataclasses.replace(SMALL, label_key="celltype"), progress=stages.append)
    assert "neighbours, Leiden, UMAP" not in stages


def test_every_stage_is_timed(cells: AnnData) -> None:
    """Each stage that is announced has its seconds."""
    stages: list[str] = []
    result = run(cells, GIVEN, progress=stages.append)
    assert list(result.timings) == list(dict.fromkeys(stages))
    assert all(seconds >= 0 for seconds in result.timings.values())


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
    for recipe in RECIPES:
        one, two = (tmp_path / name / f"models/{recipe}.safetensors" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    one, two = (
        json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("one", "two")
    )
    assert one == two


@pytest.mark.slow
def test_pbmc3k_comes_near_the_literature(test_data: Path) -> None:
    """Published accuracy is near .91 for each recipe, inductive a little below."""
    result = run(read_counts(test_data / "pbmc3k" / "pbmc3k_raw.h5ad"), RunConfig())
    for recipe in RECIPES:
        published, inductive = (
            result.protocols[p].evaluations[recipe].score("accuracy").value
            for p in ("published", "inductive")
        )
        assert 0.87 <= published <= 0.95
        assert 0.83 <= inductive <= 0.93
    assert 8 <= result.exploration.n_clusters <= 12
