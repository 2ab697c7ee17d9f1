"""Turns a matrix.mtx, plain or gzipped, into a sparse matrix, or says where it is damaged."""

import gzip
import io
import mmap
from pathlib import Path
from typing import Any

import scipy.io
from scipy import sparse

from scbaseline.data.encoding import is_gzipped, require_no_other_format
from scbaseline.errors import InputError

_BANNER = b"%%MatrixMarket"
_BOM = b"\xef\xbb\xbf"


def read_mtx(path: Path) -> "sparse.coo_matrix[Any]":
    """Read a file of Matrix Market.

    Raises
    ------
    InputError
        It is something else, is cut short, or a block of it is zero bytes, as a file system
        leaves it after a crash: scipy's reader would end the whole process there.
    """
    require_no_other_format(path)
    try:
        return sparse.coo_matrix(_read(path))
    except InputError:
        raise
    except (ValueError, OverflowError, EOFError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise InputError(f"{path.name} is damaged ({reason}); get the file again") from error


def _read(path: Path) -> Any:
    with gzip.open(path) if is_gzipped(path) else path.open("rb") as file:
        first = file.read(len(_BOM + _BANNER))
        if not first:
            raise InputError(f"{path.name} is empty; get the file again")
        if not first.removeprefix(_BOM).upper().startswith(_BANNER.upper()):
            shown = (first + file.readline(40)).decode("utf-8", "replace").splitlines()[0]
            raise InputError(
                f"{path.name} is not in the format of Matrix Market: its first line is {shown!r}, "
                f"not {_BANNER.decode()}; get the file again"
            )
        # By its ending the reader would take a plain file for a gzipped one.
        if path.suffix == ".gz" or is_gzipped(path) or first.startswith(_BOM):
            file.seek(len(_BOM) if first.startswith(_BOM) else 0)
            stream: Any = _Text(file, path.name)
            return scipy.io.mmread(stream)
        # The reader is quicker by a fifth where it opens the file itself.
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            at = whole.find(b"\0")
            if at >= 0:
                raise _zero_bytes(path.name, whole[:at].count(b"\n") + 1)
    return scipy.io.mmread(path)


def _zero_bytes(name: str, line: int) -> InputError:
    return InputError(f"{name} is damaged: line {line:,} holds zero bytes; get the file again")


class _Text(io.RawIOBase):
    """Hands on what it reads, and refuses zero bytes: to look for them costs next to nothing."""

    def __init__(self, file: Any, name: str) -> None:
        super().__init__()
        self._file, self._name = file, name
        self._n_lines = 1

    def readable(self) -> bool:
        """Say that it can be read from."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most ``size`` of them."""
        content: bytes = self._file.read(size)
        if b"\0" in content:
            line = self._n_lines + content.count(b"\n", 0, content.index(b"\0"))
            raise _zero_bytes(self._name, line)
        self._n_lines += content.count(b"\n")
        return content
