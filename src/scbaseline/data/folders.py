"""Turns a folder into the matrix of counts in it or below it, or says what it holds instead."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from scbaseline.data.foreign import how_to_convert
from scbaseline.errors import InputError

_DEPTH = 6  # outs/per_sample_outs/SAMPLE/count/sample_filtered_feature_bc_matrix lies five below
_MOST_FILES = 50_000  # that are looked at
_SHOWN = 8
_MTX = (".mtx", ".mtx.gz")
_READABLE = (".h5ad", ".zarr", ".h5", ".tar.gz", ".tgz", ".tar", ".csv", ".csv.gz", ".tsv",
             ".tsv.gz", ".txt", ".txt.gz")  # fmt: skip
_PART = re.compile(r"(?:\.(?:total|cell|nucleus|ambiguous))?\.mtx$")
# What lies beside counts and is none.
_BESIDE = re.compile(
    r"barcode|feature_reference|metrics|summary|molecule_info|projection|clusters|readme|log"
    r"|tissue_positions|metadata|manifest|md5",
    re.IGNORECASE,
)


class EmptyFolderError(InputError):
    """No file lies in a folder or below it."""


def files_below(folder: Path) -> list[Path]:
    """Return the files in a folder and some levels below it, the nearest first, by their names.

    What begins with a dot is left out: macOS writes ``._matrix.mtx`` beside each file.
    """
    found: list[Path] = []
    seen: set[str] = set()
    start = len(folder.parts)
    for inside, folders, names in os.walk(folder, followlinks=True):
        here = Path(inside)
        if os.path.realpath(inside) in seen:  # a link to a folder that was looked at
            folders[:] = []
            continue
        seen.add(os.path.realpath(inside))
        deep = len(here.parts) - start >= _DEPTH
        stores = [name for name in folders if name.endswith(".zarr")]
        folders[:] = [] if deep else sorted(
            name for name in folders if not name.startswith(".") and name not in stores
        )  # fmt: skip
        found += [here / name for name in (*names, *stores) if not name.startswith(".")]
        if len(found) > _MOST_FILES:
            break
    return sorted(found, key=lambda path: (len(path.parts), path))


def matrix_below(folder: Path, files: Sequence[Path]) -> Path:
    """Return the one matrix of 10x's three files: the folder's own, or the only one below.

    Parameters
    ----------
    folder
        What the user named.
    files
        The files in it and below.

    Raises
    ------
    InputError
        There is none, or more than one.
    """
    every = [path for path in files if path.name.endswith(_MTX)]
    named = [path for path in every if re.search(r"matrix\.mtx(?:\.gz)?$", path.name)]
    nearest = _own_or_all(folder, named or every)
    if not files:
        raise EmptyFolderError("is an empty folder; pass a file or folder with raw counts")
    if not nearest:
        raise InputError(_what_it_holds(folder, files))
    folders = sorted({path.parent for path in nearest})
    if len(folders) > 1:
        names = [path.relative_to(folder).as_posix() for path in folders]
        raise InputError(
            f"holds several 10x folders: {_listed(names)}; pass the path of one of them, "
            f"e.g. {folder.name}/{_likeliest(names)}"
        )
    # Without a prefix: the folder's own, beside which others may lie.
    bare = [path for path in nearest if path.name in ("matrix.mtx", "matrix.mtx.gz")]
    if bare:
        return bare[0]
    prefix = re.sub(r"matrix\.mtx(?:\.gz)?$", "", nearest[0].name)
    others = [
        path for path in every if path not in nearest and path.parent == nearest[0].parent
        and not path.name.startswith(prefix)
    ]  # fmt: skip
    if len({path.name.removesuffix(".gz") for path in [*nearest, *others]}) > 1:
        raise _several(folder, [*nearest, *others])
    refuse_other_samples(folder, nearest[0], files)
    return nearest[0]


def sample_of(name: str) -> str:
    """Return the number of the sample of GEO that a file's name begins with, or ``""``."""
    match = re.match(r"GSM\d+", name)
    return match[0] if match else ""


