"""Turns the first bytes of a text file into how it is packed and in which letters it is."""

import gzip
import re
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
_GZIP = b"\x1f\x8b"
_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive, as Excel's .xlsx is; in Excel, save it as 'CSV UTF-8', "
    "or unpack it by unzip",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file; rename it to end in .h5ad or .h5",
    b"\xd0\xcf\x11\xe0": "an Excel file (.xls); in Excel, save it as 'CSV UTF-8'",
    b"BZh": "compressed by bzip2; type: bunzip2 -c {name} > {plain}",
    b"\xfd7zXZ": "compressed by xz; type: unxz -c {name} > {plain}",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; type: unzstd -c {name} > {plain}",
    b"\x1f\x9d": "compressed by compress; type: gunzip -c {name} > {plain}",
    b"PAR1": "a Parquet file; in Python: pandas.read_parquet('{name}').to_csv('{plain}')",
    b"ARROW1": "an Arrow file; in Python: pandas.read_feather('{name}').to_csv('{plain}')",
    b"RDX": "a file of R; in R: write.csv(…, 'x.csv')",
    b"%PDF": "a PDF, not a table",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself; type: git lfs pull",
    b"\0\x05\x16\x07": "what macOS keeps beside a file, not the file; pass the one without ._",
}
_WEB_PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:html|!doctype|head|\?xml|error)", re.I | re.S)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_JSON = re.compile(rb"\s*(?:\{\s*(?:\}|\")|\[\s*[\[{])")


def is_gzipped(path: Path) -> bool:
    """Say whether a file is gzipped, whatever its name ends in."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


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
    require_no_other_format(path, first)
    if b"\0" in first:
        raise InputError(f"{path.name} is not a text file: it holds zero bytes; get the file again")


def require_no_other_format(path: Path, first: bytes | None = None) -> None:
    """Refuse what is a web page, packed, or text in other letters, by its first bytes."""
    first = _start(path, _LOOK) if first is None else first
    if is_gzipped(path) and first.startswith(_GZIP):
        raise InputError(
            f"{path.name} is gzipped twice; type: gunzip -c {path.name} > once.gz, then pass that"
        )
    if said := what_it_is(path, first):
        raise InputError(f"{path.name} is {said}")
    encoding = _wide_letters(first)
    if encoding:
        raise InputError(
            f"{path.name} is in {encoding}, not in UTF-8; {_save_as_utf8(path, encoding)}"
        )


def what_it_is(path: Path, first: bytes) -> str:
    """Return what first bytes are of beside text and what to do, or ``""``.

    Parameters
    ----------
    path
        Whose name stands in a command to type.
    first
        The first bytes, unpacked where the file may be gzipped.
    """
    for mark, what in _NOT_TEXT.items():
        if first.startswith(mark):
            plain = f"{_stem(path)}-plain{_ending(path)}"
            return what.format(name=path.name, plain=plain)
    text = first.removeprefix(b"\xef\xbb\xbf")
    if _WEB_PAGE.match(text[:1024]):
        return "a web page, not a table; get the file again"
    if _JSON.match(text[:64]):
        shown = text[:60].decode("utf-8", "replace").strip()
        return f"JSON, not a table, perhaps a server's answer ({shown!r}); get the file again"
    return ""


def _wide_letters(first: bytes) -> str:
    """Return the encoding in which each letter takes two or four bytes, or ``""``."""
    marked = next((name for mark, name in _MARKS.items() if first.startswith(mark)), "")
    if marked or b"\0" not in first:
        return marked
    zeros = [first[place:256:4].count(0) for place in range(4)]
    share = first.count(0) / len(first)
    if share > 0.7 and len(first) >= 8 and not (zeros[0] and zeros[3]):
        return "UTF-32BE" if zeros[0] else "UTF-32LE"
    if 0.3 < share < 0.7:
        # Every second byte of a plain letter is zero, the second or the first of the two.
        even, odd = first[:64:2].count(0), first[1:64:2].count(0)
        if even != odd:
            return "UTF-16LE" if odd > even else "UTF-16BE"
    return ""


def not_utf8(path: Path) -> InputError:
    """Return the error of a text that is not UTF-8: where, and in what it can be read."""
    require_text(path)
    with gzip.open(path) if is_gzipped(path) else path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                if _CONTROL.search(line):
                    return InputError(
                        f"{path.name} is not a text file (line {number:,}); get the file again"
                    )
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
    read = f"gunzip -c {path.name} | iconv" if is_gzipped(path) else "iconv"
    given = "" if is_gzipped(path) else f" {path.name}"
    return (
        f"save it as UTF-8 (Excel: 'CSV UTF-8'; or {read} -f {encoding.upper()} -t UTF-8{given} "
        f"> {_stem(path)}-utf8{_ending(path)})"
    )


def _stem(path: Path) -> str:
    return Path(_unpacked(path)).stem


def _unpacked(path: Path) -> str:
    """Return the name of a file without the ending of what packed it."""
    name = path.name
    for packed in (".gz", ".bz2", ".xz", ".zst", ".Z"):
        name = name.removesuffix(packed)
    return name


def _ending(path: Path) -> str:
    return Path(_unpacked(path)).suffix


def _start(path: Path, n_bytes: int) -> bytes:
    with gzip.open(path) if is_gzipped(path) else path.open("rb") as file:
        return file.read(n_bytes)
