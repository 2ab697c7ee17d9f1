"""Turns the name of a data set, or a path, into raw counts with their provenance."""

import os
import shlex
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from pathlib import Path

from anndata import AnnData

from scbaseline import keys
from scbaseline.data.annotations import join_obs
from scbaseline.data.datasets import (
    DATA_DIR,
    DATASETS,
    DEFAULT,
    EMBEDDED_DEFAULT,
    Dataset,
    Location,
    candidates,
    data_folder,
    embedded_file,
    find_dataset,
)
from scbaseline.data.download import download
from scbaseline.data.embedded import NOTICE, read_embedded
from scbaseline.data.fingerprint import fingerprint
from scbaseline.data.formats import ending_of, open_path, read_path
from scbaseline.data.options import ReadOptions
from scbaseline.data.provenance import Provenance, difference, identified, of_dataset
from scbaseline.errors import (
    ConfigError,
    DataNotFoundError,
    InputError,
    ScbaselineWarning,
    did_you_mean,
    listed,
)


class Unnamed(Enum):
    """What stands for an input that nobody named; ``None`` may be a mistake."""

    DATA = "pbmc3k, or where it cannot be had a sample of another data set"


def read_counts(
    name_or_path: str | Path | Unnamed = Unnamed.DATA,
    options: ReadOptions | None = None,
    *,
    total_key: str | None = None,
    progress: bool = True,
) -> AnnData:
    """Read counts from a data set by its name, or from a file or folder by its path.

    What was read is not yet checked: :func:`~scbaseline.data.check.check_counts` does that.

    Parameters
    ----------
    name_or_path
        A name such as ``"pbmc3k"``, or the path of an ``.h5ad`` file, a ``.zarr`` store, a
        10x ``.h5`` file, a 10x folder (``matrix.mtx``, ``barcodes.tsv``, ``features.tsv`` or
        ``genes.tsv``, gzipped or not) or a table of cells × genes (``.csv``, ``.tsv``).
        A data set's name is never taken for a path; write ``./pbmc3k`` for such a folder.
        Left out: ``pbmc3k``, or without a network a sample of another data set, with a
        notice in its provenance.
    options
        Where in a file the counts are, and what to join to obs.
    total_key
        Column of obs that holds each cell's total, where X holds only some of its genes.
    progress
        Draw a progress bar for a download, where standard error is a terminal.

    Returns
    -------
    Cells × genes; X is CSR float32. Genes are named by unique symbols, with Ensembl ids in
    ``var["gene_ids"]`` where known. ``uns["scbaseline"]`` holds the fields of
    :class:`~scbaseline.data.provenance.Provenance`.

    Raises
    ------
    ConfigError
        The options are of files, and a data set was named.
    DataNotFoundError
        No such file, folder or data set; or a data set that was named cannot be had.
    InputError
        The file cannot be read, or is not the data set for which it stands; or ``None`` was
        given.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> adata.shape
    (700, 765)
    """
    options = options or ReadOptions()
    _require_name_or_path(name_or_path)
    _refuse_options_of_files(name_or_path, options)
    if name_or_path is Unnamed.DATA:
        adata, provenance = _read_default(progress=progress)
    elif isinstance(name_or_path, str) and name_or_path in DATASETS:
        adata, provenance = _read_dataset(DATASETS[name_or_path], progress=progress)
    else:
        adata, provenance = _read_path(_existing(name_or_path), options)
    if options.obs is not None:
        adata, notes = join_obs(adata, options.obs)
        provenance = replace(provenance, notes=(*provenance.notes, *notes))
    if options.allow_fractional:
        provenance = replace(provenance, allow_fractional=True)
    if total_key is not None:
        if total_key not in adata.obs:
            raise InputError(
                f"{provenance.name}: obs has no column {total_key!r}. "
                f"{did_you_mean(total_key, adata.obs.columns)}"
            )
        provenance = replace(provenance, total_key=total_key)
    adata.uns[keys.PROVENANCE] = provenance.to_uns()
    return adata


@contextmanager
def open_counts(name_or_path: str | Path, options: ReadOptions | None = None) -> Iterator[AnnData]:
    """Open counts with their matrices left on disk, where the format allows that.

    For Parameters and Raises, see :func:`read_counts`. Names are as the file has them, and
    features that are not genes are not left out; the provenance holds a name and notes only.
    """
    options = options or ReadOptions()
    _require_name_or_path(name_or_path)
    _refuse_options_of_files(name_or_path, options)
    if isinstance(name_or_path, str) and name_or_path in DATASETS:
        yield read_counts(name_or_path, options)
        return
    path = _existing(name_or_path)
    with open_path(path, options) as opened:
        adata, notes = join_obs(opened, options.obs) if options.obs else (opened, ())
        provenance = Provenance(path.name, notes=notes, allow_fractional=options.allow_fractional)
        adata.uns[keys.PROVENANCE] = provenance.to_uns()
        yield adata


def require_input(name_or_path: str | Path | None) -> None:
    """Refuse a path that is not there, before anything is read.

    Raises
    ------
    DataNotFoundError
        It is neither a data set's name nor a file or folder; the message names what is near.
    """
    is_dataset = isinstance(name_or_path, str) and name_or_path in DATASETS
    if name_or_path is not None and not is_dataset:
        _existing(name_or_path)


