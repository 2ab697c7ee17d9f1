"""Folders of several tools, depths and names: the one set of counts, or what to pass instead."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from made_folders import (
    CELLS,
    COUNTS,
    IDS,
    WHOLE,
    write_alevin,
    write_bustools,
    write_lines,
    write_matrix,
    write_parse,
    write_three,
)
from made_forms import write_10x_h5, write_mtx

from scbaseline.data.read import read_counts
from scbaseline.errors import InputError, ScbaselineWarning

MADE = {
    "bustools, own prefix": lambda at: write_bustools(at / "o", "genes", "genes"),
    "bustools, total": lambda at: write_bustools(at / "o", matrix="cells_x_genes.total"),
    "bustools, deep": lambda at: write_bustools(at / "a/b/counts_unfiltered"),
    "alevin-fry, af_quant": lambda at: write_alevin(at / "af_quant/alevin"),
    "Parse, one sample": lambda at: write_parse(at / "s1/DGE_filtered"),
    "Parse, unfiltered": lambda at: write_parse(at / "all-sample/DGE_unfiltered"),
    "Parse, old names": lambda at: write_parse(at / "o", "genes.csv"),
    "10x, txt": lambda at: write_three(at / "o", "matrix.mtx", "barcodes.txt", "genes.txt"),
    "10x, counts": lambda at: write_three(
        at / "o", "G_counts.mtx", "G_barcodes.tsv", "G_genes.tsv"
    ),
    "10x, cells": lambda at: write_three(at / "o", "matrix.mtx", "cells.tsv", "features.tsv"),
    "10x, suffix": lambda at: write_three(
        at / "o", "matrix_S1.mtx", "barcodes_S1.tsv", "genes_S1.tsv"
    ),
    "EBI": lambda at: write_three(at / "o", "E1.mtx", "E1.mtx_cols", "E1.mtx_rows"),
    "deep": lambda at: write_three(at / "a/b/c/d/e", "matrix.mtx", "barcodes.tsv", "genes.tsv"),
}


@pytest.mark.parametrize("made", MADE)
def test_the_one_set_of_counts_below_a_folder_is_read(tmp_path: Path, made: str) -> None:
    """Whichever tool wrote it, at whatever depth, beside what macOS leaves there."""
    folder = MADE[made](tmp_path)
    (folder / "._matrix.mtx").write_bytes(b"\0\5\x16\7Mac")
    read = read_counts(tmp_path)
    np.testing.assert_array_equal(read.X.toarray(), COUNTS)
    assert read.obs_names.tolist() == CELLS
    assert read.var["gene_ids"].tolist() == IDS


def test_a_linked_folder_is_looked_into_once(tmp_path: Path) -> None:
    """A link leads to the counts; one that leads back is no second set of them."""
    write_three(tmp_path / "elsewhere", "matrix.mtx", "barcodes.tsv", "genes.tsv")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "outs").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(tmp_path / "run")
    np.testing.assert_array_equal(read_counts(tmp_path / "run").X.toarray(), COUNTS)


def test_of_filtered_and_unfiltered_counts_the_filtered_are_read_and_said(tmp_path: Path) -> None:
    """Of kallisto|bustools and Parse, whose tools write both side by side."""
    write_bustools(tmp_path / "counts_filtered")
    write_bustools(tmp_path / "counts_unfiltered")
    with pytest.warns(ScbaselineWarning, match="counts_filtered was read, and not counts_unfilt"):
        read_counts(tmp_path)


@pytest.mark.parametrize(
    ("names", "taken"),
    [(("total", "nucleus", "cell"), "total"), (("", "total"), "total"), (("", "cell"), "")],
)
def test_of_the_parts_and_the_whole_of_a_sample_the_whole_is_read_and_said(
    tmp_path: Path, names: tuple[str, ...], taken: str
) -> None:
    """As kb writes them side by side; parts alone are refused."""
    for name in names:
        matrix = f"cells_x_genes.{name}".rstrip(".")
        write_bustools(tmp_path, matrix=matrix)
        write_matrix(tmp_path / f"{matrix}.mtx", COUNTS if name == taken else COUNTS + 1)
    whole = f"cells_x_genes.{taken}".rstrip(".")
    with pytest.warns(ScbaselineWarning, match=rf"{whole}\.mtx was read, and not cells_x_genes"):
        read = read_counts(tmp_path)
    np.testing.assert_array_equal(read.X.toarray(), COUNTS)


def _samples(at: Path, *names: str) -> None:
    for name in names:
        write_bustools(at, name, name)


def _beside_10x(at: Path) -> None:
    write_bustools(at)
    write_three(at, "GSM2_matrix.mtx", "GSM2_barcodes.tsv", "GSM2_genes.tsv")


def _s2_counts(at: Path) -> None:
    write_three(at, "s1_matrix.mtx", "s1_barcodes.tsv", "s1_genes.tsv")
    write_three(at, "s2_counts.mtx", "s2_barcodes.tsv", "s2_genes.tsv")


def _geo_table(at: Path) -> None:
    write_three(at, "GSM1_matrix.mtx", "GSM1_barcodes.tsv", "GSM1_genes.tsv")
    write_lines(at / "GSM2_counts.csv", ["cell,CD3D", "c1,1"])


def _parts(at: Path) -> None:
    for name in ("cell", "nucleus"):
        write_bustools(at, matrix=f"cells_x_genes.{name}")


def _two_tools(at: Path) -> None:
    write_alevin(at / "a")
    write_bustools(at / "b")


def _two_samples(at: Path) -> None:
    for sample in ("s1", "s2"):
        write_parse(at / sample / "DGE_filtered")


def _multi(at: Path) -> None:
    write_mtx(WHOLE, at / "sample_filtered", gzipped=True)
    (at / "multi").mkdir()
    write_mtx(WHOLE, at / "multi" / "raw", gzipped=True)


def _h5_only(at: Path) -> None:
    for name in ("filtered", "raw"):
        write_10x_h5(WHOLE, at / f"{name}_feature_bc_matrix.h5")


def _velocity(at: Path) -> None:
    for name in ("spliced", "unspliced"):
        write_bustools(at, name, name)


REFUSED = {
    "two samples": (_two_samples, r"s1/DGE_filtered, s2/DGE_filtered; pass the path of one"),
    "samples": (
        lambda at: _samples(at / "a", "s1", "s2"),
        r"several matrices: a/s1\.mtx, a",
    ),
    "a dot": (
        lambda at: _samples(at, "s1", "s1.b"),
        r"matrices: s1\.b\.mtx, s1\.mtx; pass",
    ),
    "10x beside": (
        _beside_10x,
        r"matrices: GSM2_matrix\.mtx, cells_x_genes\.mtx; pass",
    ),
    "parts": (
        _parts,
        r"matrices: cells_x_genes\.cell\.mtx, cells_x_genes\.nucleus\.mtx; pass",
    ),
    "tools": (_two_tools, r"holds several folders of counts: a, b; pass the path of one"),
    "depths": (_multi, r"multi/raw, sample_filtered; .* e\.g\. \S+/sample_filtered$"),
    "h5 only": (_h5_only, r"but filtered_feature\S+\.h5, raw\S+h5; .* e\.g\. \S+/filtered_feat"),
    "velocity": (_velocity, "spliced and unspliced apart"),
    "mature": (lambda at: write_matrix(at / "cells_x_genes.mature.mtx"), "--sum=total"),
    "tcc": (lambda at: write_matrix(at / "cells_x_tcc.mtx"), "without --tcc"),
    "tables": (
        lambda at: [write_lines(at / f"{n}.csv", ["a"]) for n in "ab"],
        "a.csv, b.csv; pass",
    ),
    "R": (lambda at: (at / "x.rds").write_bytes(b"x"), "but x.rds, which is a file of R; in R"),
    "packed": (lambda at: (at / "matrix.mtx.bz2").write_bytes(b"x"), "which is packed; type bun"),
    "notes": (
        lambda at: write_lines(at / "notes.md", ["x"]),
        "but notes.md; pass a file",
    ),
    "nothing": (lambda _: None, "is an empty folder"),
}


@pytest.mark.parametrize("made", REFUSED)
def test_other_folders_say_what_they_hold_and_what_to_pass(tmp_path: Path, made: str) -> None:
    """The filtered one of several is the example; the folder's path is named once."""
    write, words = REFUSED[made]
    write(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        read_counts(tmp_path)
    assert str(caught.value).count(str(tmp_path)) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"matrix\.mtx is empty"),
        (b"<!DOCTYPE html><html>404</html>", "matrix.mtx is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "type: git lfs pull"),
        (b"BZh91AY&SY", "bunzip2 -c matrix.mtx"),
        ("%%MatrixMarket".encode("utf-16"), "is in UTF-16"),
        (b"1 2 3\n", r"its first line is '1 2 3', not %%MatrixMarket"),
        (b"%%MatrixMarket matrix coordinate integer general\n30 20 9\n1 1 4\n", "is damaged"),
        (b"%%MatrixMarket matrix coordinate pattern general\n30 20 1\n1 1\n", "not the counts"),
        (
            b"%%MatrixMarket matrix coordinate real general\n% a, b\n30 20 1\n1 1 3,5\n",
            "line 4 of matrix.mtx holds a comma; write",
        ),
    ],
    ids=["empty", "web", "lfs", "bzip2", "utf-16", "no-banner", "cut", "pattern", "comma"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_no_matrix_is_called_what_it_is(
    tmp_path: Path, content: bytes, words: str, packed: bool
) -> None:
    """With the name of the file in the folder."""
    folder = write_three(tmp_path / "o", "matrix.mtx", "barcodes.tsv", "genes.tsv")
    (folder / "matrix.mtx").write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(InputError, match=words):
        read_counts(folder)


def test_a_mark_at_the_start_of_a_matrix_is_no_letter(tmp_path: Path) -> None:
    """As editors on Windows leave it."""
    folder = write_three(tmp_path / "o", "matrix.mtx", "barcodes.tsv", "genes.tsv")
    (folder / "matrix.mtx").write_bytes(b"\xef\xbb\xbf" + (folder / "matrix.mtx").read_bytes())
    np.testing.assert_array_equal(read_counts(folder).X.toarray(), COUNTS)
