"""A file with one fault is refused in plain words that name the fault and what to do."""

import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from made_files import write_10x
from made_forms import simulated, write_10x_h5, write_zarr

from scbaseline.cli import main
from scbaseline.data.next_step import command_for_annotations
from scbaseline.data.read import read_counts
from scbaseline.errors import DataNotFoundError, InputError


@pytest.mark.parametrize("bad", [".", "-", "1,101", "n/d"])
@pytest.mark.parametrize("share", [0.01, 0.9])
@pytest.mark.parametrize("n_genes", [6, 60])
def test_a_table_of_counts_is_never_called_labels(
    tmp_path: Path, bad: str, share: float, n_genes: int
) -> None:
    """Whichever of its values are no numbers, unless it has few columns and these are words."""
    rng = np.random.default_rng(0)
    counts = pd.DataFrame(rng.poisson(3, (20, n_genes)).astype(str).astype(object))
    counts = counts.mask(rng.random(counts.shape) < share, bad)
    counts.columns = [f"gene{n}" for n in range(n_genes)]
    counts.to_csv(tmp_path / "counts.csv")
    is_told = command_for_annotations(tmp_path / "counts.csv") != ""
    assert is_told == (bad == "n/d" and share == 0.9)


@pytest.mark.parametrize(("n_texts", "n_numbers"), [(1, 5), (1, 29), (40, 20)])
def test_a_table_of_labels_is_told(tmp_path: Path, n_texts: int, n_numbers: int) -> None:
    """Most of its columns are words, or it has few columns and some are."""
    table = pd.DataFrame({f"label{n}": ["T cell", "B cell"] * 5 for n in range(n_texts)})
    table = table.assign(**{f"score{n}": np.linspace(0, 1, 10) for n in range(n_numbers)})
    table.to_csv(tmp_path / "labels.csv")
    assert "--obs" in command_for_annotations(tmp_path / "labels.csv")


@pytest.mark.parametrize("mark", [".", "-", "–"])
def test_a_mark_that_stands_for_zero_is_said_to(tmp_path: Path, mark: str) -> None:
    """It is not read as zero: it may mean that nothing was measured."""
    (tmp_path / "x.csv").write_text(f"cell,LYZ,CD3D\nc1,1,{mark}\nc2,2,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"in row 'c1'.*stands for zero, write 0"):
        read_counts(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("name", "words"),
    [("My.h5Seurat", r"Convert\('My\.h5Seurat'"), ("My.RDS", r"readRDS\('My\.RDS'\)"),
     ("My.RData", r"get\(load\('My\.RData'\)\)"), ("My.Parquet", r"\('My\.Parquet'\)")],
)  # fmt: skip
def test_a_file_is_called_as_the_user_spells_it(tmp_path: Path, name: str, words: str) -> None:
    """Where capitals matter, another spelling is no file."""
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=words):
        read_counts(tmp_path / name)


def test_cells_without_a_name_are_counted_as_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty name is the name of each of them."""
    adata = simulated()
    adata.obs_names = [""] * adata.n_obs
    adata.write_h5ad(tmp_path / "x.h5ad")
    main(["doctor", str(tmp_path / "x.h5ad")])
    said = " ".join(capsys.readouterr().out.split())
    assert f"{adata.n_obs - 1} cells have the name of an earlier cell ('')" in said


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"general", b"symmetric", "'symmetric' in its first line.*as 'general'"),
        (b"\n1 ", b"\n0 ", "must begin at 1, not 0"),
        (b"", b"", "zero bytes only"),
    ],
    ids=["symmetric", "from zero", "zero bytes"],
)
def test_a_matrix_with_a_fault_says_which(
    tmp_path: Path, before: bytes, after: bytes, words: str
) -> None:
    """In the words of a user, not in those of the reader."""
    matrix = write_10x(tmp_path / "10x", version=3) / "matrix.mtx"
    text = matrix.read_bytes()
    text = text.replace(before, after, 1) if before else bytes(len(text))
    matrix.write_bytes(text)
    with pytest.raises(InputError, match=words) as refused:
        read_counts(tmp_path / "10x")
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("shape", [[700], [1, 2, 3], 700])
def test_a_shape_of_other_than_two_numbers_is_named(tmp_path: Path, shape: object) -> None:
    """In a file of 10x."""
    path = write_10x_h5(simulated(), tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        del file["matrix/shape"]
        file["matrix/shape"] = shape
    with pytest.raises(InputError, match=r"/matrix/shape holds .*not the numbers of features"):
        read_counts(path)


@pytest.mark.parametrize("encoding", [None, "foo_matrix"])
@pytest.mark.parametrize("ending", [".h5ad", ".zarr"])
def test_a_matrix_of_no_known_encoding_is_named(
    tmp_path: Path, encoding: str | None, ending: str
) -> None:
    """The file is whole, so that to get it again is of no use."""
    path = tmp_path / f"x{ending}"
    if ending == ".h5ad":
        simulated().write_h5ad(path)
        with h5py.File(path, "r+") as file:
            _encode(file["X"], encoding)
    else:
        write_zarr(simulated(), path)
        (path / ".zmetadata").unlink(missing_ok=True)  # a copy of all attributes
        _encode(zarr.open_group(str(path), mode="r+")["X"], encoding)
    words = "does not say its encoding" if encoding is None else "unknown encoding 'foo_matrix'"
    with pytest.raises(InputError, match=f"X .*{words}.*write the file anew"):
        read_counts(path)


def _encode(element: Any, encoding: str | None) -> None:
    if encoding is None:
        del element.attrs["encoding-type"]
    else:
        element.attrs["encoding-type"] = encoding


@pytest.mark.parametrize(
    ("content", "words"), [(b"PK\x03\x04abc", "cut short"), (b"hello", "but no zip archive")]
)
@pytest.mark.parametrize("name", ["x.zarr", "x.zarr.zip"])
def test_a_file_that_is_no_store_is_called_so(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    """Without the reader's own words."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_counts(tmp_path / name)


def test_an_archive_of_something_else_is_called_so(tmp_path: Path) -> None:
    """Whatever its name says."""
    with zipfile.ZipFile(tmp_path / "x.zarr", "w") as packed:
        packed.writestr("folder/x.h5ad", "content")
    with pytest.raises(InputError, match=r"zip archive without a \.zarr store"):
        read_counts(tmp_path / "x.zarr")


@pytest.mark.parametrize("n", [1, 2])
def test_links_that_lead_back_are_called_so(tmp_path: Path, n: int) -> None:
    """To itself, or by way of another."""
    (tmp_path / "x.h5ad").symlink_to(tmp_path / ("x.h5ad" if n == 1 else "y.h5ad"))
    (tmp_path / "y.h5ad").symlink_to(tmp_path / "x.h5ad")
    with pytest.raises(DataNotFoundError, match="link that leads back to itself"):
        read_counts(tmp_path / "x.h5ad")
