"""Claims about the command line: what it writes, prints and refuses."""

import json
import tomllib
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from conftest import simulate

from scbaseline import Classifier, RunConfig, keys
from scbaseline.cli import main
from scbaseline.learn.recipes import RECIPES
from scbaseline.study.protocols import SHORT

pytestmark = pytest.mark.xdist_group("cli")  # its module fixtures are costly

FLAGS = ["--min-genes", "1", "--n-top-genes", "60", "--n-comps", "10", "--n-pcs", "10"]
FLAGS += ["--n-bootstrap", "100", "--threads", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with simulated cells in it, and the outputs of a run on them in out/."""
    folder = tmp_path_factory.mktemp("cli")
    cells = simulate()
    del cells.uns[keys.PROVENANCE]
    cells.write_h5ad(folder / "cells.h5ad")
    status = main(
        ["run", str(folder / "cells.h5ad"), "--label-key", "cell_type", "--out"]
        + [str(folder / "out"), *FLAGS]
    )
    assert status == 0
    return folder


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
        "run.toml",
    }


def test_metrics_are_tidy(folder: Path) -> None:
    """One row per protocol, recipe, metric and label, with value, interval, n and tier."""
    content = json.loads((folder / "out/metrics.json").read_text())
    rows = pd.DataFrame(content["results"])
    columns = "protocol tier label_source label_origin draw recipe metric label value low high n"
    assert list(rows) == columns.split()
    assert not rows.duplicated(["protocol", "draw", "recipe", "metric", "label"]).any()
    assert set(rows["label_source"]) == {"given:cell_type"}
    assert set(rows["tier"]) == {"T0", "T1"}
    assert set(rows["metric"]) == {
        "accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "kappa", "train_accuracy",
        "f1", "precision", "recall", "support", "log_loss", "brier", "top_2", "ece",
        "ece_uncalibrated",
    }  # fmt: skip
    assert content["dataset"]["n_cells"] == 240


def test_figures_can_be_recomputed_from_the_cells(folder: Path) -> None:
    """The accuracy in the table is that of the columns in cells.h5ad."""
    cells = anndata.read_h5ad(folder / "out/cells.h5ad")
    rows = json.loads((folder / "out/metrics.json").read_text())["results"]
    for row in rows:
        if row["metric"] == "accuracy" and row["recipe"] in RECIPES:
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


def test_a_prediction_is_a_table(folder: Path) -> None:
    """Predict writes one row per cell, and agrees with the column of the run."""
    out = folder / "predicted.csv"
    model = str(folder / "out/models/pca.safetensors")
    assert main(["predict", model, str(folder / "cells.h5ad"), "--out", str(out)]) == 0
    table = pd.read_csv(out, index_col="cell_id")
    assert list(table) == ["predicted_label", "probability"]
    cells = anndata.read_h5ad(folder / "out/cells.h5ad")
    assert (table["predicted_label"] == cells.obs["predicted_inductive_pca"].astype(str)).all()
    np.testing.assert_allclose(
        table["probability"], cells.obs["probability_inductive_pca"], atol=1e-5
    )


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
    for recipe in RECIPES:
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


def test_the_console_ends_with_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Recipe × protocol with tier, n and intervals, and why the columns differ."""
    main(["run", str(folder / "cells.h5ad"), "--out", str(folder / "table"), *FLAGS])
    printed = capsys.readouterr()
    assert printed.err == "", "no progress in a pipe"
    for word in [*RECIPES, *SHORT, "logistic", "majority", "T0", "T2", "accuracy", "macro-F1"]:
        assert word in printed.out
    words = " ".join(printed.out.split())
    assert "given these labels, training cells and donors" in words
    assert "Double dipping alone" in words
    assert "3 draws" in words
    assert "Unstable clusters" in words or "All clusters are found again" in words


def test_quiet_prints_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--quiet leaves the console to warnings and errors."""
    words = ["run", str(folder / "cells.h5ad"), "--out", str(folder / "quiet"), "--quiet"]
    main([*words, "--protocol", "inductive", "--recipe", "pca", *FLAGS])
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_show_prints_the_card(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads labels, evidence and origin."""
    assert main(["show", str(folder / "out/models/hvg.safetensors")]) == 0
    printed = capsys.readouterr().out
    for word in ("type 0", "T1", "accuracy", "inductive", "60 genes"):
        assert word in printed


def test_datasets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each name of the table, and where it is found."""
    assert main(["datasets"]) == 0
    printed = capsys.readouterr().out
    assert "pbmc3k" in printed
    assert "embedded" in printed


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["run", "pbmc3"], 1, "Did you mean pbmc3k"),
        (["run", "nowhere/x.h5ad"], 1, "nowhere/x.h5ad"),
        (["run", "{cells}", "--label-key", "cell_typ"], 1, "Did you mean cell_type"),
        (["run", "{cells}", "--min-genes", "-1"], 2, "min_genes: -1"),
        (["run", "{cells}", "--min-genes", "many"], 2, "--min-genes"),
        (["run", "{cells}", "--recipe", "hgv"], 2, "Did you mean hvg"),
        (["run", "{cells}", "--protocl", "x"], 2, "--protocol"),
        (["run", "{cells}", "--config", "none.toml"], 2, "none.toml"),
        (["run", "{cells}", "--config", "{bad}"], 2, "bad.toml"),
        (["run", "{cells}", "--config", "{unknown}"], 2, "Did you mean min_genes"),
        (["run", "{cells}", "--min-genes", "100000"], 1, "lower --min-genes"),
        (["run", "{cells}", "--out", "{cells}"], 1, "is a file; name a folder"),
        (["run", "{cells}", "--seed", "1.5"], 2, "1.5 is not a whole number"),
        (["run", "{cells}", "--seed", "4294967296"], 2, "0 to 2,147,483,647"),
        (["run", "{cells}", "--label-key", "total_counts"], 2, "give your labels another name"),
        (["run", "{cells}", "--config", "{table}"], 2, "run is not a setting"),
        (["rin"], 2, "run"),
        (["predict", "{cells}", "{cells}", "--out", "x.csv"], 1, "cannot be read as a model"),
        (["predict", "none.safetensors", "{cells}", "--out", "x.csv"], 1, "no such model file"),
        (
            ["train", "{cells}", "--label-key", "cell_type", "--out", "other.h5ad"],
            1,
            "a model's file ends in .safetensors; try --out other.safetensors",
        ),
        (["show", "{cells}"], 1, "cannot be read as a model"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_ends_with_one_clear_line(
    words: list[str],
    status: int,
    says: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line on stderr, exit 1 for data and 2 for usage, nothing written."""
    monkeypatch.chdir(tmp_path)
    places = {"cells": folder / "cells.h5ad", "bad": tmp_path / "bad.toml"}
    places["unknown"] = tmp_path / "unknown.toml"
    places["table"] = tmp_path / "table.toml"
    places["table"].write_text("[run]\nseed = 3")
    places["bad"].write_text("seed = = 3")
    places["unknown"].write_text("min_gens = 3")
    assert main([word.format(**places) for word in words]) == status
    printed = capsys.readouterr().err
    assert printed.startswith("scbaseline: error: ")
    assert printed.count("\n") == 1
    assert says in printed
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} == {
        "bad.toml",
        "unknown.toml",
        "table.toml",
    }


