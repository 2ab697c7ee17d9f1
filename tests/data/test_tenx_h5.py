"""10x .h5 files come out as scanpy reads them, one genome at a time."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import scanpy
from made_forms import N_GENES, simulated, write_10x_h5, write_10x_h5_v2

from scbaseline.data.options import ReadOptions
from scbaseline.data.provenance import provenance_of
from scbaseline.data.read import open_counts, read_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import InputError


@pytest.mark.parametrize("write", [write_10x_h5, write_10x_h5_v2])
def test_equals_scanpys_reading(tmp_path: Path, write: object) -> None:
    """Both versions come out as scanpy has them."""
    path = write(simulated(), tmp_path / "x.h5")
    adata, theirs = read_counts(path), scanpy.read_10x_h5(path)
    np.testing.assert_array_equal(adata.X.toarray(), theirs.X.toarray())
    assert adata.obs_names.tolist() == theirs.obs_names.tolist()
    assert adata.var_names.tolist() == theirs.var_names.tolist()
    assert adata.var["gene_ids"].tolist() == theirs.var["gene_ids"].tolist()


def test_one_genome_of_version_3_is_scanpys_too(tmp_path: Path) -> None:
    """Of two genomes in one list, the named one's genes are kept."""
    genomes = ["hg19", "mm10"] * (N_GENES // 2)
    path = write_10x_h5(simulated(), tmp_path / "x.h5", genomes=genomes)
    adata = read_counts(path, ReadOptions(genome="mm10"))
    theirs = scanpy.read_10x_h5(path, genome="mm10")
    np.testing.assert_array_equal(adata.X.toarray(), theirs.X.toarray())


def test_a_genome_that_is_not_there_is_answered_by_what_is(tmp_path: Path) -> None:
    """Near names are named."""
    path = write_10x_h5_v2(simulated(), tmp_path / "x.h5", "hg19", "mm10")
    with pytest.raises(InputError, match=r"holds no genome 'hg18'. Did you mean hg19"):
        read_counts(path, ReadOptions(genome="hg18"))


def test_antibodies_are_left_out_and_counted(tmp_path: Path) -> None:
    """Antibodies have no genome, and do not count as one."""
    path = write_10x_h5(
        simulated(), tmp_path / "x.h5", genomes=["GRCh38"] * (N_GENES - 5) + [""] * 5
    )
    with h5py.File(path, "r+") as file:
        file["matrix/features/feature_type"][-5:] = b"Antibody Captur"[:15]
    adata = read_counts(path)
    assert adata.n_vars == N_GENES - 5
    assert provenance_of(adata).n_other_features == 5


def test_other_hdf5_files_are_refused(tmp_path: Path) -> None:
    """What is in the file instead is said."""
    h5py.File(tmp_path / "x.h5", "w").close()
    with pytest.raises(InputError, match=r"holds no matrix of 10x \(nothing instead\)"):
        read_counts(tmp_path / "x.h5")


@pytest.mark.parametrize("is_10x", [True, False])
def test_the_content_counts_where_the_ending_is_of_the_other(tmp_path: Path, is_10x: bool) -> None:
    """A 10x file called .h5ad, and an AnnData called .h5, are what they are: read and opened."""
    if is_10x:
        path = write_10x_h5(simulated(), tmp_path / "x.h5ad")
    else:
        path = tmp_path / "x.h5"
        simulated().write_h5ad(path)
    np.testing.assert_array_equal(read_counts(path).X.toarray(), simulated().X.toarray())
    with open_counts(path) as adata:
        assert stream_counts(adata).counts().total_n.sum() == simulated().X.sum()


def test_lists_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """A shape that its own lists contradict is refused before any matrix is made."""
    path = write_10x_h5(simulated(), tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file["matrix/shape"][0] = 7
    with pytest.raises(InputError, match=r"7 × 500, but lists 120 features and 500 barcodes"):
        read_counts(path)


def test_a_matrix_in_a_group_of_another_name_is_read(tmp_path: Path) -> None:
    """Older CellBender calls it background_removed; its lists may be those of version 3."""
    path = write_10x_h5(simulated(), tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file.move("matrix", "background_removed")
        file["metadata/barcodes"] = np.arange(3)  # a group without a matrix is no genome
    np.testing.assert_array_equal(read_counts(path).X.toarray(), simulated().X.toarray())
