"""Turns the first bytes of a text file into how it is packed and in which letters it is."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from scbaseline.errors import InputError

_LOOK = 4096  # bytes
_MARKS = {
    b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}  # fmt: skip
_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive, as Excel's .xlsx is; in Excel, save it as 'CSV UTF-8'",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file; rename it to end in .h5ad or .h5",
    b"\xd0\xcf\x11\xe0": "an Excel file (.xls); in Excel, save it as 'CSV UTF-8'",
    b"BZh": "compressed by bzip2; type bunzip2 first",
    b"\xfd7zXZ": "compressed by xz; type unxz first",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; type unzstd first",
    b"PAR1": "a Parquet file; in Python: pandas.read_parquet(…).to_csv(…)",
}


def is_gzipped(path: Path) -> bool:
    """Say whether a file is gzipped, whatever its name ends in."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def packing(path: Path) -> Literal["gzip"] | None:
    """Return the ``compression`` with which pandas reads a text file."""
    return "gzip" if is_gzipped(path) else None


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """Open a text file in UTF-8, gzipped or not; a mark at its start is left out.

    Raises
    ------
    InputError
        It is no text, or in other letters than UTF-8, here or wherever it is read on to.
    """
    require_text(path)
    opened = gzip.open if is_gzipped(path) else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        raise not_utf8(path) from error


def require_text(path: Path) -> None:
    """Refuse, by its first bytes, what is no text in an encoding that extends ASCII."""
    first = _start(path, _LOOK)
    if first[:64].lstrip().lower().startswith((b"<html", b"<!doctype", b"<?xml")):
        raise InputError(f"{path.name} is a web page, not a table; get the file again")
    for mark, what in _NOT_TEXT.items():
        if first.startswith(mark):
            raise InputError(f"{path.name} is {what}")
    if b"\0" not in first and not first.startswith(tuple(_MARKS)):
        return
    marked = next((name for mark, name in _MARKS.items() if first.startswith(mark)), None)
    if marked is None and 0.3 < first.count(0) / len(first) < 0.7:
        # Every second byte of a plain letter is zero, the second or the first of the two.
        if not any(first[:64:2]) or first[1:64:2].count(0) > first[:64:2].count(0):
            marked = "UTF-16LE"
        if first[:64:2].count(0) > first[1:64:2].count(0):
            marked = "UTF-16BE"
    if marked is None:
        raise InputError(f"{path.name} is not a text file: it holds zero bytes; get the file again")
    raise InputError(f"{path.name} is in {marked}, not in UTF-8; {_save_as_utf8(path, marked)}")


def not_utf8(path: Path) -> InputError:
    """Return the error of a text that is not UTF-8: where, and in what it can be read."""
    require_text(path)
    with gzip.open(path) if is_gzipped(path) else path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                fits = _one_byte_encoding(line)
                shown = line[max(0, error.start - 10) : error.end + 10].decode(fits).strip()
                return InputError(
                    f"{path.name} is not in UTF-8 (line {number:,}); in {fits} that line reads "
                    f"{shown!r}; {_save_as_utf8(path, fits)}"
                )
    return InputError(f"{path.name} is not in UTF-8; save it as UTF-8")


def _one_byte_encoding(line: bytes) -> str:
    """Return Windows' or ISO's letters for the west: they differ in 27 signs and a few gaps."""
    try:
        line.decode("cp1252")
    except UnicodeDecodeError:
        return "ISO-8859-1"
    return "Windows-1252" if any(0x80 <= byte < 0xA0 for byte in line) else "ISO-8859-1"


def _save_as_utf8(path: Path, encoding: str) -> str:
    name = path.name
    for ending in (".gz", path.with_suffix("").suffix if name.endswith(".gz") else path.suffix):
        name = name.removesuffix(ending) if ending else name
    ending = path.name.removeprefix(name).removesuffix(".gz")
    read = f"gunzip -c {path.name} | iconv" if is_gzipped(path) else "iconv"
    given = "" if is_gzipped(path) else f" {path.name}"
    return (
        f"save it as UTF-8 (Excel: 'CSV UTF-8'; or {read} -f {encoding.upper()} -t UTF-8{given} "
        f"> {name}-utf8{ending})"
    )


def _start(path: Path, n_bytes: int) -> bytes:
    with gzip.open(path) if is_gzipped(path) else path.open("rb") as file:
        return file.read(n_bytes)
