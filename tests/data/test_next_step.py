"""The doctor's last line is a command that works as it is printed."""

import json
import shlex
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from conftest import simulate
from made_files import write_10x
from made_forms import simulated, write_10x_h5, write_mtx, write_table

from scbaseline.cli import main
from scbaseline.data.next_step import group_columns, label_columns
from scbaseline.data.options import ReadOptions
from scbaseline.data.read import open_counts


def _last_line(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return shlex.split(capsys.readouterr().out.splitlines()[-1])


def _labelled() -> anndata.AnnData:
    adata = simulate(n_genes=400)
    adata.obs = adata.obs[["cell_type"]].assign(donor=np.array(["d1", "d2"])[np.arange(240) % 2])
    adata.uns.clear()
    return adata


def test_labels_are_ranked_and_described() -> None:
    """Cell types first, then other labels, then clusters; numbers, ids and groups are none."""
    n = 200
    obs = pd.DataFrame(
        {
            "leiden": np.arange(n) % 4,
            "cell_type_id": [f"CL:{i % 3}" for i in range(n)],
            "barcode": [f"b{i}" for i in range(n)],
            "score": np.linspace(0, 1, n),
            "total_counts": np.arange(n) % 7,
            "tissue_label": ["a", "b"] * (n // 2),
            "cell_type": ["T"] * 150 + ["B"] * 48 + ["rare", "nan"],
            "constant": "x",
            "sample": ["s1", "s2"] * (n // 2),
        }
    )
    names = [column.name for column in label_columns(obs)]
    assert names == ["cell_type", "cell_type_id", "tissue_label", "leiden"]
    first = label_columns(obs)[0]
    assert (first.n_values, first.example) == (2, "T")
    assert [column.name for column in group_columns(obs)] == ["sample"]


@pytest.mark.parametrize("form", ["X", "layer", "raw", "spaces in its name"])
def test_the_printed_command_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """With the matrix to take and the column of cell types, into the current folder."""
    monkeypatch.chdir(tmp_path)
    adata = _labelled()
    if form == "layer":
        adata = anndata.AnnData(obs=adata.obs, var=adata.var, layers={"counts": adata.X})
    if form == "raw":
        adata.raw = adata.copy()
        adata = adata[:, :50].copy()
    path = tmp_path / ("my cells.h5ad" if "spaces" in form else "x.h5ad")
    adata.write_h5ad(path)
    assert main(["doctor", str(path)]) == (1 if form == "layer" else 0)
    typed = _last_line(capsys)
    assert typed[:3] == ["scbaseline", "train", str(path)]
    assert typed[typed.index("--label-key") + 1] == "cell_type"
    quick = ["--n-bootstrap", "100", "--quiet", "--folds", "2"]
    if form != "X":  # once with the recipe that train takes by itself
        quick += ["--recipe", "logistic"]
    assert main([*typed[1:], *quick]) == 0
    assert Path(typed[-1]).is_file()


def test_cells_without_labels_are_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to learn but clusters."""
    folder = write_mtx(simulated(), tmp_path / "10x")
    assert main(["doctor", str(folder)]) == 0
    typed = _last_line(capsys)
    # Of 120 genes, no cell has the 200 that are usually asked for.
    assert typed[:4] == ["scbaseline", "run", str(folder), "--min-genes"]
    assert 0 < int(typed[4]) < 120
    assert typed[5:] == ["--out", "10x-run"]


def test_a_table_on_its_side_is_looked_at_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it holds is not known before it lies right; the exit status says that it does not."""
    path = write_table(simulated(), tmp_path / "x.csv", transposed=True)
    assert main(["doctor", str(path)]) == 1
    typed = _last_line(capsys)
    assert typed == ["scbaseline", "doctor", str(path), "--transpose"]
    assert main(typed[1:]) == 0


def test_where_no_command_helps_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scaled values alone do not go back to counts."""
    adata = simulated()
    adata.X = adata.X.toarray() - 1.5
    adata.write_h5ad(tmp_path / "x.h5ad")
    assert main(["doctor", str(tmp_path / "x.h5ad")]) == 1
    assert "get raw counts" in capsys.readouterr().out.splitlines()[-1]


def test_json_holds_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Columns, the command, and the same exit status."""
    path = tmp_path / "x.h5ad"
    _labelled().write_h5ad(path)
    assert main(["doctor", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["label_columns"] == [{"name": "cell_type", "n_values": 3, "example": found[
        "label_columns"][0]["example"]}]  # fmt: skip
    assert found["group_columns"][0]["name"] == "donor"
    assert main(["doctor", str(path)]) == 0
    assert shlex.split(found["next"]) == _last_line(capsys)


def test_a_table_of_labels_names_the_counts_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error ends with the command that joins the two, which works."""
    adata = _labelled()
    adata.obs.to_csv(tmp_path / "labels.csv")
    adata.obs = adata.obs[[]]
    adata.write_h5ad(tmp_path / "x.h5ad")
    assert main(["doctor", str(tmp_path / "labels.csv")]) == 1
    typed = _last_line(capsys)
    assert main(typed[1:]) == 0
    last = _last_line(capsys)
    assert last[:2] == ["scbaseline", "train"]
    assert "--obs" in last


def test_a_part_of_a_10x_folder_names_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its lists are no tables of counts."""
    folder = write_10x(tmp_path / "10x")
    assert main(["doctor", str(folder / "genes.tsv")]) == 1
    typed = capsys.readouterr().err.strip().split("pass the folder: ")[1]
    assert main(shlex.split(typed)[1:]) == 0


def test_commands_on_real_files_name_cell_types(test_data: Path) -> None:
    """The column that its authors called the cell type comes first."""
    for name, label in (
        ("pbmc4k_half_soupx.h5ad", "cell_type_soupx"),
        ("zheng2017_sorted_fasttopics.h5ad", "cell_type"),
    ):
        with open_counts(test_data / name, ReadOptions()) as adata:
            assert label_columns(adata.obs)[0].name == label


def test_values_that_begin_with_a_dash_are_typed_so_that_they_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A layer, a column and a file may be called like options."""
    monkeypatch.chdir(tmp_path)
    adata = _labelled()
    obs = adata.obs.rename(columns={"cell_type": "--cell_type"})
    anndata.AnnData(obs=obs, var=adata.var, layers={"-raw": adata.X}).write_h5ad("-x.h5ad")
    assert main(["doctor", "./-x.h5ad"]) == 1
    typed = _last_line(capsys)
    assert {"--layer=-raw", "--label-key=--cell_type"} <= set(typed)
    quick = ["--recipe", "nearest-centroid", "--folds", "2", "--n-bootstrap", "100", "--quiet"]
    assert main([*typed[1:], *quick]) == 0


def test_of_several_genomes_one_is_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file cannot be read before one is named; the last line names the first, and works."""
    path = write_10x_h5(simulated(), tmp_path / "x.h5", genomes=["hg19", "mm10"] * 60)
    assert main(["doctor", str(path)]) == 1
    typed = _last_line(capsys)
    assert typed == ["scbaseline", "doctor", str(path), "--genome", "hg19"]
    assert main(typed[1:]) == 0
    assert "--genome hg19" in capsys.readouterr().out.splitlines()[-1]


def test_json_of_a_file_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program reads there that it cannot be used, and why."""
    (tmp_path / "x.h5ad").write_bytes(b"text")
    assert main(["doctor", str(tmp_path / "x.h5ad"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["usable"] is False
    assert "is not an HDF5 file" in found["error"]
    assert found["next"] == ""
