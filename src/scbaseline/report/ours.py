"""Paths that are to be written in; a refusal where one holds a file that is not ours out."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import h5py

from scbaseline import keys
from scbaseline.data.heaps import require_readable_texts
from scbaseline.errors import OutputError
from scbaseline.files import is_standard_output, writable_file

PNG_NOTE = {"Software": "scbaseline"}
"""What our figures carry, so that a later run knows them again."""

_LONGEST = 2**16  # characters of a header that are looked at


def refuse_strangers_files(
    paths: Iterable[Path], *, overwrite: bool, option: str = "--out"
) -> None:
    """Raise if a file that scbaseline did not write would be replaced.

    Parameters
    ----------
    paths
        Where files are to be written.
    overwrite
        Replace whatever is there.
    option
        The option that named them.

    Raises
    ------
    OutputError
        A path is a folder or a device, or holds a file in which nothing shows that it is ours.
    """
    for path in paths:
        if is_standard_output(path):
            continue
        target = writable_file(path, option=option)
        if not overwrite and target.exists() and not _is_ours(target):
            raise OutputError(
                f"{path}: is there already and was not written by scbaseline; pass --overwrite "
                f"to replace it, or name another {option}"
            )


def _is_ours(path: Path) -> bool:
    try:
        for ending, known in _KNOWN.items():
            if path.name.lower().endswith(ending):
                return known(path)
    except Exception:  # noqa: BLE001 (whatever a reader says of it: a stranger's)
        return False
    return False


def _is_our_h5ad(path: Path) -> bool:
    require_readable_texts(path)
    with h5py.File(path) as file:
        columns, notes = {str(name) for name in file["obs"]}, file.get("uns", ())
        of_run = keys.LEIDEN in columns and keys.X_UMAP in file.get("obsm", ())
        return (
            {keys.PREDICTED_LABEL, keys.PROBABILITY} <= columns
            or keys.PREDICTIONS in notes
            or (keys.PROVENANCE in notes and of_run)
        )


def _is_our_table(path: Path) -> bool:
    opened: Any = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        header = file.read(_LONGEST)
    tab = "\t" if ".tsv" in path.name.lower() else ","
    columns = next(csv.reader(io.StringIO(header), delimiter=tab))
    return (
        _are_predictions(columns)
        or columns[:2] == ["label_a", "label_b"]
        or {"row", "label", "suggested", "margin", keys.CELL_ID} <= set(columns)
        or columns[:3] == ["cluster", "cells", "name"]
    )


def _is_our_parquet(path: Path) -> bool:
    from pyarrow import parquet

    return _are_predictions(parquet.read_schema(path).names)


def _are_predictions(columns: list[str]) -> bool:
    """Know a table of predictions again, whatever ``key_added`` it was written with."""
    if columns[0] != keys.CELL_ID or len(columns) < 3:
        return False
    name = columns[1]
    return columns[2] == keys.predictions(keys.PROBABILITY, name)


def _is_our_model(path: Path) -> bool:
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        return "scbaseline" in (file.metadata() or {})


def _is_our_onnx(path: Path) -> bool:
    import onnx

    model = onnx.load(path, load_external_data=False)
    return any(entry.key == "scbaseline" for entry in model.metadata_props)


def _is_our_json(path: Path) -> bool:
    content = json.loads(path.read_text(encoding="utf-8"))
    if {"wall_seconds", "stages", "dataset"} <= set(content):
        return True
    return {"protocol", "tier", "recipe"} <= set(content["results"][0])


def _is_our_text(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        start = file.read(_LONGEST)
    return start.startswith("# Settings of a") or " evaluated with scbaseline " in start


def _is_our_figure(path: Path) -> bool:
    with path.open("rb") as file:
        return b"tEXtSoftware\0scbaseline" in file.read(1024)


def _is_our_page(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        start = file.read(_LONGEST)
    return 'content="scbaseline ' in start or "<dc:title>scbaseline</dc:title>" in start


_KNOWN: dict[str, Callable[[Path], bool]] = {
    ".h5ad": _is_our_h5ad,
    ".csv": _is_our_table,
    ".csv.gz": _is_our_table,
    ".tsv": _is_our_table,
    ".tsv.gz": _is_our_table,
    ".parquet": _is_our_parquet,
    ".safetensors": _is_our_model,
    ".onnx": _is_our_onnx,
    ".json": _is_our_json,
    ".toml": _is_our_text,
    ".txt": _is_our_text,
    ".png": _is_our_figure,
    ".svg": _is_our_page,
    ".html": _is_our_page,
    ".htm": _is_our_page,
}
