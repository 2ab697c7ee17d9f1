"""Turns the path of a file or folder into an AnnData, by a table of formats."""

import errno
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from anndata import AnnData

from scbaseline.data.archives import read_archive
from scbaseline.data.blocks import whole_matrix
from scbaseline.data.findings import how_to_take
from scbaseline.data.foreign import how_to_convert, how_to_rename
from scbaseline.data.hdf5 import OtherHdf5Error
from scbaseline.data.matrix import canonical_csr, require_intact
from scbaseline.data.naming import Naming, name_genes
from scbaseline.data.options import ReadOptions
from scbaseline.data.other_folders import read_folder
from scbaseline.data.shards import shards_of, stacked, whole
from scbaseline.data.sources import sources_beside_x
from scbaseline.data.stores import open_h5ad, open_zarr, read_h5ad, read_zarr
from scbaseline.data.tables import read_table
from scbaseline.data.tenx_h5 import read_10x_h5
from scbaseline.errors import (
    DataNotFoundError,
    InputError,
    ScbaselineError,
    ScbaselineWarning,
    did_you_mean,
)

_ZIPPED = ".zarr.zip"
_OF_ZARR = (".zgroup", ".zattrs", "zarr.json")  # a store's own files, whatever it is called
_FULL = (errno.ENOSPC, errno.EDQUOT)  # what the system says of a full disk


@dataclass(frozen=True)
class Format:
    """One format: what a person calls it, and what reads it.

    Attributes
    ----------
    open
        Opens it with its matrices left on disk, where the format allows that.
    """

    title: str
    read: Callable[[Path, ReadOptions], AnnData]
    open: Callable[[Path, ReadOptions], AbstractContextManager[AnnData]] | None = None


def read_path(path: Path, options: ReadOptions = ReadOptions()) -> tuple[AnnData, Naming]:  # noqa: B008
    """Read a file or folder that exists, and bring it into one form.

    Parameters
    ----------
    path
        The ending of its name gives the format; a folder without such an ending is a 10x folder.
    options
        Which matrix to take, and which way round it lies; its table for obs is left alone.

    Returns
    -------
    adata
        X is canonical CSR float32; genes are named by unique symbols, with Ensembl ids in
        ``var["gene_ids"]`` where known; only genes are kept.
    naming
        What was done to the rows and their names.

    Raises
    ------
    InputError
        The format is not known, or the content is not of it.
    """
    file_format = _format_of(path)
    with _one_clear_line(path, file_format, options.obs):
        adata = file_format.read(path, options)
        adata = adata if file_format is SHARDS else chosen_matrix(adata, options)
        require_intact(adata)
        if adata.X is None:
            raise InputError(f"X is missing; {how_to_take(sources_beside_x(adata))}")
        naming = name_genes(adata.var)
        if naming.n_other_rows:
            adata = adata[:, naming.is_gene].copy()
        adata.X = canonical_csr(adata.X)
        adata.obs_names = adata.obs_names.astype(str)
        adata.var = naming.var
    return adata, naming


@contextmanager
def open_path(path: Path, options: ReadOptions = ReadOptions()) -> Iterator[AnnData]:  # noqa: B008
    """Open a file or folder as it is, on disk where its format allows that.

    For Parameters and Raises, see :func:`read_path`; what is wrong with a part that is read
    later is raised as the same error, until the context ends.
    """
    file_format = _format_of(path)
    opened = (file_format.open or _read_and_keep)(path, options)
    with _one_clear_line(path, file_format, options.obs), opened as adata:
        # The options were applied to each shard.
        yield adata if file_format is SHARDS else chosen_matrix(adata, options)


@contextmanager
def _one_clear_line(path: Path, file_format: Format, annotations: Path | None) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # Old formats and names that are not unique yet; both are seen to later.
            warnings.simplefilter("ignore")
            warnings.simplefilter("always", ScbaselineWarning)
            yield
    except DataNotFoundError:
        raise
    except InputError as error:
        said = str(error)
        if not said.isprintable():  # names that damage put together
            said = "".join(letter if letter.isprintable() else "\ufffd" for letter in said)
        elif said.startswith(str(path)) or (annotations and said.startswith(str(annotations))):
            raise
        # What is said of the file by its name alone, names it once.
        said = said.removeprefix(f"{path.name}: ").removeprefix(f"{path.name} ")
        raise InputError(f"{path}: {said}") from error
    except (ScbaselineError, BrokenPipeError):
        raise  # of whoever works with the open file, not of the file
    except PermissionError as error:
        raise InputError(f"{path}: may not be read; ask its owner to allow it") from error
    except MemoryError as error:
        raise InputError(
            f"{path}: needs more memory than there is, or is damaged; pass fewer cells"
        ) from error
    except Exception as error:  # a damaged file makes h5py, pandas and tarfile raise anything
        if isinstance(error, OSError) and error.errno in _FULL:
            raise InputError(
                f"{path}: cannot be unpacked: the disk of {tempfile.gettempdir()} is full; make "
                "room there, or type TMPDIR=/another/folder before the command"
            ) from error
        raise InputError(
            f"{path}: cannot be read as {file_format.title} ({_first_line(error)}); "
            "it may be cut short or of another format, get the file again"
        ) from error


