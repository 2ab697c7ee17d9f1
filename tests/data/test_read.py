"""read_counts makes one form of every file, and one clear line of every bad one."""

import threading
from pathlib import Path

import anndata
import h5py
import numpy as np
import pytest
from made_files import COUNTS, IDS, SYMBOLS, counts_adata, truncations, written
from scipy import sparse

from scbaseline.data.check import check_counts
from scbaseline.data.options import ReadOptions
from scbaseline.data.provenance import Provenance, provenance_of
from scbaseline.data.read import open_counts, read_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import DataNotFoundError, InputError


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.float32])
def test_h5ad_of_any_form_becomes_csr_float32(tmp_path: Path, form: object, dtype: type) -> None:
    """Dense and sparse matrices of any number type come out as one form."""
    adata = anndata.AnnData(form(COUNTS.astype(dtype)))
    read = read_counts(written(adata, tmp_path / "x.h5ad"))
    assert isinstance(read.X, sparse.csr_matrix)
    assert read.X.dtype == np.float32
    np.testing.assert_array_equal(read.X.toarray(), COUNTS)


def test_h5ad_keeps_its_annotations(tmp_path: Path) -> None:
    """obs, var and uns come along."""
    adata = counts_adata(length=[1, 2, 3, 4])
    adata.uns["title"] = "mine"
    read = read_counts(written(adata, tmp_path / "x.h5ad"))
    assert read.obs["batch"].tolist() == ["x", "y", "x"]
    assert read.var["length"].tolist() == [1, 2, 3, 4]
    assert read.uns["title"] == "mine"


def test_h5ad_with_ensembl_ids_gets_symbols(tmp_path: Path) -> None:
    """Ids move to gene_ids, symbols become the unique names; what is none gives way to the id."""
    adata = counts_adata(index=IDS, feature_name=SYMBOLS)
    read = read_counts(written(adata, tmp_path / "x.h5ad"))
    assert read.var_names.tolist() == ["LYZ", "CD3D", IDS[2], "LYZ-1"]
    assert read.var["gene_ids"].tolist() == IDS


def test_h5ad_with_repeated_names_is_read_in_silence(tmp_path: Path) -> None:
    """Names are made unique without a warning (which would fail this test)."""
    adata = counts_adata()
    adata.var_names = SYMBOLS
    read = read_counts(written(adata, tmp_path / "x.h5ad"))
    assert read.var_names.tolist() == ["LYZ", "CD3D", "NA", "LYZ-1"]


def test_h5ad_of_an_old_format_is_read_in_silence(test_data: Path) -> None:
    """Real files of other people's making are read without a warning."""
    for name in ("zheng2017_sorted_fasttopics.h5ad", "pbmc4k_half_soupx.h5ad"):
        assert read_counts(test_data / name).X.nnz > 2_700_000


def test_provenance_survives_writing(tmp_path: Path) -> None:
    """What uns says is the same after a way through an h5ad file, every type included."""
    adata = read_counts("pbmc68k_reduced")
    before = provenance_of(adata)
    again = provenance_of(anndata.read_h5ad(written(adata, tmp_path / "x.h5ad")))
    assert again == before
    assert [type(value) for value in vars(again).values()] == [
        type(value) for value in vars(before).values()
    ]


def test_provenance_of_a_strangers_file_is_its_name(tmp_path: Path) -> None:
    """Of an unknown file nothing is claimed but its name, without its folder."""
    provenance = provenance_of(read_counts(written(counts_adata(), tmp_path / "mine.h5ad")))
    assert provenance == Provenance(
        "mine.h5ad", title="mine.h5ad", fingerprint=provenance.fingerprint
    )


def test_a_file_that_we_wrote_keeps_its_totals(tmp_path: Path) -> None:
    """A part of the embedded sample, saved and read, still knows its totals' column."""
    part = read_counts("pbmc68k_reduced")[:50].copy()
    assert provenance_of(read_counts(written(part, tmp_path / "p.h5ad"))).total_key == "n_counts"


def test_total_key_is_remembered(tmp_path: Path) -> None:
    """The column that the user names goes into the provenance."""
    adata = counts_adata()
    adata.obs["depth"] = [10, 20, 30]
    read = read_counts(written(adata, tmp_path / "x.h5ad"), total_key="depth")
    assert provenance_of(read).total_key == "depth"