def refuse_other_samples(folder: Path, matrix: Path, files: Iterable[Path]) -> None:
    """Refuse a folder in which files of several samples of GEO lie beside each other.

    Raises
    ------
    InputError
        Beside the matrix of one sample, as ``GSM1_matrix.mtx``, is a file of another.
    """
    own = sample_of(matrix.name)
    beside = [path.name for path in files if path.parent == matrix.parent]
    others = [name for name in beside if sample_of(name) not in (own, "")]
    if own and others:
        inside = matrix.relative_to(folder).as_posix()
        raise InputError(
            f"holds files of several samples: beside {inside} {_listed(others)}; pass the path of "
            f"one of them, e.g. {folder.name}/{inside}"
        )


def _what_it_holds(folder: Path, files: Sequence[Path]) -> str:
    """Say what a folder without counts of a known tool holds, and what to pass."""
    readable = [
        path for path in files if path.name.lower().endswith(_READABLE)
        and not _BESIDE.search(path.name) and not how_to_convert(path)
    ]  # fmt: skip
    readable.sort(
        key=lambda path: [path.name.lower().endswith(end) for end in _READABLE], reverse=True
    )
    names = [path.relative_to(folder).as_posix() for path in readable]
    if names:
        return (
            f"holds no matrix.mtx, but {_listed(names)}; pass the path of one of them, "
            f"e.g. {folder.name}/{_likeliest(names)}"
        )
    for path in files:
        said = how_to_convert(path)
        if said and "pass the folder" not in said:
            return f"holds no matrix.mtx, but {path.relative_to(folder).as_posix()}, which {said}"
    names = [path.relative_to(folder).as_posix() for path in files]
    return f"holds no matrix.mtx, but {_listed(names)}; pass a file or folder with raw counts"


def one_of_each(folder: Path, found: Iterable[Path]) -> tuple[Path | None, str]:
    """Return the one of several matrices to take, and what was left aside beside it.

    Of two folders that differ in being filtered, it is in the filtered one. Of one sample's
    counts in parts and as a whole (``cells_x_genes.nucleus.mtx``, ``cells_x_genes.total.mtx``)
    it is the whole.

    Raises
    ------
    InputError
        There are several others.
    """
    nearest = _own_or_all(folder, list(found))
    left = ""
    folders = sorted({path.parent for path in nearest})
    if len(folders) > 1:
        filtered = [path for path in folders if _is_filtered(path.name)]
        same = {re.sub(r"(?:un)?filtered", "", path.as_posix()) for path in folders}
        if len(same) > 1 or len(filtered) != 1:
            names = [path.relative_to(folder).as_posix() for path in folders]
            raise InputError(
                f"holds several folders of counts: {_listed(names)}; pass the path of one of "
                f"them, e.g. {folder.name}/{_likeliest(names)}"
            )
        others = [path.name for path in folders if path not in filtered]
        nearest = [path for path in nearest if path.parent == filtered[0]]
        left = f"{filtered[0].name} was read, and not {_listed(others)} beside it"
    taken, parts = _whole_of(folder, nearest)
    return taken, "; ".join(filter(None, [left, parts]))


def _whole_of(folder: Path, matrices: Sequence[Path]) -> tuple[Path | None, str]:
    """Return the whole counts of the one sample in a folder, and what was left aside."""
    by_name = {path.name.removesuffix(".gz"): path for path in reversed(matrices)}
    if len(by_name) < 2:
        return next(iter(matrices), None), ""
    samples = {_PART.sub("", name) for name in by_name}
    wholes = [f"{sample}{ending}" for sample in samples for ending in (".total.mtx", ".mtx")]
    wholes = [name for name in wholes if name in by_name]
    if len(samples) > 1 or not wholes:
        raise _several(folder, matrices)
    others = sorted(name for name in by_name if name != wholes[0])
    return by_name[wholes[0]], f"{wholes[0]} was read, and not {_listed(others)} beside it"


def _several(folder: Path, matrices: Sequence[Path]) -> InputError:
    names = sorted(path.relative_to(folder).as_posix() for path in matrices)
    return InputError(
        f"holds several matrices: {_listed(names)}; pass the path of one of them, "
        f"e.g. {folder.name}/{names[0]}"
    )


def _own_or_all(folder: Path, paths: Sequence[Path]) -> list[Path]:
    """Return the paths right in a folder, or where there are none, all below it."""
    return [path for path in paths if path.parent == folder] or list(paths)


def _is_filtered(name: str) -> bool:
    return "filtered" in name and "unfiltered" not in name


def _likeliest(names: Sequence[str]) -> str:
    return next((name for name in names if _is_filtered(name)), names[0])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
