"""Writing files so that nothing is lost or left half-written."""

import errno
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scbaseline.errors import OutputError


def write_atomically(
    path: str | Path, write: Callable[[Path], object], *, option: str = "--out"
) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then move it into place.

    A reader sees the old file or the new one, never half of one. The temporary name ends
    as ``path`` does, for libraries that choose the format by the ending. ``option`` is what
    an error says to name another of.

    Raises
    ------
    OutputError
        The folder cannot be made, or the disk refuses the file; nothing is left behind.
    """
    path = writable_file(path)
    with staging(path.parent, option=option) as folder:
        temporary = folder / path.name
        with said_as_output_error(path, option=option):
            write(temporary)
            temporary.replace(path)


@contextmanager
def staging(folder: Path, *, option: str = "--out") -> Iterator[Path]:
    """Make a hidden folder inside ``folder`` to write into; it is gone at the end.

    Raises
    ------
    OutputError
        ``folder`` cannot be made or written to.
    """
    with said_as_output_error(folder, option=option):
        folder.mkdir(parents=True, exist_ok=True)
        hidden = tempfile.TemporaryDirectory(
            dir=folder, prefix=f".{temporary_prefix()}", ignore_cleanup_errors=True
        )
    with hidden as name:
        yield Path(name)


def temporary_prefix(process: int | None = None) -> str:
    """Return how the names of a process's temporary folders begin; by default, of this one's.

    The machine's name is in it, since several machines may share a folder.
    """
    host = re.sub(r"[^A-Za-z0-9]+", "_", socket.gethostname())
    return f"scbaseline-{host}-{process or os.getpid()}-"


def remove_temporary(folder: Path, process: int) -> None:
    """Remove the temporary folders that a process could not remove, since it was killed.

    Parameters
    ----------
    folder
        Where they are looked for.
    process
        The number of the process, of this machine, which has ended.
    """
    prefix = temporary_prefix(process)
    for path in (*folder.glob(f".{prefix}*"), *folder.glob(f"{prefix}*")):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def said_as_output_error(path: Path, *, option: str = "--out") -> Iterator[None]:
    """Turn what the system says of a write into an error that names ``path``."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        number = _errno_of(error)
        if number in (errno.ENOSPC, errno.EDQUOT):
            folder = path if path.is_dir() else path.parent
            raise OutputError(
                f"{path}: cannot be written ({os.strerror(number)}): the disk of {folder} is "
                f"full; make room there, or name another {option}"
            ) from error
        reason = os.strerror(number) if number else str(error).splitlines()[0]
        raise OutputError(f"{path}: cannot be written ({reason}); name another {option}") from error


def _errno_of(error: OSError) -> int:
    """Return the system's number of an error; HDF5 hides it in words about a hidden path."""
    inside = re.search(r"\berrno = (\d+)", str(error))
    return error.errno or (int(inside[1]) if inside else 0)


def require_space(folder: Path, *, n_bytes: int) -> None:
    """Raise as the system does where a disk is full: HDF5 would end the whole process instead."""
    if shutil.disk_usage(folder).free < n_bytes + 2**20:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def writable_file(path: str | Path, *, option: str = "--out", example: str = "result.csv") -> Path:
    """Return where a file for ``path`` is to be moved: a link is followed, a device refused.

    Raises
    ------
    OutputError
        ``path`` is a folder or a device: replacing it would destroy it.
    """
    target = Path(path).resolve()
    if target.is_dir():
        raise OutputError(
            f"{path}: is a folder; name a file, e.g. {option} {target.name}/{example}"
        )
    if target.exists() and not target.is_file():
        raise OutputError(f"{path}: is not an ordinary file; name one, e.g. {option} {example}")
    return target


def is_standard_output(path: str | Path) -> bool:
    """Say whether a path means what the command prints: ``-``, or one of the system's names."""
    return os.fspath(path) in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def refuse_input_as_output(
    output: str | Path, *inputs: str | Path | None, option: str = "--out"
) -> None:
    """Raise if writing ``output`` would overwrite an input or a part of one, by whatever name.

    Raises
    ------
    OutputError
        The two are the same file, or ``output`` is a file of an input folder.
    """
    target = Path(output).resolve()
    for given in inputs:
        if given is None:
            continue
        source = Path(given).resolve()
        part = target.exists() and source.is_dir() and source in target.parents
        same = target == source and not source.is_dir()
        if same or part or (target.is_file() and source.is_file() and target.samefile(source)):
            raise OutputError(
                f"{output}: is {'part of the input' if part else 'the input itself'}; "
                f"name another {option}"
            )
