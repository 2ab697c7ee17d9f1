"""A run in a folder: files, the cells with their held-out predictions, the schema of scores."""

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from conftest import SMALL, simulate
from matplotlib.colors import to_hex

from scbaseline import keys
from scbaseline.compute import open_pool
from scbaseline.report.clusters import clusters_table
from scbaseline.report.content import evidence_content, timings_content
from scbaseline.report.figures.umap import umap_figure
from scbaseline.report.save_run import check_run_outputs, save_run
from scbaseline.stages import MAIN
from scbaseline.study.evidence import Row
from scbaseline.study.labels import Labels
from scbaseline.study.plan import split_repeatedly
from scbaseline.study.results import Run
from scbaseline.study.run import run
from scbaseline.study.split import TEST
from scbaseline.study.to_adata import annotated_cells

pytestmark = pytest.mark.xdist_group("report")  # its module fixtures are costly

CONFIG = replace(SMALL, recipe=("pca",), draws=1, folds=3)


@pytest.fixture(scope="module")
def result() -> Run:
    """Return a run on clusters, with halves of the counts."""
    return run(simulate(), CONFIG)


def test_predictions_are_of_held_out_cells_only(result: Run) -> None:
    """A cell has a prediction where the split beside it says test, and no other has one."""
    obs = annotated_cells(result).obs
    for protocol in ("published", "inductive"):
        has_one = obs[keys.predicted(protocol, "pca")].notna()
        assert has_one.any()
        assert (has_one == (obs[keys.split(protocol)] == "test")).all()
    has_probability = obs[keys.probability("inductive", "pca")].notna()
    assert (has_probability == (obs[keys.split("inductive")] == "test")).all()
    assert keys.probability("published", "pca") not in obs, "it has no cells to calibrate on"


def test_predictions_are_those_of_the_fit(result: Run) -> None:
    """Labels and probabilities stand at the cells that they are of."""
    obs = annotated_cells(result).obs
    (fit,) = (fit for fit in result.fits if fit.protocol.saves_models)
    of_recipe = fit.recipes["pca"]
    test = obs.iloc[fit.split.rows(TEST)]
    names = np.asarray(result.labels.names)
    name = fit.protocol.name
    assert list(test[keys.predicted(name, "pca")]) == list(names[of_recipe.predicted_t])
    np.testing.assert_allclose(
        test[keys.probability(name, "pca")], of_recipe.probability_tk.max(axis=1), rtol=1e-6
    )


def test_clusters_of_drawn_counts_have_no_columns(result: Run) -> None:
    """Their numbers are others than those of the run."""
    columns = " ".join(annotated_cells(result).obs)
    drawn = [p for p in result.evidence.protocols.values() if p.protocol.draws_counts]
    assert drawn
    assert not any(p.protocol.name in columns for p in drawn)


def test_an_equal_copy_gives_the_same_cells(result: Run) -> None:
    """What is written depends on values, not on which object holds them."""
    copied = replace(result, labels=Labels(**vars(result.labels)))
    pd.testing.assert_frame_equal(annotated_cells(copied).obs, annotated_cells(result).obs)


def test_with_folds_each_cell_has_its_out_of_fold_prediction() -> None:
    """The column beside names the fold that did not train on the cell."""
    config = replace(CONFIG, protocol=("inductive",))
    obs = annotated_cells(run(simulate(), config, splits=split_repeatedly)).obs
    assert obs[keys.predicted("inductive", "pca")].notna().all()
    assert set(obs[keys.split("inductive")]) == {f"test of fold {k}" for k in (1, 2, 3)}


def test_the_users_labels_are_kept() -> None:
    """A column of labels that is called as one of ours stays; ours goes beside it."""
    cells = simulate()
    cells.obs["leiden"] = cells.obs["cell_type"]
    config = replace(CONFIG, label_key="leiden", protocol=("inductive",))
    obs = annotated_cells(run(cells, config)).obs
    assert list(obs["leiden"]) == list(cells.obs["cell_type"])
    assert obs["leiden_scbaseline"].nunique() > 1


def test_clusters_have_names_beside_numbers_in_the_colours_of_the_figure(result: Run) -> None:
    """One order of categories for both, and a colour for each."""
    first, *others = result.names.clusters
    clusters = (replace(first, title="B"), *(replace(c, title=f"T {c.number}") for c in others))
    cells = annotated_cells(replace(result, names=replace(result.names, clusters=clusters)))
    numbers, names = cells.obs["leiden"].cat, cells.obs["cluster_name"].cat
    assert list(numbers.categories) == [c.number for c in clusters]
    assert list(names.categories) == [c.title for c in clusters]
    np.testing.assert_array_equal(numbers.codes, names.codes)
    ax = umap_figure(result.exploration.umap_n2, result.exploration.clusters_n).axes[0]
    drawn = {len(dots.get_offsets()): to_hex(dots.get_facecolor()[0]) for dots in ax.collections}
    for colours in (cells.uns["leiden_colors"], cells.uns["cluster_name_colors"]):
        assert [drawn[c.n_cells] for c in clusters] == list(colours)


