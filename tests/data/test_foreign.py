"""Formats that are not read say how to get one that is; folders of other tools are read."""

import gzip
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
from made_files import write_10x
from made_forms import simulated, write_mtx
from scipy import sparse

from scbaseline.data.annotations import join_obs
from scbaseline.data.read import read_counts
from scbaseline.errors import DataNotFoundError, InputError


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.loom", r"read_loom\('x\.loom'\)\.write_h5ad\('x\.h5ad'\)"),
        ("x.rds", r"readRDS\('x\.rds'\).*writeH5AD\(x, 'x\.h5ad'\)"),
        ("x.RData", r"writeH5AD"),
        ("x.h5mu", r"mod\['rna'\]\.write_h5ad"),
        ("x.h5Seurat", "Convert"),
        ("x.xlsx", "CSV UTF-8"),
        ("x.h5ad.gz", "gunzip"),
        ("x.zip", "unzip"),
        ("x.fastq.gz", "holds reads"),
    ],
)
def test_other_formats_say_how_to_convert(tmp_path: Path, name: str, words: str) -> None:
    """With the file's own name in the command, and the file named once before it."""
    (tmp_path / name).write_bytes(b"content")
    with pytest.raises(InputError, match=words) as caught:
        read_counts(tmp_path / name)
    assert str(caught.value).count(str(tmp_path)) == 1


@pytest.mark.parametrize(
    ("groups", "words"),
    [(["row_attrs", "col_attrs", "matrix"], "is a loom file"), (["mod/rna"], r"mod\['rna'\]")],
)
def test_other_formats_under_our_ending_are_known(
    tmp_path: Path, groups: list[str], words: str
) -> None:
    """By what is in them."""
    with h5py.File(tmp_path / "x.h5ad", "w") as file:
        for name in groups:
            file.create_group(name)
    with pytest.raises(InputError, match=words):
        read_counts(tmp_path / "x.h5ad")


def test_a_broken_link_is_called_one(tmp_path: Path) -> None:
    """A file, a part of a folder, a table of labels: with what it points to."""
    (tmp_path / "x.h5ad").symlink_to(tmp_path / "gone.h5ad")
    with pytest.raises(DataNotFoundError, match=r"x\.h5ad: is a link to .*gone\.h5ad"):
        read_counts(tmp_path / "x.h5ad")
    with pytest.raises(DataNotFoundError, match="is a link to"):
        join_obs(simulated(), tmp_path / "x.h5ad")
    folder = write_10x(tmp_path / "10x")
    (folder / "matrix.mtx").unlink()
    (folder / "matrix.mtx").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"matrix\.mtx in it is a link to nowhere"):
        read_counts(folder)


def _write_matrix(path: Path, matrix: object) -> None:
    scipy.io.mmwrite(path, sparse.coo_matrix(matrix).astype(np.int64))


def _bustools(folder: Path, *, names: bool) -> Path:
    adata, inside = simulated(), folder / "counts_unfiltered"
    inside.mkdir(parents=True)
    _write_matrix(inside / "cells_x_genes.mtx", adata.X)
    lists = {"barcodes": adata.obs_names, "genes": adata.var["gene_ids"]}
    if names:
        lists["genes.names"] = adata.var_names
    for name, values in lists.items():
        (inside / f"cells_x_genes.{name}.txt").write_text("".join(f"{v}\n" for v in values))
    return folder


def _parse(folder: Path) -> Path:
    adata = simulated()
    folder.mkdir()
    _write_matrix(folder / "count_matrix.mtx", adata.X)
    genes = pd.DataFrame({"gene_id": adata.var["gene_ids"], "gene_name": adata.var_names})
    genes.assign(genome="hg38").to_csv(folder / "all_genes.csv", index=False)
    cells = pd.DataFrame({"bc_wells": adata.obs_names, "sample": "s1"})
    cells.to_csv(folder / "cell_metadata.csv", index=False)
    return folder


def _alevin(folder: Path, *, usa: bool) -> Path:
    adata, inside = simulated(), folder / "alevin"
    inside.mkdir(parents=True)
    ids = list(adata.var["gene_ids"])
    matrix = adata.X
    if usa:  # spliced ones less one third, unspliced, ambiguous
        spliced = sparse.csr_matrix(np.floor(matrix.toarray() / 3))
        matrix = sparse.hstack([spliced, 7 * matrix, matrix - spliced])
        ids += [f"{name}-U" for name in ids] + [f"{name}-A" for name in ids]
    _write_matrix(inside / "quants_mat.mtx", matrix)
    (inside / "quants_mat_rows.txt").write_text("".join(f"{v}\n" for v in adata.obs_names))
    (inside / "quants_mat_cols.txt").write_text("".join(f"{v}\n" for v in ids))
    return folder


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("tool", ["bustools", "bustools, ids", "Parse", "alevin-fry"])
def test_folders_of_other_tools_are_read(tmp_path: Path, tool: str, gzipped: bool) -> None:
    """The same counts under the same ids, and symbols where the folder has them."""
    folder = tmp_path / "out"
    if tool == "Parse":
        _parse(folder)
    elif tool == "alevin-fry":
        _alevin(folder, usa=False)
    else:
        _bustools(folder, names="ids" not in tool)
    if gzipped:
        for file in list(folder.rglob("*.*")):
            if file.is_file():
                file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
                file.unlink()
    whole, read = simulated(), read_counts(folder)
    np.testing.assert_array_equal(read.X.toarray(), whole.X.toarray())
    assert read.obs_names.tolist() == whole.obs_names.tolist()
    assert read.var["gene_ids"].tolist() == whole.var["gene_ids"].tolist()
    if tool in ("bustools", "Parse"):
        assert read.var_names.tolist() == whole.var_names.tolist()