def test_total_key_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Near columns are named."""
    path = written(counts_adata(), tmp_path / "x.h5ad")
    with pytest.raises(InputError, match=r"x.h5ad: obs has no column 'bach'. Did you mean batch"):
        read_counts(path, total_key="bach")


def test_a_name_is_not_taken_for_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of results that is called like a data set does not hide it."""
    (tmp_path / "pbmc68k_reduced").mkdir()
    monkeypatch.chdir(tmp_path)
    assert read_counts("pbmc68k_reduced").n_obs == 700
    with pytest.raises(InputError, match="is an empty folder"):
        read_counts("./pbmc68k_reduced")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("pbmc3", "'pbmc3': no data set and no file has this name. Did you mean pbmc3k"),
        ("mine.h5da", "Did you mean mine.h5ad"),
        ("./mime.h5ad", "no such file or folder. Did you mean mine.h5ad"),
        (Path("pbmc3k"), "pbmc3k: no such file or folder"),
        ("nowhere/mine.h5ad", "there is no folder nowhere"),
        ("~nobody-of-this-name/mine.h5ad", "there is no folder ~nobody"),
        ("", "no data set and no file has this name"),
    ],
)
def test_what_is_not_there_is_answered_by_what_is_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | Path, words: str
) -> None:
    """Data sets and files of a near name are named."""
    written(counts_adata(), tmp_path / "mine.h5ad")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataNotFoundError, match=words):
        read_counts(given)


def test_other_endings_are_refused(tmp_path: Path) -> None:
    """The error names the formats that can be read."""
    (tmp_path / "counts.docx").write_text("x")
    with pytest.raises(InputError, match=r"ending is not known; pass \.h5ad, .*10x folder"):
        read_counts(tmp_path / "counts.docx")


def test_h5ad_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    """At every twentieth of its length the error is ours, and one line."""
    path = written(counts_adata(), tmp_path / "x.h5ad")
    for part in truncations(path):
        path.write_bytes(part)
        with pytest.raises(InputError) as caught:
            read_counts(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04 a zip file", "is not an HDF5 file"),
    ],
)
def test_foreign_files_are_refused(tmp_path: Path, content: bytes, words: str) -> None:
    """A file of another kind under the ending .h5ad is refused in plain words."""
    path = tmp_path / "x.h5ad"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"x\.h5ad: {words}"):
        read_counts(path)


def test_other_hdf5_files_are_refused(tmp_path: Path) -> None:
    """An HDF5 file that is no AnnData is refused, with what it lacks."""
    with h5py.File(tmp_path / "x.h5ad", "w") as file:
        file["matrix/data"] = [1, 2, 3]
    with pytest.raises(InputError, match="holds no X, obs, var"):
        read_counts(tmp_path / "x.h5ad")


def test_indices_that_point_outside_are_refused(tmp_path: Path) -> None:
    """A damaged matrix is refused before scipy computes with it."""
    path = written(counts_adata(), tmp_path / "x.h5ad")
    with h5py.File(path, "r+") as file:
        file["X/indices"][0] = 10**6
    with pytest.raises(InputError, match="damaged"):
        read_counts(path)


@pytest.mark.parametrize(
    "given", [None, 5, ["x.h5ad"], b"x.h5ad", anndata.AnnData(COUNTS)], ids=str
)
def test_what_is_no_name_and_no_path_is_refused(given: object) -> None:
    """A variable that was not set must not be answered by public data."""
    with pytest.raises(InputError, match=r"read_counts: .* was given"):
        read_counts(given)
    with pytest.raises(InputError, match=r"was given"), open_counts(given):
        pass


def test_fractions_that_were_allowed_are_read_from_disk(tmp_path: Path) -> None:
    """The option holds for a prediction, too, which leaves the counts on disk."""
    counts = sparse.csr_matrix(COUNTS.astype(float))
    counts.data[0] += 0.3
    path = written(counts_adata(counts), tmp_path / "x.h5ad")
    with open_counts(path) as adata, pytest.raises(InputError, match="--allow-fractional"):
        stream_counts(adata)
    with open_counts(path, ReadOptions(allow_fractional=True)) as adata:
        assert stream_counts(adata).counts().total_n.sum() == pytest.approx(COUNTS.sum() + 0.3)


def test_what_cannot_be_copied_is_no_hindrance() -> None:
    """Uns may hold a lock or an open file; it is nothing that counts need."""
    adata = counts_adata()
    adata.uns["lock"] = threading.Lock()
    assert check_counts(adata).X.sum() == COUNTS.sum()