def _require_name_or_path(given: object) -> None:
    """Refuse what is neither, such as ``None`` where a variable was not set."""
    if given is Unnamed.DATA or isinstance(given, str | Path):
        return
    if isinstance(given, AnnData):
        raise InputError(
            "read_counts: an AnnData was given, which is read already; pass it to sb.run, "
            "sb.train or sb.predict as it is"
        )
    raise InputError(
        f"read_counts: {given!r} was given; pass the path of a file or folder as a text or a Path, "
        f"or the name of a data set ({listed(DATASETS)})"
    )


def _refuse_options_of_files(name_or_path: str | Path | Unnamed, options: ReadOptions) -> None:
    name = DEFAULT if name_or_path is Unnamed.DATA else name_or_path
    if isinstance(name, str) and name in DATASETS and options.shapes_the_matrix:
        raise ConfigError(
            f"layer, use_raw, transpose, genome: they are for files, and {name} "
            "is a data set that is known; leave them out"
        )


def _read_default(*, progress: bool) -> tuple[AnnData, Provenance]:
    try:
        return _read_dataset(DATASETS[DEFAULT], progress=progress)
    except DataNotFoundError:
        adata = read_embedded(embedded_file())
        return adata, replace(of_dataset(DATASETS[EMBEDDED_DEFAULT]), notice=NOTICE)


def _read_dataset(dataset: Dataset, *, progress: bool) -> tuple[AnnData, Provenance]:
    location = find_dataset(dataset.name)
    _warn_of_data_folder(location)
    provenance = of_dataset(dataset)
    if location.where == "embedded" and location.path is not None:
        return read_embedded(location.path), provenance
    if location.where == "data folder" and location.path is not None:
        adata, _ = read_path(location.path)
        if differs := difference(adata, dataset):
            raise InputError(
                f"{location.path}: is not {dataset.name} ({differs}); put the original there, "
                f"or read it as it is by its path: scbaseline run {location.path}"
            )
        return adata, provenance
    if location.where == "cache" and location.path is not None:
        try:
            adata, _ = read_path(location.path)
        except InputError:
            pass  # damaged since it was kept: a download takes its place
        else:
            if not difference(adata, dataset):
                return adata, provenance
    return download(dataset, read=lambda path: read_path(path)[0], progress=progress), provenance


def _warn_of_data_folder(location: Location) -> None:
    folder = data_folder()
    if folder is None or location.where in ("embedded", "data folder"):
        return
    if folder.is_dir():
        names = ", ".join(
            path.relative_to(folder).as_posix() for path in candidates(location.dataset, folder)
        )
        problem = f"{location.dataset.name} is not in it; looked for {names}"
    else:
        problem = "there is no such folder"
    warnings.warn(f"{DATA_DIR}={folder}: {problem}", ScbaselineWarning, stacklevel=4)


def _existing(name_or_path: str | Path) -> Path:
    """Return a path that exists; say what is near where it does not."""
    text = os.fspath(name_or_path)
    path = Path(text)
    try:
        path = path.expanduser()
        if text and path.exists():
            return path
    except RuntimeError:
        pass  # "~somebody" of whom this machine has not heard is no folder, as the error will say
    except OSError as error:
        raise DataNotFoundError(f"{text}: cannot be reached ({error.strerror})") from error
    if path.is_symlink():
        where = f"to {path.readlink()}, which is not there"
        if Path(os.path.realpath(path)).is_symlink():  # only a circle of links ends at a link
            where = "that leads back to itself"
        raise DataNotFoundError(
            f"{text}: is a link {where}; "
            f"mend the link (ls -l {shlex.quote(text)}), or pass the file itself"
        )
    siblings = _siblings(path)
    if isinstance(name_or_path, Path) or _looks_like_a_path(text):
        if not path.parent.is_dir():
            raise DataNotFoundError(f"{text}: there is no folder {path.parent}; check the path")
        raise DataNotFoundError(
            f"{text}: no such file or folder. {did_you_mean(path.name, siblings)}"
        )
    raise DataNotFoundError(
        f"{text!r}: no data set and no file has this name. "
        f"{did_you_mean(text, [*DATASETS, *siblings])}"
    )


def _looks_like_a_path(text: str) -> bool:
    return (
        os.sep in text
        or (os.altsep is not None and os.altsep in text)
        or text.startswith("~")
        or ending_of(text) is not None
    )


def _siblings(path: Path) -> list[str]:
    """Return what could have been meant: the readable files and the folders beside a path."""
    try:
        beside = sorted(path.parent.iterdir())
    except OSError:
        return []
    return [
        other.name
        for other in beside
        if not other.name.startswith(".") and ending_of(other.name) not in (None, "", ".txt")
    ]


def _read_path(path: Path, options: ReadOptions) -> tuple[AnnData, Provenance]:
    adata, naming = read_path(path, options)
    # ".." and "." have no name of their own.
    provenance = identified(path.name or path.resolve().name, fingerprint(adata))
    earlier = adata.uns.get(keys.PROVENANCE)
    if not provenance.total_key and isinstance(earlier, Mapping):
        # A file that we wrote remembers that X holds only some of each cell's genes.
        total_key = str(earlier.get("total_key", ""))
        provenance = replace(provenance, total_key=total_key if total_key in adata.obs else "")
    return adata, replace(
        provenance,
        n_other_features=naming.n_other_rows,
        notes=(*provenance.notes, *naming.notes, *naming.caveats),
    )
