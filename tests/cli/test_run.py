"""Claims about ``scbaseline run``: what it writes and prints."""

import json
import shutil
import tomllib
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from commands import DEFAULT, FLAGS

from scbaseline import Classifier, RunConfig, keys
from scbaseline.cli import main
from scbaseline.study.protocols import PROTOCOLS

pytestmark = pytest.mark.xdist_group("cli")  # its session fixtures are costly


def test_every_output_is_there(folder: Path) -> None:
    """Figures, models, tables, cells and settings, and nothing else."""
    written = {str(p.relative_to(folder / "out")) for p in (folder / "out").rglob("*.*")}
    assert written == {
        "figures/qc.png",
        "figures/umap_clusters.png",
        "figures/training_curves.png",
        "figures/confusion_matrix.png",
        "figures/confusion_matrix_hvg.png",
        "figures/confusion_matrix_hvg_earlystop.png",
        "models/pca.safetensors",
        "models/hvg.safetensors",
        "models/hvg-earlystop.safetensors",
        "metrics.json",
        "timings.json",
        "cells.h5ad",
        "report.html",
        "clusters.csv",
        "run.toml",
    }


def test_metrics_are_tidy(folder: Path) -> None:
    """One row per protocol, recipe, metric and label, with value, interval, n and tier."""
    content = json.loads((folder / "out/metrics.json").read_text())
    rows = pd.DataFrame(content["results"])
    columns = "protocol tier label_source label_origin recipe metric label value low high about"
    assert list(rows) == [*columns.split(), "repeats", "n"]
    assert not rows.duplicated(["protocol", "recipe", "metric", "label"]).any()
    assert set(rows["label_source"]) == {"given:cell_type"}
    assert set(rows["tier"]) == {"T0", "T1"}
    assert set(rows["metric"]) == {
        "accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "kappa", "train_accuracy",
        "f1", "precision", "recall", "support", "log_loss", "brier", "top_2", "ece",
        "ece_uncalibrated",
    }  # fmt: skip
    assert content["dataset"]["n_cells"] == 240


def test_scores_can_be_recomputed_from_the_cells(folder: Path) -> None:
    """The accuracy in the table is that of the columns in cells.h5ad."""
    cells = anndata.read_h5ad(folder / "out/cells.h5ad")
    rows = json.loads((folder / "out/metrics.json").read_text())["results"]
    for row in rows:
        if row["metric"] == "accuracy" and row["recipe"] in DEFAULT:
            test = cells.obs[keys.split(row["protocol"])] == "test"
            predicted = cells.obs[keys.predicted(row["protocol"], row["recipe"])].astype(str)
            right = predicted[test] == cells.obs["cell_type"][test].astype(str)
            assert right.mean() == pytest.approx(row["value"])
            assert test.sum() == row["n"]


def test_cells_keep_raw_counts(folder: Path) -> None:
    """Counts are those that came in; X is their log1p per 10,000."""
    given = anndata.read_h5ad(folder / "cells.h5ad")
    cells = anndata.read_h5ad(folder / "out/cells.h5ad")
    assert (cells.layers["counts"] != given.X).nnz == 0
    back = np.expm1(cells.X.toarray()) * cells.obs[keys.TOTAL_COUNTS].to_numpy()[:, None] / 1e4
    np.testing.assert_allclose(back, given.X.toarray(), atol=1e-3)
    assert cells.obsm[keys.X_UMAP].shape == (240, 2)
    assert {"neighbors", "leiden", "umap", "scbaseline"} <= set(cells.uns)


def test_the_settings_repeat_the_run(folder: Path) -> None:
    """run.toml holds the resolved settings; given back, it makes the same models."""
    again = folder / "again"
    settings = str(folder / "out/run.toml")
    resolved = tomllib.loads(Path(settings).read_text())
    assert RunConfig(**{k: tuple(v) if isinstance(v, list) else v for k, v in resolved.items()})
    status = main(
        ["run", str(folder / "cells.h5ad"), "--config", settings, "--out", str(again), "-q"]
    )
    assert status == 0
    for recipe in DEFAULT:
        name = f"models/{recipe}.safetensors"
        assert (again / name).read_bytes() == (folder / "out" / name).read_bytes()
    assert (again / "metrics.json").read_text() == (folder / "out/metrics.json").read_text()