def test_a_named_data_set_is_never_overwritten(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data set's name stands for its file: predictions do not replace the counts."""
    counts = tmp_path / "pbmc3k_raw.h5ad"
    counts.write_bytes(b"counts")
    monkeypatch.setenv("SCBASELINE_DATA_DIR", str(tmp_path))
    model = str(folder / "out/models/pca.safetensors")
    assert main(["predict", model, "pbmc3k", "--out", str(counts)]) == 1
    assert counts.read_bytes() == b"counts"


def test_an_input_is_never_overwritten(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run whose cells.h5ad would be its own input is refused before it starts."""
    cells = tmp_path / "cells.h5ad"
    cells.write_bytes((folder / "cells.h5ad").read_bytes())
    assert main(["run", str(cells), "--out", str(tmp_path)]) == 1
    assert "is the input itself" in capsys.readouterr().err
    assert cells.read_bytes() == (folder / "cells.h5ad").read_bytes()


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
    (tmp_path / "models/hvg.safetensors").write_text("old")
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


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    """Return a model file that `train` wrote from the simulated cells."""
    out = folder / "trained.safetensors"
    words = ["train", str(folder / "cells.h5ad"), "--label-key", "cell_type", "--out", str(out)]
    assert main([*words, "--folds", "2", "--recipe", "hvg", *FLAGS]) == 0
    return out


def test_train_prints_cross_validated_figures(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table says that its figures are of a cross-validation, beside the baselines."""
    words = ["train", str(folder / "cells.h5ad"), "--label-key", "cell_type"]
    assert main([*words, "--out", str(folder / "t.safetensors"), "--folds", "2", *FLAGS]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for said in ("2-fold cross-validation, n = 240 cells", "hvg-earlystop", "logistic", "T1"):
        assert said in printed


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "h5ad"])
def test_predictions_are_the_same_in_every_format(
    ending: str, folder: Path, trained: Path, tmp_path: Path
) -> None:
    """A column per label and the same numbers, whatever the ending of --out."""
    out = tmp_path / f"predicted.{ending}"
    words = ["predict", str(trained), str(folder / "cells.h5ad"), "--out", str(out)]
    assert main([*words, "--probabilities"]) == 0
    expected = Classifier.load(trained).predict(
        anndata.read_h5ad(folder / "cells.h5ad"), probabilities=True
    )
    readers = {
        "csv": lambda: pd.read_csv(out, index_col="cell_id"),
        "tsv": lambda: pd.read_csv(out, index_col="cell_id", sep="\t"),
        "parquet": lambda: (
            pd.read_parquet(out).set_index("cell_id")
            if "cell_id" in pd.read_parquet(out)
            else pd.read_parquet(out)
        ),
        "h5ad": lambda: anndata.read_h5ad(out).obs[list(expected)],
    }
    table = readers[ending]()
    assert (table["predicted_label"].astype(str) == expected["predicted_label"]).all()
    numbers = list(expected.columns[1:])
    np.testing.assert_allclose(table[numbers], expected[numbers], atol=1e-6)


def test_evaluate_prints_each_label(
    folder: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Figures per label, the tier, and files of metrics and confusion."""
    anndata.read_h5ad(folder / "cells.h5ad")[10:].write_h5ad(tmp_path / "other.h5ad")
    words = ["evaluate", str(trained), str(tmp_path / "other.h5ad"), "--label-key", "cell_type"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for said in ("T4", "type 0", "macro-F1", "precision"):
        assert said in printed
    rows = json.loads((tmp_path / "metrics.json").read_text())["results"]
    assert {row["protocol"] for row in rows} == {"external"}
    assert (tmp_path / "confusion_matrix.png").stat().st_size > 1000


def test_evaluate_refuses_the_file_that_a_model_was_trained_on(
    folder: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own training data are no other study, read as training read them or in blocks."""
    words = ["evaluate", str(trained), str(folder / "cells.h5ad"), "--label-key", "cell_type"]
    assert main(words) == 1
    assert "training data" in " ".join(capsys.readouterr().err.split())


def test_show_as_json_is_the_card(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads the same card."""
    assert main(["show", str(trained), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)
    assert card["judged"].startswith("2-fold")


def test_a_log_normalised_file_gives_the_same_labels(
    folder: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts are recovered from log1p of counts per 10,000, and that is said."""
    adata = anndata.read_h5ad(folder / "cells.h5ad")
    total = np.asarray(adata.X.sum(axis=1))
    logged = adata.copy()
    logged.X = adata.X.multiply(1e4 / total).tocsr().log1p().astype(np.float32)
    del logged.obs[keys.TOTAL_COUNTS]
    logged.write_h5ad(tmp_path / "logged.h5ad")
    for name in (str(folder / "cells.h5ad"), str(tmp_path / "logged.h5ad")):
        assert main(["predict", str(trained), name, "--out", str(tmp_path / "p.csv")]) == 0
        (tmp_path / "p.csv").rename(tmp_path / f"{Path(name).stem}.csv")
    one, two = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("cells", "logged"))
    assert (one["predicted_label"] == two["predicted_label"]).all()
    np.testing.assert_allclose(one["probability"], two["probability"], atol=1e-6)
    assert "log1p" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["run", "audit"])
def test_protocols_without_a_meaning_are_refused_with_reasons(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing that was asked for can be run, each says why, before the slow steps."""
    words = [command, str(folder / "cells.h5ad"), "--label-key", "cell_type", *FLAGS]
    words += ["--protocol", "group", "--protocol", "thinned", "--out", str(folder / "none")]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "group: it needs the donor or batch of each cell; give --group-key" in said
    assert "thinned: it makes its labels anew" in said


def test_halves_alone_can_be_run(folder: Path) -> None:
    """Clusters of a half have no confusion matrix among the run's, and need none."""
    words = ["run", str(folder / "cells.h5ad"), "--protocol", "thinned", "--recipe", "pca"]
    assert main([*words, "--draws", "1", "--out", str(folder / "half"), "-q", *FLAGS]) == 0
    assert not (folder / "half/figures/confusion_matrix.png").exists()


def test_an_audit_writes_its_evidence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figure, figures, suspects and a paragraph; the settings repeat it."""
    out = folder / "audit"
    words = ["audit", str(folder / "cells.h5ad"), "--recipe", "pca", "--folds", "3", *FLAGS]
    assert main([*words, "--null-draws", "2", "--out", str(out)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for words_said in ("Double dipping alone", "Verdict on structure", "pca", "null-thinned"):
        assert words_said in printed
    content = json.loads((out / "audit.json").read_text())
    rows = pd.DataFrame(content["results"])
    assert not rows.duplicated(["protocol", "classifier", "metric"]).any()
    assert {"published", "inductive", "half", "thinned", "null-thinned"} <= set(rows["protocol"])
    assert rows["estimand"].ne("").all()
    assert (out / "methods.txt").read_text().startswith("Classifiers of Leiden clusters")
    assert {"cell_id", "label", "suggested"} <= set(pd.read_csv(out / "suspects.csv").columns)
    assert (out / "figures/how_much_is_real.png").stat().st_size > 10_000
    again = folder / "audit again"
    settings = ["--config", str(out / "audit.toml"), "--out", str(again), "-q"]
    assert main(["audit", str(folder / "cells.h5ad"), *settings]) == 0
    assert (again / "audit.json").read_bytes() == (out / "audit.json").read_bytes()


def test_unstable_clusters_can_be_merged(folder: Path) -> None:
    """With --merge-unstable there are fewer clusters, or as many where all are stable."""
    words = ["run", str(folder / "cells.h5ad"), "--protocol", "inductive", "--recipe", "pca", "-q"]
    n_clusters = []
    for name, flags in (("plain", []), ("merged", ["--merge-unstable"])):
        assert main([*words, *flags, "--draws", "1", "--out", str(folder / name), *FLAGS]) == 0
        content = json.loads((folder / name / "metrics.json").read_text())
        n_clusters.append(len(content["clusters"]))
    assert 2 <= n_clusters[1] < n_clusters[0]