def test_a_row_of_clusters_csv_holds_the_evidence(result: Run) -> None:
    """Cells, name, what speaks for and against it, markers, and stability."""
    first, *others = result.names.clusters
    proposal = replace(
        first.proposal, name="B", evidence_for=(("CD79A", 0.9),), evidence_against=(("CD3D", 0.6),)
    )
    named = replace(first, title="B", proposal=proposal)
    names = replace(result.names, clusters=(named, *others))
    table = clusters_table(names, result.trust)
    assert table["cells"].sum() == 240
    row = table.iloc[0]
    assert (row["cluster"], row["name"], row["cell_type"]) == ("0", "B", "B")
    assert (row["evidence"], row["markers_for"]) == ("shows CD79A", "CD79A 0.90")
    assert row["markers_against"] == "CD3D 0.60"
    assert row["top_markers"].startswith(f"{first.top[0].gene} (AUC {first.top[0].auc:.2f}, ")
    assert row["stability"] == round(float(result.trust.stability_ks[0].min()), 3)
    tested = [c.number for c in names.clusters if c.tested]
    assert list(table["cluster"][table["p_values"] != "descriptive"]) == tested
    assert tested
    assert list(clusters_table(names, None)["stability"].dropna()) == []


def test_svg_stands_beside_png_and_is_the_same_each_time(result: Run, tmp_path: Path) -> None:
    """No date and no random id is in it."""
    first = save_run(result, tmp_path / "a", figure_format="svg")
    save_run(result, tmp_path / "b", figure_format="svg")
    drawn = [path for path in first if path.suffix == ".svg"]
    assert len(drawn) == 4
    for path in drawn:
        assert path.with_suffix(".png") in first
        other = tmp_path / "b" / path.relative_to(tmp_path / "a")
        assert path.read_bytes() == other.read_bytes()


def test_chosen_genes_are_marked(result: Run) -> None:
    """As many as were asked for."""
    assert annotated_cells(result).var["highly_variable"].sum() == CONFIG.n_top_genes


def test_scores_are_rows_of_evidence(result: Run) -> None:
    """The schema is that of Row, and what follows from the scores stands beside them."""
    content = evidence_content(result.data, result.evidence, trust=result.trust)
    assert content["results"] == [asdict(row) for row in result.evidence.rows]
    assert list(content["results"][0]) == [field.name for field in fields(Row)]
    assert {"inflation", "structure", "against_reference", "by_group", "clusters"} <= set(content)
    assert {"not_applicable", "notes"} <= set(content)


def test_a_card_has_the_same_rows(result: Run) -> None:
    """The model's own scores are rows of metrics.json."""
    rows = [asdict(row) for row in result.evidence.rows]
    card = result.classifiers["pca"].card
    assert card.metrics
    assert all(dict(row) in rows for row in card.metrics)


def test_stages_of_the_main_process_fit_into_the_wall_time(result: Run) -> None:
    """No stage is counted twice, and no other process's time is added."""
    content = timings_content(result.data, result.timings)
    seconds = [stage["seconds"] for stage in content["stages"] if stage["process"] == MAIN]
    assert 0 < sum(seconds) <= content["wall_seconds"]


def test_a_pool_draws_the_same_figures(result: Run, tmp_path: Path) -> None:
    """Whichever process draws them, the files are the same to the byte."""
    here = save_run(result, tmp_path / "here")
    check_run_outputs(tmp_path / "here")  # a later run may replace what this one wrote
    with open_pool(2) as pool:
        there = save_run(result, tmp_path / "there", pool=pool)
    assert [p.relative_to(tmp_path / "here") for p in here] == [
        p.relative_to(tmp_path / "there") for p in there
    ]
    figures = [path for path in here if path.suffix == ".png"]
    assert len(figures) == 4
    for path in figures:
        other = tmp_path / "there" / path.relative_to(tmp_path / "here")
        assert other.read_bytes() == path.read_bytes()
    assert anndata.read_h5ad(tmp_path / "here/cells.h5ad").n_obs == len(result.cells.obs)
    assert json.loads((tmp_path / "here/metrics.json").read_text())["dataset"]["n_cells"] == 240


def test_a_run_without_models_has_no_curves(tmp_path: Path) -> None:
    """Where no protocol keeps test cells out of the fit, nothing is drawn of its training."""
    written = save_run(run(simulate(), replace(CONFIG, protocol=("published",))), tmp_path)
    names = [path.name for path in written]
    assert "training_curves.png" not in names
    assert "confusion_matrix.png" in names
