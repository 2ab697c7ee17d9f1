"""Turns the name of a data set into what is known of it, and where it is found now."""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scbaseline.errors import DataNotFoundError, did_you_mean

DATA_DIR = "SCBASELINE_DATA_DIR"
"""Environment variable: the folder where data sets are looked for first."""

CACHE_DIR = "SCBASELINE_CACHE_DIR"
"""Environment variable: the folder where downloads are kept, instead of the user's cache."""

DEFAULT = "pbmc3k"
"""What is read when nothing is named."""

EMBEDDED_DEFAULT = "pbmc68k_reduced"
"""What stands in for the default where it cannot be had."""


@dataclass(frozen=True)
class Dataset:
    """One data set, known by its content.

    Attributes
    ----------
    fingerprint
        The content's, as :func:`~scbaseline.data.fingerprint.fingerprint` gives it.
    urls
        Where it can be downloaded. The last part of each is among ``filenames``.
    filenames
        The files or folders that may hold it, in a data folder or in the cache.
    total_key
        The column of obs with each cell's total, where X holds only some of its genes.
    embedded
        Whether it is installed with scanpy, so that it needs neither folder nor network.
    """

    name: str
    title: str
    summary: str
    n_cells: int
    n_genes: int
    fingerprint: str
    licence: str
    citation: str
    urls: tuple[str, ...] = ()
    filenames: tuple[str, ...] = ()
    total_key: str | None = None
    embedded: bool = False


_10X = "https://cf.10xgenomics.com"

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            "pbmc3k",
            title="3k PBMCs from a Healthy Donor",
            summary="Peripheral blood mononuclear cells of one donor, 10x Chromium, hg19",
            n_cells=2700,
            n_genes=32738,
            fingerprint="0aa020c8668efc07b389fe49ad2ee174",
            licence="CC BY 4.0",
            citation="10x Genomics (2016). 3k PBMCs from a Healthy Donor. "
            "Single Cell Gene Expression dataset by Cell Ranger 1.1.0. "
            "https://www.10xgenomics.com/datasets/3-k-pbm-cs-from-a-healthy-donor-1-standard-1-1-0",
            urls=(
                f"{_10X}/samples/cell-exp/1.1.0/pbmc3k/pbmc3k_filtered_gene_bc_matrices.tar.gz",
                "https://falexwolf.de/data/pbmc3k_raw.h5ad",
            ),
            filenames=(
                "pbmc3k_raw.h5ad",
                "filtered_gene_bc_matrices/hg19",
                "pbmc3k_filtered_gene_bc_matrices.tar.gz",
            ),
        ),
        Dataset(
            "pbmc68k_reduced",
            title="700 PBMCs of Zheng et al. 2017",
            summary="700 cells and 765 genes of the 68k PBMCs of one donor, with ten given "
            "labels in bulk_labels; installed with scanpy",
            n_cells=700,
            n_genes=765,
            fingerprint="1ed6f5654a40cee428af754723f6ba1e",
            licence="CC BY 4.0",
            citation="Zheng, G. X. Y. et al. (2017). Massively parallel digital transcriptional "
            "profiling of single cells. Nature Communications 8, 14049. "
            "https://doi.org/10.1038/ncomms14049",
            total_key="n_counts",
            embedded=True,
        ),
    )
}


@dataclass(frozen=True)
class Location:
    """Where a data set is found now; ``path`` is ``None`` where it has to be downloaded."""

    dataset: Dataset
    where: Literal["data folder", "cache", "embedded", "download"]
    path: Path | None = None


def find_dataset(name: str) -> Location:
    """Look for a data set in the data folder and in the cache, without reading it.

    Raises
    ------
    DataNotFoundError
        No data set has this name.
    """
    if name not in DATASETS:
        raise DataNotFoundError(
            f"{name}: no data set has this name. {did_you_mean(name, DATASETS)}"
        )
    dataset = DATASETS[name]
    if dataset.embedded:
        return Location(dataset, "embedded", embedded_file())
    folder = data_folder()
    if folder is not None:
        for path in candidates(dataset, folder):
            if _exists(path):
                return Location(dataset, "data folder", path)
    for filename in dataset.filenames:
        path = cache_folder() / filename
        if _exists(path):
            return Location(dataset, "cache", path)
    return Location(dataset, "download")


def describe_datasets() -> list[Location]:
    """Return every data set of the table with the place where it is found now."""
    return [find_dataset(name) for name in DATASETS]


def candidates(dataset: Dataset, folder: Path) -> list[Path]:
    """Return the paths that may hold a data set in a data folder, the likeliest first."""
    return [
        base / filename
        for base in (folder, folder / dataset.name)
        for filename in dataset.filenames
    ]


def data_folder() -> Path | None:
    """Return the folder that ``SCBASELINE_DATA_DIR`` names, which may not exist."""
    named = os.environ.get(DATA_DIR)
    return Path(named).expanduser() if named else None


def cache_folder() -> Path:
    """Return the folder for downloads, which may not exist yet."""
    named = os.environ.get(CACHE_DIR)
    if named:
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("scbaseline"))


def embedded_file() -> Path:
    """Return the file of ``pbmc68k_reduced`` in the installed scanpy, without importing it.

    Raises
    ------
    DataNotFoundError
        This scanpy does not have it.
    """
    spec = importlib.util.find_spec("scanpy")
    for folder in (spec and spec.submodule_search_locations) or []:
        path = Path(folder) / "datasets" / "10x_pbmc68k_reduced.h5ad"
        if path.is_file():
            return path
    raise DataNotFoundError(
        "pbmc68k_reduced: the installed scanpy does not hold it; "
        "install scanpy again: pip install --force-reinstall scanpy"
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder that may not be entered holds nothing for us
        return False
