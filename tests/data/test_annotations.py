"""Columns are joined by cell id; who finds no partner is counted."""

from pathlib import Path

import pandas as pd
import pytest
from made_files import counts_adata, written

from scbaseline.data.options import ReadOptions
from scbaseline.data.provenance import provenance_of
from scbaseline.data.read import read_counts
from scbaseline.errors import ConfigError, DataNotFoundError, InputError


def _joined(tmp_path: Path, text: str, *, name: str = "labels.csv") -> object:
    (tmp_path / name).write_text(text)
    path = written(counts_adata(), tmp_path / "x.h5ad")
    return read_counts(path, ReadOptions(obs=tmp_path / name))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("barcode,cell_type\nAAAT-1,B cell\nAAAC-1,T\nAAAG-1,NK\n", "labels.csv"),
        ("barcode\tcell_type\nAAAT-1\tB cell\nAAAC-1\tT\nAAAG-1\tNK\n", "labels.tsv"),
    ],
)
def test_columns_are_joined_by_cell_id(tmp_path: Path, text: str, name: str) -> None:
    """The order of rows makes no difference, and what was in obs stays."""
    adata = _joined(tmp_path, text, name=name)
    assert adata.obs["cell_type"].tolist() == ["T", "NK", "B cell"]
    assert adata.obs["batch"].tolist() == ["x", "y", "x"]
    assert provenance_of(adata).notes == ()


def test_those_without_a_partner_are_counted(tmp_path: Path) -> None:
    """A cell without a row has a missing value; both sides are counted in a note."""
    adata = _joined(tmp_path, "id,cell_type\nAAAC-1,T\nAAAG-1,NK\nTTTT-1,B\nGGGG-1,B\n")
    assert adata.obs["cell_type"].isna().tolist() == [False, False, True]
    assert provenance_of(adata).notes == (
        "labels.csv: 1 of 3 cells have no row; 2 of 4 rows have no cell",
    )


def test_a_column_that_was_there_is_replaced_and_said(tmp_path: Path) -> None:
    """The file that the user names wins."""
    adata = _joined(tmp_path, "id,batch\nAAAC-1,1\nAAAG-1,2\nAAAT-1,3\n")
    assert adata.obs["batch"].tolist() == [1, 2, 3]
    assert provenance_of(adata).notes == ("labels.csv: its columns replaced those of obs: batch",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "id,t\nAAAC,T\nAAAG,NK\nAAAT,B\n",
            r"0 of 3 cells; .* AAAC-1, AAAG-1, AAAT-1, the rows AAAC, AAAG, AAAT; they agree but",
        ),
        ("id,t\nAAAC-1,T\nb,NK\n", r"rows for 1 of 3 cells; .* make the first column the names"),
        ("id,t\nAAAC-1,T\nAAAC-1,B\nAAAG-1,T\n", r"two rows for cell 'AAAC-1'"),
        ("id\nAAAC-1\n", "has no column but its first"),
        ("", "is empty"),
        ("AAAC-1,T\nAAAG-1,NK\nAAAT-1,B\n", r"has no header: .* cell 'AAAC-1'; put a line"),
        ("id,t,n\nAAAC-1,T,1\nAAAG-1,NK\nAAAT-1,B,1\n", r"line 3 has 2 values.*else add"),
        ("id,t\nAAAC-1,T,4\nAAAG-1,NK\nAAAT-1,B\n", r"line 2 has 3 values.*in quotes"),
        ("id,t\nAAAC-1,T\nAAAG-1,NK\n# end\n", r"line 4 .* take this one out"),
    ],
    ids=["suffix", "under-half", "twice", "ids-only", "empty", "no-header", "short", "long", "end"],
)
def test_what_cannot_be_joined_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """Examples from both sides show why."""
    with pytest.raises(InputError, match=words):
        _joined(tmp_path, text)


