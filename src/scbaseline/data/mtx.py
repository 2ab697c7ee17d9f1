"""Turns a matrix.mtx, plain or gzipped, into a sparse matrix, or says where it is damaged."""

import gzip
import io
import mmap
from pathlib import Path
from typing import Any

import scipy.io
from scipy import sparse

from scbaseline.data.encoding import is_gzipped
from scbaseline.errors import InputError


def read_mtx(path: Path) -> "sparse.coo_matrix[Any]":
    """Read a file of Matrix Market.

    Raises
    ------
    InputError
        A block of it is zero bytes, as a file system leaves it after a crash: scipy's reader
        would end the whole process there.
    """
    if path.suffix == ".gz" or is_gzipped(path):
        with gzip.open(path) if is_gzipped(path) else path.open("rb") as file:
            stream: Any = _Text(file, path.name)
            return _coo(scipy.io.mmread(stream))
    if path.stat().st_size:  # the reader is quicker by a fifth where it opens the file itself
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            at = whole.find(b"\0")
            if at >= 0:
                raise _zero_bytes(path.name, whole[:at].count(b"\n") + 1)
    return _coo(scipy.io.mmread(path))


def _coo(matrix: Any) -> "sparse.coo_matrix[Any]":
    coo: sparse.coo_matrix[Any] = sparse.coo_matrix(matrix)
    return coo


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
