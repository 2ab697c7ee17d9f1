"""Claims about ``--report`` and ``--no-report``: who writes a page, and what goes with it."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from commands import FLAGS

from scbaseline import keys
from scbaseline.cli import main

pytestmark = pytest.mark.xdist_group("cli")  # its session fixtures are costly


def test_a_run_writes_a_page_unless_told_not_to(folder: Path, tmp_path: Path) -> None:
    """It names the data and the answer."""
    assert "names" in (folder / "out/report.html").read_text(encoding="utf-8")
    words = ["run", str(folder / "cells.h5ad"), "--label-key", "cell_type", "--recipe", "pca"]
    words += ["--protocol", "inductive", "--out", str(tmp_path), "--no-report"]
    assert main([*words, *FLAGS]) == 0
    assert not (tmp_path / "report.html").exists()


def test_predict_lays_the_query_out(
    folder: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page is there, and the file has layout, clusters and majority labels beside the raw."""
    out, page = tmp_path / "p.h5ad", tmp_path / "p.html"
    words = ["predict", str(trained), str(folder / "cells.h5ad"), "--out", str(out)]
    assert main([*words, "--report", str(page), "--report-genes", "GENE99"]) == 0
    assert "GENE99" in page.read_text(encoding="utf-8")
    assert str(page) in capsys.readouterr().out
    cells = anndata.read_h5ad(out)
    assert cells.obsm[keys.X_UMAP].shape == (240, 2)
    for _, own in cells.obs.groupby(keys.LEIDEN, observed=True):
        shares = own[keys.PREDICTED_LABEL].astype(str).value_counts(normalize=True)
        assert set(own[keys.MAJORITY_LABEL]) == {shares.index[0]}
        np.testing.assert_allclose(own[keys.MAJORITY_SHARE], shares.iloc[0], rtol=1e-6)


def test_a_table_has_the_majority_beside(folder: Path, trained: Path, tmp_path: Path) -> None:
    """The raw call is what it is without the page."""
    with_page, without = tmp_path / "a.csv", tmp_path / "b.csv"
    words = ["predict", str(trained), str(folder / "cells.h5ad"), "--out"]
    assert main([*words, str(with_page), "--report", str(tmp_path / "p.html")]) == 0
    assert main([*words, str(without)]) == 0
    table, plain = (pd.read_csv(path, index_col=0) for path in (with_page, without))
    assert list(table)[-2:] == [keys.MAJORITY_LABEL, keys.MAJORITY_SHARE]
    pd.testing.assert_frame_equal(table[list(plain)], plain)


def test_too_few_cells_for_a_page_still_have_their_labels(
    folder: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One cell has a table, and a warning instead of the page."""
    out, page = tmp_path / "p.csv", tmp_path / "p.html"
    anndata.read_h5ad(folder / "cells.h5ad")[:1].write_h5ad(tmp_path / "one.h5ad")
    words = ["predict", str(trained), str(tmp_path / "one.h5ad"), "--out", str(out)]
    assert main([*words, "--report", str(page)]) == 0
    printed = capsys.readouterr()
    warned = " ".join(printed.err.split())
    assert f"{page}: no page is written: " in warned
    assert (
        "more than 10 cells with counts are needed to lay them out, and the data have 1" in warned
    )
    said = printed.out.replace("\n", "")
    assert f"{out}: 1 cell" in said
    assert f"{out}: 1 cells" not in said
    assert len(pd.read_csv(out)) == 1
    anndata.read_h5ad(folder / "cells.h5ad")[:10].write_h5ad(tmp_path / "ten.h5ad")
    words = ["evaluate", str(trained), str(tmp_path / "ten.h5ad"), "--label-key", "cell_type"]
    assert main([*words, "--report", str(page), "--out", str(tmp_path)]) == 0
    assert "no page is written" in " ".join(capsys.readouterr().err.split())
    assert (tmp_path / "metrics.json").exists()
    assert not page.exists()


def test_evaluate_and_train_write_pages(folder: Path, trained: Path, tmp_path: Path) -> None:
    """Each with what it found; other counts of the same cells pass as another study."""
    cells = anndata.read_h5ad(folder / "cells.h5ad")[:200]
    cells.write_h5ad(tmp_path / "other.h5ad")
    page = tmp_path / "e.html"
    words = ["evaluate", str(trained), str(tmp_path / "other.h5ad"), "--label-key", "cell_type"]
    assert main([*words, "--report", str(page)]) == 0
    assert "of another study" in page.read_text(encoding="utf-8")
    page = tmp_path / "t.html"
    words = ["train", str(folder / "cells.h5ad"), "--label-key", "cell_type", "--folds", "2"]
    words += ["--recipe", "hvg", "--out", str(tmp_path / "m.safetensors")]
    assert main([*words, "--report", str(page), *FLAGS]) == 0
    assert "scbaseline train: hvg" in page.read_text(encoding="utf-8")


def test_an_audit_writes_a_page(folder: Path, tmp_path: Path) -> None:
    """With the suspects to colour the cells by."""
    words = ["audit", str(folder / "cells.h5ad"), "--label-key", "cell_type", "--recipe", "pca"]
    words += ["--repeats", "1", "--folds", "2", "--protocol", "inductive"]
    assert main([*words, "--out", str(tmp_path), *FLAGS]) == 0
    assert "label to look at again" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["predict", "evaluate", "run"])
def test_a_gene_that_is_not_there_is_named(
    command: str,
    folder: Path,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before the long work, with what is called alike."""
    cells = str(folder / "cells.h5ad")
    words = {
        "predict": ["predict", str(trained), cells, "--out", str(tmp_path / "p.csv"), "--report",
                    str(tmp_path / "p.html")],
        "evaluate": ["evaluate", str(trained), cells, "--label-key", "cell_type", "--report",
                     str(tmp_path / "p.html")],
        "run": ["run", cells, "--out", str(tmp_path)],
    }[command]  # fmt: skip
    assert main([*words, "--report-genes", "GENE999"]) == 1
    assert "--report-genes GENE999" in capsys.readouterr().err
    assert not list(tmp_path.glob("p.*"))


def test_a_page_can_be_had_where_no_threshold_can_be_trusted(tmp_path: Path) -> None:
    """A query unlike the training cells has no unknown cells to count, and still its page."""
    page = tmp_path / "page.html"
    words = ["predict", "pbmc", "pbmc68k_reduced", "--out", str(tmp_path / "predicted.csv")]
    assert main([*words, "--report", str(page), "--quiet"]) == 0
    assert "no cell is called unknown or known" in page.read_text(encoding="utf-8")