def test_a_file_that_is_not_there_is_answered_by_what_is_near(tmp_path: Path) -> None:
    """Near names are named."""
    (tmp_path / "labels.csv").write_text("x")
    path = written(counts_adata(), tmp_path / "x.h5ad")
    with pytest.raises(DataNotFoundError, match=r"no such file. Did you mean labels\.csv"):
        read_counts(path, ReadOptions(obs=tmp_path / "label.csv"))


def test_labels_join_a_data_set_too() -> None:
    """A data set that is known takes labels, but nothing that says where its counts are."""
    with pytest.raises(ConfigError, match="they are for files, and pbmc68k_reduced is a data set"):
        read_counts("pbmc68k_reduced", ReadOptions(layer="counts"))


def test_real_labels_are_joined(test_data: Path) -> None:
    """PBMC3k's published labels fit its cells."""
    folder = test_data / "pbmc3k"
    adata = read_counts(folder / "pbmc3k_raw.h5ad", ReadOptions(obs=folder / "labels.csv"))
    theirs = pd.read_csv(folder / "labels.csv", index_col=0)
    assert adata.obs["seurat_annotation"].notna().sum() == 2638
    assert adata.obs["seurat_annotation"].equals(theirs["seurat_annotation"].loc[adata.obs_names])


def test_joining_keeps_where_counts_are(tmp_path: Path) -> None:
    """Layers and raw stay, so that a refusal can still name them."""
    adata = counts_adata()
    adata.raw = adata.copy()
    adata.layers["counts"] = adata.X.copy()
    (tmp_path / "labels.csv").write_text("id,t\nAAAC-1,T\nAAAG-1,NK\nAAAT-1,B\n")
    path = written(adata, tmp_path / "x.h5ad")
    read = read_counts(path, ReadOptions(obs=tmp_path / "labels.csv"))
    assert list(read.layers) == ["counts"]
    assert (read.raw.X != adata.X).nnz == 0


@pytest.mark.parametrize(
    "text",
    [
        ",id,t\n0,AAAC-1,T\n1,AAAG-1,NK\n2,AAAT-1,B\n",
        "t,id\nT,AAAC-1\nNK,AAAG-1\nB,AAAT-1\n",
    ],
    ids=["numbered", "last"],
)
def test_cell_ids_may_stand_in_another_column(tmp_path: Path, text: str) -> None:
    """Where the first holds none and one other holds those of most cells; that is said."""
    adata = _joined(tmp_path, text)
    assert adata.obs["t"].tolist() == ["T", "NK", "B"]
    assert provenance_of(adata).notes == ("labels.csv: joined by its column 'id'",)


def test_barcodes_that_agree_within_other_names_are_said_to(tmp_path: Path) -> None:
    """The name of a sample before them is made equal by the user."""
    adata = counts_adata()
    adata.obs_names = ["AAACCCGGGTTT-1", "AAACCCGGGTTA-1", "AAACCCGGGTTC-1"]
    path = written(adata, tmp_path / "x.h5ad")
    rows = "".join(f"s1_{name},T\n" for name in adata.obs_names)
    (tmp_path / "labels.csv").write_text(f"id,t\n{rows}")
    with pytest.raises(InputError, match="barcodes agree, but not what stands around them"):
        read_counts(path, ReadOptions(obs=tmp_path / "labels.csv"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.h5ad", r"obs\.to_csv\('labels\.csv'\)"),
        ("l.rds", r"write\.csv\(x@meta\.data"),
        ("l.xlsx", "CSV UTF-8"),
        ("l.csv.zip", "unzip"),
        ("folder", "is a folder, not a file"),
        ("/dev/null", "is no file but a pipe or a device"),
    ],
)
def test_other_formats_of_labels_say_how_to_get_a_table(
    tmp_path: Path, name: str, words: str
) -> None:
    """The file is named once, beside the command."""
    path = written(counts_adata(), tmp_path / "x.h5ad")
    (tmp_path / "folder").mkdir()
    if not (tmp_path / name).exists():
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=words) as caught:
        read_counts(path, ReadOptions(obs=tmp_path / name))
    assert str(caught.value).count(str(tmp_path / name)) == 1
