"""What is to be written in; whole files in a folder, or none of them, out."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scbaseline.aside import Begun
from scbaseline.cells.trust import ClusterTrust
from scbaseline.errors import OutputError
from scbaseline.files import refuse_input_as_output, said_as_output_error, staging

Put = Callable[[str, Callable[[Path], object]], None]
"""Takes a file's name, and what writes it to a path or begins to."""


def check_folder(out: Path, planned: Sequence[Path], *inputs: str | Path | None) -> None:
    """Make a folder for planned files, and see that it can be written to.

    Raises
    ------
    OutputError
        A file would overwrite an input, or the folder cannot be written to.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"--out {out}: is a file; name a folder")
    for path in planned:
        refuse_input_as_output(path, *inputs)
    with staging(out):
        pass


def write_together(out: Path, write_all: Callable[[Put], None]) -> list[Path]:
    """Write files into a hidden folder, then move them into place together; return the paths.

    Parameters
    ----------
    out
        The folder that they are to be in.
    write_all
        Given ``put(name, write)``, calls it for each file.

    Raises
    ------
    OutputError
        A file cannot be written; earlier ones are left as they were.
    """
    names: list[str] = []
    begun: dict[str, Begun[object]] = {}
    with staging(out) as folder:

        def put(name: str, write: Callable[[Path], object]) -> None:
            (folder / name).parent.mkdir(exist_ok=True)
            with said_as_output_error(out / name):
                done = write(folder / name)
            if isinstance(done, Begun):
                begun[name] = done
            names.append(name)

        write_all(put)
        for name, writing in reversed(begun.items()):  # the last may not have begun
            with said_as_output_error(out / name):
                writing.result()
        for name in names:
            with said_as_output_error(out / name):
                (out / name).parent.mkdir(exist_ok=True)
                (folder / name).replace(out / name)
    return [out / name for name in names]


def write_json(content: dict[str, Any], path: Path) -> None:
    """Write a dictionary as JSON; a value that JSON does not know is an error."""
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def trust_table(trust: ClusterTrust) -> list[dict[str, Any]]:
    """Return each cluster's size and stability, as JSON holds them."""
    return [
        {
            "cluster": name,
            "n_cells": int(trust.n_cells_k[k]),
            "stable": bool(trust.stable_k[k]),
            "stability": dict(zip(trust.sources, trust.stability_ks[k].tolist(), strict=True)),
        }
        for k, name in enumerate(trust.names)
    ]
