"""The input doctor says what was found, what it means, and what to type next."""

import json
from pathlib import Path

import anndata
import h5py
import numpy as np
import pytest
from made_files import written
from made_forms import simulated, write_table, write_zarr
from scipy import sparse

from scbaseline.cli import main
from scbaseline.data import blocks
from scbaseline.data.doctor import Diagnosis, examine
from scbaseline.data.findings import findings
from scbaseline.data.options import ReadOptions
from scbaseline.data.read import open_counts, read_counts
from scbaseline.data.summary import summary
from scbaseline.errors import ConfigError, InputError


def _said(adata: anndata.AnnData, diagnosis: Diagnosis) -> str:
    said = findings(diagnosis, obs_names=adata.obs_names, var_names=adata.var_names)
    return "\n".join(map(str, said))


def test_matrices_stay_on_disk(tmp_path: Path) -> None:
    """An .h5ad and a .zarr are opened without reading X, layers or raw."""
    adata = simulated()
    adata.layers["counts"] = adata.X.copy()
    for path in (written(adata, tmp_path / "x.h5ad"), write_zarr(adata, tmp_path / "x.zarr")):
        with open_counts(path) as opened:
            for matrix in (opened.X, opened.layers["counts"]):
                assert not hasattr(matrix, "data")
                assert matrix[:2].shape == (2, adata.n_vars)


def test_only_blocks_are_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block of a file on disk is looked at, none larger than a block."""
    monkeypatch.setattr(blocks, "_SPARSE_ROWS", 64)
    path = written(simulated(), tmp_path / "x.h5ad")
    with open_counts(path) as adata:
        sizes = [block.shape[0] for _, block in blocks.row_blocks(adata.X)]
    assert sizes == [64] * 7 + [52]


def test_a_backed_anndata_is_examined(tmp_path: Path) -> None:
    """AnnData's own backed mode is served."""
    adata = anndata.read_h5ad(written(simulated(), tmp_path / "x.h5ad"), backed="r")
    np.testing.assert_array_equal(examine(adata).values.sums_n, simulated().X.sum(axis=1).A1)
    adata.file.close()


def test_everything_is_found_in_the_embedded_sample() -> None:
    """Its genes are a selection, of which n_counts holds the totals."""
    adata = read_counts("pbmc68k_reduced")
    diagnosis = examine(adata)
    assert (diagnosis.values.kind, diagnosis.selected) == ("counts", "totals")
    assert "pass --total-key n_counts" in _said(adata, diagnosis)


def test_where_counts_are_is_found() -> None:
    """The usual layer first, then others, then raw."""
    adata = simulated()
    adata.raw = adata.copy()
    adata.layers["a"] = adata.X.copy()
    adata.layers["counts"] = adata.X.copy()
    adata.X = adata.X.toarray() - 0.5
    assert [source.layer for source in examine(adata).elsewhere] == ["counts", "a", None]


def test_empty_cells_and_duplicates_are_counted() -> None:
    """Cells without a count and genes of one name are counted, and no reason to refuse."""
    adata = simulated()
    kept = np.ones((adata.n_obs, 1))
    kept[[3, 9]] = 0
    adata.X = sparse.csr_matrix(adata.X.multiply(kept))
    adata.var_names = ["LYZ", "LYZ", *adata.var_names[2:]]
    diagnosis = examine(adata)
    assert (diagnosis.n_empty, diagnosis.names.naming.n_duplicates) == (2, 1)


def test_summary_is_json() -> None:
    """Programs get the same findings, and whether the input can be used."""
    adata = simulated()
    diagnosis = examine(adata)
    said = findings(diagnosis, obs_names=adata.obs_names, var_names=adata.var_names)
    again = json.loads(json.dumps(summary(diagnosis, said)))
    assert (again["values"], again["usable"], again["n_cells"]) == ("counts", True, 500)


@pytest.mark.parametrize("flags", [[], ["--transpose"]])
def test_command_prints_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    """`scbaseline doctor` names the flag for a transposed table, and is content with it."""
    path = write_table(simulated(), tmp_path / "x.csv", transposed=True)
    assert main(["doctor", str(path), *flags]) == (0 if flags else 1)
    printed = capsys.readouterr().out
    assert ("pass --transpose" in printed) == (not flags)
    assert ("can be used as it is" in printed) == bool(flags)


def test_command_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json it is one JSON object."""
    path = written(simulated(), tmp_path / "x.h5ad")
    assert main(["doctor", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["usable"]


def test_command_counts_cells_without_annotations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cells that a table of annotations lacks are counted."""
    path = written(simulated(), tmp_path / "x.h5ad")
    rows = "".join(f"{cell},T\n" for cell in simulated().obs_names[:400])
    (tmp_path / "labels.csv").write_text(f"cell,label\n{rows}")
    assert main(["doctor", str(path), "--obs", str(tmp_path / "labels.csv")]) == 0
    assert "labels.csv: 100 of 500 cells have no row" in capsys.readouterr().out


def test_command_refuses_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """One line and exit status 1, as for every command."""
    assert main(["doctor", "nowhere.h5ad"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_options_that_contradict_each_other_are_refused() -> None:
    """Counts are in a layer or in raw."""
    with pytest.raises(ConfigError, match="give one of the two"):
        ReadOptions(layer="counts", use_raw=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ReadOptions(layer="count"), r"there is no layer 'count'. Did you mean counts"),
        (ReadOptions(use_raw=True), "has no raw; leave out --use-raw"),
    ],
)
def test_a_matrix_that_is_not_there_is_refused(
    tmp_path: Path, options: ReadOptions, words: str
) -> None:
    """Near layers are named."""
    adata = simulated()
    adata.layers["counts"] = adata.X.copy()
    with pytest.raises(InputError, match=words):
        read_counts(written(adata, tmp_path / "x.h5ad"), options)


def test_a_damaged_block_on_disk_is_refused(tmp_path: Path) -> None:
    """Indices that point outside are met in whatever block they are."""
    path = written(simulated(), tmp_path / "x.h5ad")
    with h5py.File(path, "r+") as file:
        file["X/indices"][-1] = 10**6
    with pytest.raises(InputError, match="damaged"), open_counts(path) as adata:
        examine(adata)