def test_counts_apart_by_splicing_are_added(tmp_path: Path) -> None:
    """Spliced and ambiguous ones, as the tool's own loaders do; that is said."""
    with pytest.warns(UserWarning, match="spliced and ambiguous ones are added"):
        read = read_counts(_alevin(tmp_path / "out", usa=True))
    np.testing.assert_array_equal(read.X.toarray(), simulated().X.toarray())


@pytest.mark.parametrize("lost", ["cells_x_genes.barcodes.txt", "cells_x_genes.genes.txt"])
def test_a_folder_that_lost_a_list_names_it(tmp_path: Path, lost: str) -> None:
    """And the tool whose folder it is."""
    folder = _bustools(tmp_path / "out", names=True)
    (folder / "counts_unfiltered" / lost).unlink()
    with pytest.raises(InputError, match=rf"of kallisto\|bustools, but no {lost}"):
        read_counts(folder)


@pytest.mark.parametrize(
    ("name", "words"), [("quants_mat.gz", "dumpMtx"), ("output.bus", "bustools count")]
)
def test_folders_that_need_a_step_name_it(tmp_path: Path, name: str, words: str) -> None:
    """Outputs that hold no matrix yet."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_bytes(b"x")
    with pytest.raises(InputError, match=words):
        read_counts(tmp_path / "out")


def test_starsolo_names_its_two_matrices(tmp_path: Path) -> None:
    """Filtered and raw lie side by side; either is read by its path."""
    for name in ("filtered", "raw"):
        (tmp_path / "Solo.out" / "Gene").mkdir(parents=True, exist_ok=True)
        write_mtx(simulated(), tmp_path / "Solo.out" / "Gene" / name, gzipped=False)
    with pytest.raises(InputError, match="Gene/filtered, Gene/raw; pass the path of one"):
        read_counts(tmp_path / "Solo.out")
    read = read_counts(tmp_path / "Solo.out" / "Gene" / "filtered")
    np.testing.assert_array_equal(read.X.toarray(), simulated().X.toarray())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.counts", b"gene\tc1\nA\t1\n", "it is text; if it is a table, rename it to end in .tsv"),
        ("x", b"\x89HDF\r\n\x1a\n", "it is an HDF5 file; rename it to end in .h5ad"),
        ("x.m", b"%%MatrixMarket matrix", "it is a matrix; rename it to matrix.mtx"),
        ("x.page", b"<html>", "it is a web page"),
        ("x.bin", b"\0\1\2", "10x folder with matrix.mtx$"),
    ],
)
def test_a_file_of_no_known_ending_is_called_by_what_it_holds(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    """With the ending that it needs."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=f"ending is not known; pass .*{words}"):
        read_counts(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("quants_mat.gz", "dumpMtx"), ("x.cram", "holds reads"), ("x.fq.gz", "holds reads"),
        ("x.rds.gz", "type gunzip first"), ("x.csv.bz2", "bunzip2"), ("x.tar.bz2", "tar xf"),
        ("x.csv.gz.part", "download that did not end"), ("x.npy", r"numpy\.load\('x\.npy'\)"),
        ("x.mat", "MATLAB"), ("x.cloupe", "Loupe"), ("x.ods", "CSV UTF-8"), ("q.sf", "salmon"),
        ("x.genes.results", "RSEM"), ("ReadsPerGene.out.tab", "Gene/filtered"), ("x.qs2", "qs2"),
    ],
)  # fmt: skip
def test_more_formats_say_what_to_pass_instead(tmp_path: Path, name: str, words: str) -> None:
    """By their endings; each is named once before the remedy."""
    (tmp_path / name).write_bytes(b"content")
    with pytest.raises(InputError, match=words) as caught:
        read_counts(tmp_path / name)
    assert str(caught.value).count(str(tmp_path)) == 1


def test_a_pipe_is_to_be_saved_first() -> None:
    """It can be read only once, and is looked at more often."""
    with pytest.raises(InputError, match="is no file but a pipe or a device; save it"):
        read_counts(Path("/dev/null"))
