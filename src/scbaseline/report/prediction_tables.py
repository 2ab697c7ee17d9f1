"""Turns blocks of predictions into a table: CSV, TSV or Parquet, in a file or as output."""

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import IO, Any

import pandas as pd

from scbaseline import keys
from scbaseline.errors import OutputError


def peek(blocks: Iterator[pd.DataFrame]) -> tuple[pd.DataFrame, Iterator[pd.DataFrame]]:
    """Return what a block looks like, without its cells, and all blocks."""
    first = next(blocks)
    return first.iloc[:0].copy(), chain([first], blocks)


def write_table(blocks: Iterator[pd.DataFrame], path: Path, *, ending: str) -> None:
    """Write blocks as rows of text, separated and packed as the ending says."""
    separator = "\t" if ending.startswith(".tsv") else ","
    with path.open("wb") as file:
        if not ending.endswith(".gz"):
            _write_rows(blocks, file, separator=separator)
            return
        # Without a time in it, the same predictions give the same bytes.
        with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            _write_rows(blocks, packed, separator=separator)


def _write_rows(
    blocks: Iterator[pd.DataFrame], file: IO[bytes] | gzip.GzipFile, *, separator: str
) -> None:
    with io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        for i, block in enumerate(blocks):
            block.to_csv(text, sep=separator, header=i == 0, lineterminator="\n")


def write_standard_output(blocks: Iterator[pd.DataFrame]) -> None:
    """Write blocks as CSV in UTF-8 to standard output, whatever the language of the system.

    Raises
    ------
    OutputError
        What standard output leads to takes no more, e.g. a full disk.
    """
    sys.stdout.flush()
    text = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        for i, block in enumerate(blocks):
            block.to_csv(text, header=i == 0, lineterminator="\n")
        text.flush()
    except BrokenPipeError:
        raise  # who reads it has seen enough
    except OSError as error:
        raise OutputError(
            f"standard output: cannot be written ({error.strerror}); name a file as --out"
        ) from error
    finally:
        with suppress(OSError, ValueError):
            text.detach()  # or closing the one would close the other


def write_parquet(blocks: Iterator[pd.DataFrame], path: Path) -> None:
    """Write blocks as a Parquet file with plain types."""
    pa, parquet = pyarrow()
    empty, blocks = peek(blocks)
    types = {"f": pa.float32(), "b": pa.bool_()}
    kinds = ((name, types.get(empty[name].dtype.kind, pa.string())) for name in empty)
    schema = pa.schema([(keys.CELL_ID, pa.string()), *kinds])
    # pandas adds the note by which it finds the index again.
    schema = pa.Table.from_pandas(empty, schema=schema).schema
    with parquet.ParquetWriter(path, schema) as writer:
        for block in blocks:
            writer.write_table(pa.Table.from_pandas(block, schema=schema))


def pyarrow() -> tuple[Any, Any]:
    """Return pyarrow and its reader of Parquet, or say how to get them."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise OutputError(
            f"a .parquet file needs pyarrow, which cannot be loaded ({error}); "
            "type pip install pyarrow, or let --out end in .csv.gz"
        ) from error
    return pa, parquet