def test_a_flag_wins_over_the_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Default < TOML < flag."""
    (folder / "s.toml").write_text('seed = 3\nrecipe = ["pca"]\nprotocol = ["inductive"]\n')
    out = folder / "flag"
    words = ["run", str(folder / "cells.h5ad"), "--config", str(folder / "s.toml"), "--seed", "4"]
    assert main([*words, "--out", str(out), *FLAGS]) == 0
    resolved = tomllib.loads((out / "run.toml").read_text())
    assert (resolved["seed"], resolved["recipe"]) == (4, ["pca"])
    printed = capsys.readouterr().out
    assert "published" not in printed.splitlines()[-20:][0]
    assert not (out / "models/hvg.safetensors").exists()


def test_the_console_has_a_conclusion(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was found, the answer in percent, what to look at and to type next, on one screen."""
    cells, out = str(folder / "cells.h5ad"), folder / "short"
    words = ["run", cells, "--label-key", "cell_type", "--recipe", "pca", "--out", str(out)]
    assert main([*words, *FLAGS]) == 0
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) <= 40
    assert "Test cells whose given label pca finds" in printed
    rows = pd.DataFrame(json.loads((out / "metrics.json").read_text())["results"])
    for value in rows[(rows["metric"] == "accuracy") & (rows["recipe"] == "pca")]["value"]:
        assert f"{100 * value:.1f} %" in printed
    said = " ".join(printed.split())
    assert f"scbaseline audit {cells} --label-key cell_type" in said
    assert f"open {out / 'clusters.csv'}" in said
    assert "macro-F1" not in said


def test_the_users_markers_name_the_clusters(folder: Path, tmp_path: Path) -> None:
    """In the table, in the cells, as labels of models; the model's card holds no path."""
    genes = [(f"T{t}", f"GENE{10 * t + g}") for t in range(3) for g in range(10)]
    table = tmp_path / "markers.csv"
    table.write_text("cell type,gene\n" + "".join(f"{t},{gene}\n" for t, gene in genes))
    words = ["run", str(folder / "cells.h5ad"), "--recipe", "pca", "--protocol", "inductive"]
    assert main([*words, "--markers", str(table), "--out", str(tmp_path), *FLAGS, "-q"]) == 0
    clusters = pd.read_csv(tmp_path / "clusters.csv", dtype={"cluster": str})
    assert {"T0", "T1", "T2"} == set(clusters["cell_type"]) - {"unnamed"}
    cells = anndata.read_h5ad(tmp_path / "cells.h5ad")
    name_of = dict(zip(clusters["cluster"], clusters["name"], strict=True))
    assert list(cells.obs["leiden"].map(name_of)) == list(cells.obs["cluster_name"])
    card = Classifier.load(tmp_path / "models/pca.safetensors").card
    assert set(card.labels) <= set(clusters["name"])
    assert str(tmp_path) not in str(card)
    assert tomllib.loads((tmp_path / "run.toml").read_text())["markers"] == str(table)


def test_markers_of_other_data_end_a_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once the data are read, before the long work."""
    table, out = tmp_path / "markers.csv", tmp_path / "out"
    table.write_text("ct,gene\nT,CD3E\nT,CD3D\n")
    words = ["run", str(folder / "cells.h5ad"), "--markers", str(table), "--out", str(out)]
    assert main([*words, *FLAGS]) == 1
    assert "of its 2 genes, none is in the data; the table has CD3E" in capsys.readouterr().err
    assert not list(out.iterdir())


def test_the_console_shows_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --verbose: recipe × protocol with tier, n and intervals, and why the columns differ."""
    main(["run", str(folder / "cells.h5ad"), "--out", str(folder / "table"), "--verbose", *FLAGS])
    printed = capsys.readouterr()
    assert printed.err == "", "no progress in a pipe"
    protocols = [protocol.name for protocol in PROTOCOLS.values() if protocol.in_run]
    for word in [*DEFAULT, *protocols, "logistic", "majority", "T0", "T2", "accuracy", "macro-F1"]:
        assert word in printed.out
    words = " ".join(printed.out.split())
    assert "given these labels, training cells and donors" in words
    assert "Inflation from double dipping" in words
    assert "3 draws" in words
    assert "not found again" in words or "All clusters are found again" in words


