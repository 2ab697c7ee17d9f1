"""Turns an archive of a folder of counts (.tar, .tar.gz) into an AnnData."""

import gzip
import re
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from anndata import AnnData

from scbaseline.data.encoding import is_gzipped
from scbaseline.data.folders import EmptyFolderError, sample_of
from scbaseline.data.other_folders import read_folder
from scbaseline.errors import InputError
from scbaseline.files import temporary_prefix

_PARTS = (".mtx", ".tsv", ".txt", ".csv", ".mtx_rows", ".mtx_cols")


def read_archive(path: Path) -> AnnData:
    """Read the archive of a folder of counts, as 10x Genomics offers it for download.

    Raises
    ------
    InputError
        No folder of a tool that is known is in it, or more than one.
    """
    try:
        return _read(path)
    except tarfile.ReadError as error:
        raise InputError(
            "is no archive that tar can read, or is cut short; get the file again"
        ) from error


def _read(path: Path) -> AnnData:
    with (
        gzip.open(path) if is_gzipped(path) else path.open("rb") as stream,
        tarfile.open(fileobj=stream) as archive,
        tempfile.TemporaryDirectory(prefix=temporary_prefix()) as folder,
    ):
        others: list[str] = []
        folders: dict[str, Path] = {}
        for member in archive:
            name = PurePosixPath(member.name)
            if name.name.startswith(".") or not member.isfile():
                continue
            if not name.name.lower().removesuffix(".gz").endswith(_PARTS):
                others.append(member.name)
                continue
            content = archive.extractfile(member)
            if content is not None:
                # One folder for each of the archive's, by a name that leads nowhere else;
                # extractall does that only from Python 3.11.4 on.
                plain = re.sub(r"[^\w.-]+", "-", str(name.parent)).strip(".-")
                inside = folders.setdefault(str(name.parent), Path(folder) / plain)
                if list(folders.values()).count(inside) > 1:  # a b and a-b
                    inside = folders[str(name.parent)] = Path(folder) / f"{plain}-{len(folders)}"
                inside.mkdir(exist_ok=True)
                with content, (inside / name.name).open("wb") as target:
                    shutil.copyfileobj(content, target)
        stream.read()  # to the end, where gzip's checksum stands
        try:
            adata = read_folder(Path(folder), name=path.name)
        except InputError as error:
            raise _unpack_first(path, folder, error, others) from error
        _refuse_other_samples(path, Path(folder), others)
    return adata


def _refuse_other_samples(path: Path, folder: Path, others: list[str]) -> None:
    """Refuse an archive of GEO where a file of another sample was not looked at."""
    read = {sample_of(file.name) for file in folder.rglob("*") if file.is_file()}
    left = [name for name in others if sample_of(name.rpartition("/")[2]) not in {*read, ""}]
    if read != {""} and left:
        raise InputError(
            f"holds files of several samples, such as {left[0]} beside a matrix of "
            f"{', '.join(sorted(read - {''}))}; {_unpack(path)}"
        )


def _unpack(path: Path) -> str:
    return f"type: tar xf {path.name}, then pass the file or folder that comes out"


def _unpack_first(path: Path, folder: str, error: InputError, others: list[str]) -> InputError:
    unpack = _unpack(path)
    if isinstance(error, EmptyFolderError):
        shown = ", ".join(others[:5]) + (", …" if len(others) > 5 else "") or "nothing"
        return InputError(f"is an archive without a matrix.mtx; it holds {shown}; {unpack}")
    said = str(error)
    if Path(folder).name in said:  # the example in it is of a folder that is gone by then
        said = f"{said.partition('; pass the path')[0]}; {unpack}"
    return InputError(said)
