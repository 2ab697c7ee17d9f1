"""Claims about ``train``, ``predict``, ``evaluate`` and ``show``."""

import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from commands import FLAGS

from scbaseline import Classifier, keys
from scbaseline.cli import main
from scbaseline.learn.recipes import RECIPES

pytestmark = pytest.mark.xdist_group("cli")  # its session fixtures are costly


def test_a_prediction_is_a_table(folder: Path) -> None:
    """Predict writes one row per cell, and agrees with the run's column of held-out cells."""
    out = folder / "predicted.csv"
    model = str(folder / "out/models/pca.safetensors")
    assert main(["predict", model, str(folder / "cells.h5ad"), "--out", str(out)]) == 0
    table = pd.read_csv(out, index_col="cell_id")
    assert list(table) == ["predicted_label", "probability", "prediction_set"]
    cells = anndata.read_h5ad(folder / "out/cells.h5ad")
    test = (cells.obs["split_inductive"] == "test").to_numpy()
    expected = cells.obs[test]
    assert (table["predicted_label"][test] == expected["predicted_inductive_pca"].astype(str)).all()
    np.testing.assert_allclose(
        table["probability"][test], expected["probability_inductive_pca"], atol=1e-5
    )


def test_show_prints_the_card(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads labels, evidence and origin."""
    assert main(["show", str(folder / "out/models/hvg.safetensors")]) == 0
    printed = capsys.readouterr().out
    for word in ("type 0", "T1", "accuracy", "inductive", "60 genes"):
        assert word in printed


def test_train_prints_cross_validated_scores(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table says that its scores are of a cross-validation, beside the simple recipes."""
    words = ["train", str(folder / "cells.h5ad"), "--label-key", "cell_type"]
    assert main([*words, "--out", str(folder / "t.safetensors"), "--folds", "2", *FLAGS]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    default = next(recipe.name for recipe in RECIPES.values() if recipe.for_use)
    for said in ("2-fold cross-validation, n = 240 cells", default, "logistic", "T1"):
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
    for name in ("predicted_label", "prediction_set"):
        assert (table[name].astype(str) == expected[name]).all()
    numbers = [name for name in expected if name.startswith("probability")]
    np.testing.assert_allclose(table[numbers], expected[numbers], atol=1e-6)


def test_predicting_twice_needs_a_name(
    folder: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Columns of an earlier prediction are not replaced in silence, and uns names the models."""
    once, twice = tmp_path / "once.h5ad", tmp_path / "twice.h5ad"
    assert main(["predict", str(trained), str(folder / "cells.h5ad"), "--out", str(once)]) == 0
    again = ["predict", str(folder / "out/models/pca.safetensors"), str(once), "--out", str(twice)]
    assert main(again) == 1
    assert "--key-added NAME" in capsys.readouterr().err
    assert not twice.exists()
    assert main([*again, "--key-added", "second"]) == 0
    cells = anndata.read_h5ad(twice)
    assert {"predicted_label", "probability", "second", "second_probability"} <= set(cells.obs)
    models = cells.uns[keys.PREDICTIONS]
    assert models["predicted_label"]["recipe"] == "hvg"
    assert models["predicted_label"]["trained_on"] == "cells.h5ad"
    assert models["second"]["recipe"] == "pca"
    card = Classifier.load(trained).card
    assert models["predicted_label"]["sha256"] == card.tensors_sha256


def test_evaluate_prints_each_label(
    folder: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scores per label, the tier, and files of metrics and confusion."""
    anndata.read_h5ad(folder / "cells.h5ad")[10:].write_h5ad(tmp_path / "other.h5ad")
    words = ["evaluate", str(trained), str(tmp_path / "other.h5ad"), "--label-key", "cell_type"]
    assert main([*words, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for said in ("T4", "type 0", "macro-F1", "precision"):
        assert said in printed
    rows = json.loads((tmp_path / "metrics.json").read_text())["results"]
    assert {row["protocol"] for row in rows} == {"external"}
    assert (tmp_path / "confusion_matrix.png").stat().st_size > 1000
    assert main([*words, "--out", str(tmp_path)]) == 0  # what it wrote itself is replaced


def test_a_draft_map_typed_back_judges_what_was_left_out(
    folder: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no label matches, the draft is written all the same; an edited one is kept."""
    cells = anndata.read_h5ad(folder / "cells.h5ad")[10:].copy()
    cells.obs["cell_type"] = cells.obs["cell_type"].astype(str).str.replace(" ", "+ ").str.upper()
    cells.write_h5ad(tmp_path / "other.h5ad")
    draft = tmp_path / "map.toml"
    words = ["evaluate", str(trained), str(tmp_path / "other.h5ad"), "--label-key", "cell_type"]
    assert main([*words, "--label-map-draft", str(draft)]) == 1
    assert "TYPE+ 0 → type 0" in capsys.readouterr().err
    assert main([*words, "--label-map", str(draft), "--out", str(tmp_path)]) == 0
    assert "230 cells of another study" in capsys.readouterr().out
    assert json.loads((tmp_path / "metrics.json").read_text())["left_out"]["n_cells"] == 0

    mended = draft.read_text().replace('"TYPE+ 2" =', '# "TYPE+ 2" =')
    draft.write_text(mended)
    assert main([*words, "--label-map-draft", str(draft)]) == 1
    assert "pass --overwrite" in capsys.readouterr().err
    assert draft.read_text() == mended
    assert main([*words, "--label-map", str(draft), "--out", str(tmp_path), "--quiet"]) == 0
    left_out = json.loads((tmp_path / "metrics.json").read_text())["left_out"]
    n_cells = int((cells.obs["cell_type"] == "TYPE+ 2").sum())
    assert left_out["labels"] == {"TYPE+ 2": n_cells}
    assert left_out["share"] == n_cells / 230
    assert left_out["suggestions"]["TYPE+ 2"] == [{"name": "type 2", "certain": True}]
    assert f"({n_cells} of 230) are left out" in capsys.readouterr().err
    assert main([*words, "--label-map", str(draft)]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"{100 * n_cells / 230:.0f} % of the labelled cells ({n_cells} of 230)")


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