def test_quiet_prints_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--quiet leaves the console to warnings and errors."""
    words = ["run", str(folder / "cells.h5ad"), "--out", str(folder / "quiet"), "--quiet"]
    main([*words, "--protocol", "inductive", "--recipe", "pca", *FLAGS])
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_labels_in_a_column_that_we_write_are_kept(folder: Path, tmp_path: Path) -> None:
    """A user's obs.leiden, taken as labels, stays; ours goes beside it."""
    adata = anndata.read_h5ad(folder / "cells.h5ad")
    adata.obs["leiden"] = adata.obs["cell_type"]
    adata.write_h5ad(tmp_path / "in.h5ad")
    words = ["run", str(tmp_path / "in.h5ad"), "--label-key", "leiden", "--recipe", "pca", "-q"]
    assert main([*words, *FLAGS, "--out", str(tmp_path / "out")]) == 0
    cells = anndata.read_h5ad(tmp_path / "out/cells.h5ad")
    assert (cells.obs["leiden"].astype(str) == adata.obs["cell_type"].astype(str)).all()
    assert cells.obs["leiden_scbaseline"].nunique() > 1


def test_what_an_earlier_run_left_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files that look like this run's but are not are said, not deleted."""
    (tmp_path / "models").mkdir()
    shutil.copy(folder / "out/models/hvg.safetensors", tmp_path / "models")
    words = ["run", str(folder / "cells.h5ad"), "--recipe", "pca", "--out", str(tmp_path)]
    assert main([*words, *FLAGS, "--protocol", "published"]) == 0
    printed = capsys.readouterr().out
    assert "Left there from an earlier run: models/hvg.safetensors" in printed
    assert "No model is saved" in printed


def test_a_total_column_is_used(folder: Path, tmp_path: Path) -> None:
    """With --total-key, a query of some genes is normalised by the whole cell's total."""
    adata = anndata.read_h5ad(folder / "cells.h5ad")
    some = adata[:, :80].copy()
    some.obs["depth"] = adata.obs[keys.TOTAL_COUNTS]
    some.write_h5ad(tmp_path / "some.h5ad")
    words = ["run", str(tmp_path / "some.h5ad"), "--total-key", "depth", *FLAGS]
    assert main([*words, "--out", str(tmp_path), "--recipe", "pca", "-q"]) == 0
    cells = anndata.read_h5ad(tmp_path / "cells.h5ad")
    np.testing.assert_array_equal(cells.obs[keys.TOTAL_COUNTS], adata.obs[keys.TOTAL_COUNTS])
    assert Classifier.load(tmp_path / "models/pca.safetensors").card.config["total_key"] == "depth"


def test_halves_alone_can_be_run(folder: Path) -> None:
    """Clusters of a half have no confusion matrix among the run's, and need none."""
    words = ["run", str(folder / "cells.h5ad"), "--protocol", "thinned", "--recipe", "pca"]
    assert main([*words, "--draws", "1", "--out", str(folder / "half"), "-q", *FLAGS]) == 0
    assert not (folder / "half/figures/confusion_matrix.png").exists()


def test_unstable_clusters_can_be_merged(folder: Path) -> None:
    """With --merge-unstable there are fewer clusters, or as many where all are stable."""
    words = ["run", str(folder / "cells.h5ad"), "--protocol", "inductive", "--recipe", "pca", "-q"]
    n_clusters = []
    for name, flags in (("plain", []), ("merged", ["--merge-unstable"])):
        assert main([*words, *flags, "--draws", "1", "--out", str(folder / name), *FLAGS]) == 0
        content = json.loads((folder / name / "metrics.json").read_text())
        n_clusters.append(len(content["clusters"]))
    assert 2 <= n_clusters[1] < n_clusters[0]
