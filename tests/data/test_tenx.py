"""10x folders come out as scanpy reads them, in every form that they are found in."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import scanpy
import scipy.io
from made_files import ALL, BARCODES, COUNTS, IDS, truncations, write_10x, write_10x_tar
from scipy import sparse

from scbaseline.data.provenance import provenance_of
from scbaseline.data.read import read_counts
from scbaseline.errors import InputError


def _replace(path: Path, old: bytes, new: bytes) -> None:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(old, new)))
    else:
        path.write_bytes(path.read_bytes().replace(old, new))


@pytest.mark.parametrize(
    ("version", "gzipped"), [(2, ()), (3, ALL)], ids=["v2 plain", "v3 gzipped"]
)
def test_10x_folders_equal_scanpys_reading(
    tmp_path: Path, version: int, gzipped: tuple[str, ...]
) -> None:
    """The two forms that scanpy reads come out as scanpy has them."""
    folder = write_10x(tmp_path / "10x", version=version, gzipped=gzipped)
    features = next(folder.glob("features.tsv.gz"), folder / "genes.tsv")
    _replace(features, b"\tNA", b"\tMS4A1")  # scanpy reads NA as not a number
    adata, theirs = read_counts(folder), scanpy.read_10x_mtx(folder)
    np.testing.assert_array_equal(adata.X.toarray(), theirs.X.toarray())
    assert adata.obs_names.tolist() == theirs.obs_names.tolist()
    assert adata.var_names.tolist() == theirs.var_names.tolist()
    assert adata.var["gene_ids"].tolist() == theirs.var["gene_ids"].tolist()


@pytest.mark.parametrize(
    ("version", "gzipped"),
    [(2, ALL), (3, ()), (2, ("matrix",)), (3, ("features",)), (2, ("barcodes", "genes"))],
)
def test_10x_folders_of_every_mixture(
    tmp_path: Path, version: int, gzipped: tuple[str, ...]
) -> None:
    """Either version is read, whichever of its files are gzipped."""
    adata = read_counts(write_10x(tmp_path / "10x", version=version, gzipped=gzipped))
    np.testing.assert_array_equal(adata.X.toarray(), COUNTS)
    assert adata.obs_names.tolist() == BARCODES
    assert adata.var_names.tolist() == ["LYZ", "CD3D", IDS[2], "LYZ-1"]
    assert adata.var["gene_ids"].tolist() == IDS


def test_real_10x_folder_equals_scanpys_reading(test_data: Path, tmp_path: Path) -> None:
    """PBMC3k's original files come out as scanpy reads them."""
    original = test_data / "pbmc3k" / "filtered_gene_bc_matrices" / "hg19"
    for path in original.iterdir():  # scanpy reads version 2 only when it is not gzipped
        (tmp_path / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    adata, theirs = read_counts(original), scanpy.read_10x_mtx(tmp_path)
    assert (adata.X != theirs.X).nnz == 0
    assert adata.var_names.equals(theirs.var_names)
    assert adata.obs_names.equals(theirs.obs_names)


@pytest.mark.parametrize("inside", ["", "hg19", "a/b/hg19", "../../outside", "/outside"])
def test_archives_are_read_and_write_nowhere(tmp_path: Path, inside: str) -> None:
    """An archive of a 10x folder is read, even one whose names lead out of it."""
    path = write_10x_tar(tmp_path / "counts.tar.gz", inside=inside)
    np.testing.assert_array_equal(read_counts(path).X.toarray(), COUNTS)
    assert list(tmp_path.rglob("*")) == [path]


def test_archive_cut_short_is_refused(tmp_path: Path) -> None:
    """A download that broke off is no data set."""
    path = write_10x_tar(tmp_path / "counts.tar.gz")
    for part in truncations(path):
        path.write_bytes(part)
        with pytest.raises(InputError):
            read_counts(path)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_folder_above_the_10x_folder_will_do(tmp_path: Path, levels: int) -> None:
    """The one 10x folder below is found."""
    write_10x(tmp_path.joinpath("top", *["below"] * levels))
    assert read_counts(tmp_path / "top").n_obs == 3


def test_several_genomes_are_named(tmp_path: Path) -> None:
    """Which of several 10x folders is meant is for the user to say."""
    for genome in ("hg19", "mm10"):
        write_10x(tmp_path / "matrices" / genome)
    with pytest.raises(InputError, match="several 10x folders: matrices/hg19, matrices/mm10"):
        read_counts(tmp_path)


def test_antibodies_are_left_out_and_counted(tmp_path: Path) -> None:
    """Only gene expression is kept; how many rows were not is in the provenance."""
    kinds = ["Gene Expression", "Antibody Capture", "Gene Expression", "Antibody Capture"]
    adata = read_counts(write_10x(tmp_path / "10x", version=3, types=kinds))
    np.testing.assert_array_equal(adata.X.toarray(), COUNTS[:, [0, 2]])
    assert provenance_of(adata).n_other_features == 2


def test_a_folder_of_antibodies_only_is_refused(tmp_path: Path) -> None:
    """Without gene expression there is nothing to read."""
    folder = write_10x(tmp_path / "10x", version=3, types=["Antibody Capture"] * 4)
    with pytest.raises(InputError, match=r"10x: none of the features .* but Antibody Capture"):
        read_counts(folder)


@pytest.mark.parametrize("name", ["matrix.mtx", "barcodes.tsv", "genes.tsv"])
@pytest.mark.parametrize("gzipped", [(), ALL], ids=["plain", "gzipped"])
def test_10x_file_cut_short_is_refused(tmp_path: Path, name: str, gzipped: tuple[str, ...]) -> None:
    """A cut is found in each of the three files, unless it is inside the very last word."""
    folder = write_10x(tmp_path / "10x", gzipped=gzipped)
    path = folder / (f"{name}.gz" if gzipped else name)
    last_word = path.read_bytes().split()[-1]
    noticeable = path.stat().st_size - (0 if gzipped else len(last_word) + 1)
    for part in truncations(path):
        if len(part) >= noticeable:
            break
        path.write_bytes(part)
        with pytest.raises(InputError) as caught:
            read_counts(folder)
        assert "\n" not in str(caught.value)


def test_files_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    """A list of barcodes of another sample is noticed by its length."""
    folder = write_10x(tmp_path / "10x")
    (folder / "barcodes.tsv").write_text("AAAC-1\n")
    with pytest.raises(InputError, match=r"4 rows and 3 columns, but .* 4 features and 1 barcodes"):
        read_counts(folder)


@pytest.mark.parametrize("name", ["barcodes.tsv", "genes.tsv"])
def test_a_missing_file_of_three_is_named(tmp_path: Path, name: str) -> None:
    """A 10x folder that is not whole is refused with the name of what it lacks."""
    folder = write_10x(tmp_path / "10x")
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"has a matrix, but no .*{name}"):
        read_counts(folder)


