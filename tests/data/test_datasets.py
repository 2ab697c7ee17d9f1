"""A data set is found by its name in folder, cache or scanpy, and known by its content."""

import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from made_files import COUNTS, IDS, counts_adata, register_toy, write_toy

from scbaseline.data.datasets import DATASETS, Dataset, describe_datasets, find_dataset
from scbaseline.data.read import read_counts
from scbaseline.errors import InputError


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
def test_every_entry_can_be_had(dataset: Dataset) -> None:
    """An entry is embedded, or has addresses whose files are found again by their names."""
    assert dataset.embedded or dataset.urls
    assert {url.rpartition("/")[2] for url in dataset.urls} <= set(dataset.filenames)
    assert dataset.licence
    assert dataset.citation


@pytest.mark.parametrize("inside", [".", "toy"])
@pytest.mark.parametrize("form", ["h5ad", "tar.gz", "folder"])
def test_finds_every_form_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str, form: str
) -> None:
    """A file, an archive or a 10x folder is found, in the folder or in one of the set's name."""
    register_toy(monkeypatch)
    files = write_toy(tmp_path / "made")
    folder = tmp_path / "data" / inside
    folder.mkdir(parents=True)
    if form == "folder":
        with tarfile.open(files["tar.gz"]) as archive:
            archive.extractall(folder, filter="data")
    else:
        files[form].rename(folder / files[form].name)
    monkeypatch.setenv("SCBASELINE_DATA_DIR", str(tmp_path / "data"))
    assert find_dataset("toy").where == "data folder"
    np.testing.assert_array_equal(read_counts("toy").X.toarray(), COUNTS)


@pytest.mark.parametrize("form", ["h5ad", "folder"])
def test_real_pbmc3k_is_found(
    test_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Either form of the real data, alone in the data folder, is PBMC3k as it is published."""
    name = {"h5ad": "pbmc3k_raw.h5ad", "folder": "filtered_gene_bc_matrices"}[form]
    (tmp_path / name).symlink_to(test_data / "pbmc3k" / name)
    monkeypatch.setenv("SCBASELINE_DATA_DIR", str(tmp_path))
    adata = read_counts()
    assert adata.uns["scbaseline"]["name"] == "pbmc3k"
    assert (adata.shape, adata.X.nnz, adata.X.sum()) == ((2700, 32738), 2_286_884, 6_390_631)


def test_refuses_another_file_under_the_name_of_a_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in the data folder that is something else is refused, and how to read it said."""
    dataset = register_toy(monkeypatch)
    other = counts_adata(gene_ids=IDS)
    other.X.data[0] = 9
    path = tmp_path / "toy_raw.h5ad"
    other.write_h5ad(path)
    monkeypatch.setenv("SCBASELINE_DATA_DIR", str(tmp_path))
    with pytest.raises(InputError, match=rf"that of toy is {dataset.fingerprint}.*run {path}$"):
        read_counts("toy")


def test_an_empty_variable_names_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set to nothing, as make does, is as good as unset."""
    monkeypatch.setenv("SCBASELINE_DATA_DIR", "")
    assert read_counts("pbmc68k_reduced").n_obs == 700


def test_describes_where_each_data_set_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder, scanpy and network are told apart without reading anything."""
    register_toy(monkeypatch)
    (tmp_path / "toy_raw.h5ad").touch()
    monkeypatch.setenv("SCBASELINE_DATA_DIR", str(tmp_path))
    where = {location.dataset.name: location.where for location in describe_datasets()}
    assert where == {"pbmc3k": "download", "pbmc68k_reduced": "embedded", "toy": "data folder"}


def test_the_table_is_read_without_heavy_libraries(tmp_path: Path) -> None:
    """Describing the data sets imports none of the libraries that take seconds, makes nothing."""
    code = (
        "import sys; from scbaseline.data.datasets import describe_datasets; describe_datasets();"
        "print([name for name in ('torch', 'scanpy', 'anndata', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []
