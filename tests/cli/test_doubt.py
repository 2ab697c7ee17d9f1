"""Claims about what ``predict`` says of doubt, on the screen, in files and for programs."""

import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from commands import FLAGS

from scbaseline import Classifier
from scbaseline.cli import main

pytestmark = pytest.mark.xdist_group("cli")  # its session fixtures are costly


@pytest.fixture(scope="module")
def scored(folder: Path) -> Path:
    """Return a model file with an unknown score."""
    out = folder / "scored.safetensors"
    words = ["train", str(folder / "cells.h5ad"), "--label-key", "cell_type", "--out", str(out)]
    assert main([*words, "--folds", "2", "--recipe", "robust", *FLAGS]) == 0
    return out


@pytest.mark.parametrize("ending", ["csv", "parquet", "h5ad"])
def test_unknown_cells_are_in_every_format(
    ending: str, folder: Path, scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Column unknown holds true and false; how sure the model is stands on standard error."""
    out = tmp_path / f"predicted.{ending}"
    words = ["predict", str(scored), str(folder / "cells.h5ad"), "--out", str(out)]
    assert main([*words, "--reject-known", "0.2"]) == 0
    error = " ".join(capsys.readouterr().err.split())
    assert "How sure the model is" in error
    assert "looks unlike" not in error
    expected = Classifier.load(scored).predict(
        anndata.read_h5ad(folder / "cells.h5ad"), reject_known=0.2
    )
    readers = {"csv": pd.read_csv, "parquet": pd.read_parquet}
    table = anndata.read_h5ad(out).obs if ending == "h5ad" else readers[ending](out)
    columns = ["predicted_label", "probability", "unknown", "unknown_score", "prediction_set"]
    assert list(expected) == columns
    assert (table["unknown"].to_numpy() == expected["unknown"].to_numpy()).all()
    np.testing.assert_allclose(table["unknown_score"], expected["unknown_score"], atol=1e-4)


def test_a_program_reads_the_doubt(
    folder: Path, scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of shuffled gene names, --json says "unlike", and a warning says it to a person."""
    fake = anndata.read_h5ad(folder / "cells.h5ad")
    fake.var_names = np.random.default_rng(0).permutation(np.array(fake.var_names))
    fake.write_h5ad(tmp_path / "fake.h5ad")
    words = ["predict", str(scored), str(tmp_path / "fake.h5ad"), "--json"]
    assert main([*words, "--out", str(tmp_path / "p.csv")]) == 0
    printed = capsys.readouterr()
    said = json.loads(printed.out)
    assert said["verdict"] == "unlike"
    assert said["n_cells"] == sum(label["n"] for label in said["labels"])
    assert "This query looks unlike the training cells" in printed.err
    assert pd.read_csv(tmp_path / "p.csv")["unknown"].isna().all()


def test_sets_samples_and_smoothed_labels_are_written(
    folder: Path, scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wide sets have a broad label, each sample a row, and smoothing says what it moved."""
    cells = anndata.read_h5ad(folder / "cells.h5ad")
    names = Classifier.load(scored).card.labels
    tree = "[parents]\n" + "".join(f'"{name}" = "any"\n' for name in names)
    (tmp_path / "tree.toml").write_text(tree)
    words = ["predict", str(scored), str(folder / "cells.h5ad"), "--set-level", "0.999"]
    words += ["--label-tree", str(tmp_path / "tree.toml"), "--smooth", "--group-key", "cell_type"]
    assert main([*words, "--out", str(tmp_path / "p.csv")]) == 0
    table = pd.read_csv(tmp_path / "p.csv")
    n_labels = table["prediction_set"].str.count("[|]") + 1
    assert (table["broad_label"][n_labels > 1] == "any").all()
    assert (table["broad_label"] == table["predicted_label"])[n_labels == 1].all()
    assert (n_labels > 1).any()
    error = " ".join(capsys.readouterr().err.split())
    assert "How sure it is of each sample" in error
    for name in cells.obs["cell_type"].unique():
        assert f"{name} {(cells.obs['cell_type'] == name).sum():,}" in error
    moved = (table["smoothed_label"] != table["predicted_label"]).sum()
    assert f"{moved:,} cells have another smoothed_label" in error


def test_json_and_a_table_do_not_share_standard_output(
    folder: Path, scored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error says what to type instead."""
    words = ["predict", str(scored), str(folder / "cells.h5ad"), "--json", "--out", "-"]
    assert main(words) == 2
    assert "name a file as --out" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--reject-known", "--set-level"])
def test_a_share_that_is_none_is_refused(
    flag: str, folder: Path, scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is read, with the flag and what to type."""
    words = ["predict", str(scored), str(folder / "cells.h5ad"), flag, "5"]
    assert main([*words, "--out", str(tmp_path / "p.csv")]) == 2
    assert f"type {flag} 0." in capsys.readouterr().err


def test_the_model_that_ships_is_listed_and_labels_cells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a file and without a network."""
    assert main(["models"]) == 0
    assert "pbmc" in capsys.readouterr().out
    words = ["predict", "pbmc", "pbmc68k_reduced", "--out", str(tmp_path / "p.csv")]
    assert main(words) == 0
    printed = capsys.readouterr()
    assert "looks unlike" not in printed.err
    assert len(pd.read_csv(tmp_path / "p.csv")) == 700