def test_a_prefix_of_the_three_files_is_left_out_of_account(tmp_path: Path) -> None:
    """Files as GEO has them, all with one prefix, are one 10x folder."""
    folder = write_10x(tmp_path / "10x", version=3, gzipped=ALL)
    for path in list(folder.iterdir()):
        path.rename(folder / f"GSM123_{path.name}")
    np.testing.assert_array_equal(read_counts(folder).X.toarray(), COUNTS)


def test_one_of_several_prefixes_is_read_by_its_matrix(tmp_path: Path) -> None:
    """Where samples share a folder, the path of one matrix says which is meant."""
    folder = write_10x(tmp_path / "10x", version=3, gzipped=ALL)
    for path in list(folder.iterdir()):
        (folder / f"A_{path.name}").write_bytes(path.read_bytes())
        path.rename(folder / f"B_{path.name}")
    with pytest.raises(InputError, match=r"several matrices: A_matrix.mtx.gz, B_matrix.mtx.gz"):
        read_counts(folder)
    np.testing.assert_array_equal(read_counts(folder / "B_matrix.mtx.gz").X.toarray(), COUNTS)


def test_a_matrix_of_cells_by_genes_is_read_the_one_way_that_fits(tmp_path: Path) -> None:
    """Some tools write the matrix the other way round; the two lists tell."""
    folder = write_10x(tmp_path / "10x")
    scipy.io.mmwrite(folder / "matrix.mtx", sparse.coo_matrix(COUNTS))
    np.testing.assert_array_equal(read_counts(folder).X.toarray(), COUNTS)
