"""Writing files so that nothing is lost or left half-written."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from scbaseline.errors import OutputError


def write_atomically(path: str | Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then move it into place.

    A reader sees the old file or the new one, never half of one. The temporary name ends
    as ``path`` does, for libraries that choose the format by the ending.

    Raises
    ------
    OutputError
        The folder cannot be made, or the disk refuses the file; nothing is left behind.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem}.", suffix=f".part{path.suffix}"
        )
        os.close(handle)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); "
            "name another folder, e.g. --out results"
        ) from error
    temporary = Path(name)
    try:
        write(temporary)
        # mkstemp's files are for their owner alone; a result is for whoever may read the folder.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); free some space or "
            "name another folder, e.g. --out results"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def refuse_input_as_output(output: str | Path, *inputs: str | Path | None) -> None:
    """Raise if writing ``output`` would overwrite an input, by whatever name.

    Raises
    ------
    OutputError
        The two are the same file.
    """
    for given in inputs:
        if given is None:
            continue
        same = Path(output).resolve() == Path(given).resolve()
        if not same and Path(output).exists() and Path(given).exists():
            same = Path(output).samefile(given)
        if same:
            raise OutputError(f"{output}: is the input itself; name another file for the output")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