def chosen_matrix(adata: AnnData, options: ReadOptions) -> AnnData:
    """Put the matrix that the options name into X.

    Raises
    ------
    InputError
        There is no such layer, or no raw.
    """
    if options.layer is not None:
        if options.layer not in adata.layers:
            raise InputError(
                f"there is no layer {options.layer!r}. {did_you_mean(options.layer, adata.layers)}"
            )
        adata = AnnData(adata.layers[options.layer], obs=adata.obs, var=adata.var, uns=adata.uns)
    elif options.use_raw:
        if adata.raw is None:
            raise InputError("has no raw; leave out --use-raw")
        adata = AnnData(adata.raw.X, obs=adata.obs, var=adata.raw.var, uns=adata.uns)
    if options.transpose:
        x = whole_matrix(adata.X)
        adata = AnnData(None if x is None else x.T, obs=adata.var, var=adata.obs, uns=adata.uns)
    return adata


def ending_of(name: str) -> str | None:
    """Return the ending of a file name that tells its format, or ``None``."""
    return next((ending for ending in FORMATS if name.lower().endswith(ending)), None)


def _format_of(path: Path) -> Format:
    ending = ending_of(path.name)
    if not (path.is_file() or path.is_dir()):
        raise InputError(
            f"{path}: is no file but a pipe or a device; save it to a file, and pass that"
        )
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{path}: is empty; get the file again")
    if ending != _ZIPPED and (said := how_to_convert(path)):
        raise InputError(f"{path}: {said}")
    if ending is not None:
        return FORMATS[ending]
    if path.is_dir():
        if any((path / name).is_file() for name in _OF_ZARR):
            return FORMATS[".zarr"]
        return SHARDS if shards_of(path) else FOLDER
    said = how_to_rename(path)
    raise InputError(
        f"{path}: its ending is not known; pass {', '.join(FORMATS)} or {FOLDER.title}"
        f"{f'; it {said}' if said else ''}"
    )


def _first_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:160]  # without the path, which is named already
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:160]


@contextmanager
def _read_and_keep(path: Path, options: ReadOptions) -> Iterator[AnnData]:
    """Open what can only be read as a whole."""
    yield _format_of(path).read(path, options)


@contextmanager
def _open_shards(path: Path, options: ReadOptions) -> Iterator[AnnData]:
    """Open the .h5ad and .zarr files of a folder as one data set, left on disk."""
    with ExitStack() as stack:
        shards = []
        for part in shards_of(path):
            file_format = _format_of(part)
            opened = (file_format.open or _read_and_keep)(part, options)
            with _one_clear_line(part, file_format, None):
                shards.append((part.name, chosen_matrix(stack.enter_context(opened), options)))
        yield stacked(shards)


def _read_shards(path: Path, options: ReadOptions) -> AnnData:
    with _open_shards(path, options) as adata:
        return whole(adata)


def _read_h5ad(path: Path, options: ReadOptions) -> AnnData:
    """Read an AnnData, or what 10x wrote under this ending."""
    try:
        return read_h5ad(path)
    except OtherHdf5Error:
        return read_10x_h5(path, genome=options.genome)


@contextmanager
def _open_h5ad(path: Path, options: ReadOptions) -> Iterator[AnnData]:
    with ExitStack() as stack:
        try:
            adata = stack.enter_context(open_h5ad(path))
        except OtherHdf5Error:
            adata = read_10x_h5(path, genome=options.genome)
        yield adata


def _read_10x_h5(path: Path, options: ReadOptions) -> AnnData:
    """Read what 10x wrote, or an AnnData under this ending."""
    try:
        return read_10x_h5(path, genome=options.genome)
    except OtherHdf5Error:
        return read_h5ad(path)


SHARDS = Format("a folder of .h5ad and .zarr files", _read_shards, _open_shards)
FOLDER = Format("a 10x folder with matrix.mtx", lambda path, _: read_folder(path))

_TABLE = Format("a table of cells × genes", lambda path, _: read_table(path))
_H5AD = Format("an .h5ad file", _read_h5ad, _open_h5ad)
_ZARR = Format("a .zarr store", lambda path, _: read_zarr(path), lambda path, _: open_zarr(path))
_TENX_H5 = Format("an .h5 file of 10x", _read_10x_h5)
_MATRIX = Format("the matrix of a 10x folder", lambda path, _: read_folder(path))
_ARCHIVE = Format("the archive of a 10x folder", lambda path, _: read_archive(path))

FORMATS: dict[str, Format] = {
    ".h5ad": _H5AD,
    ".zarr": _ZARR,
    _ZIPPED: _ZARR,
    ".h5": _TENX_H5,
    **dict.fromkeys((".tar.gz", ".tgz", ".tar"), _ARCHIVE),
    "matrix.mtx": _MATRIX,
    "matrix.mtx.gz": _MATRIX,
    ".mtx": _MATRIX,
    ".mtx.gz": _MATRIX,
    **{f"{ending}{gz}": _TABLE for ending in (".csv", ".tsv", ".txt") for gz in ("", ".gz")},
}
