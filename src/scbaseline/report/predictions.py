"""Turns blocks of predictions into one file: a table, or the query's .h5ad with them in obs."""

import gzip
import io
import shutil
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np
import pandas as pd

from scbaseline import keys
from scbaseline.errors import ConfigError, InputError, OutputError
from scbaseline.files import refuse_input_as_output, require_space, writable_file, write_atomically

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".h5ad")
"""What a file of predictions may end in."""


def write_predictions(
    blocks: Iterable[pd.DataFrame],
    out: str | Path,
    *,
    query: Path | None = None,
    key_added: str = keys.PREDICTED_LABEL,
) -> dict[str, int]:
    """Write predictions as they come, in the format that the ending of ``out`` names.

    One block is held in memory; for an ``.h5ad``, also a label and a number per cell.

    Parameters
    ----------
    blocks
        Cells by id, with ``predicted_label`` (None where a cell has none), ``probability``,
        and perhaps a column per label, ``probability_<label>``; the same columns in each.
    out
        One of :data:`ENDINGS`. An ``.h5ad`` is a copy of ``query`` with the columns in obs, in
        place of any of the same name; all else is copied as bytes, unread. There ``/`` in the
        name of a column, which HDF5 takes for a folder, becomes ``_``.
    query
        The file whose cells these are.
    key_added
        What to call the label's column; by another name than the default, the others are
        ``<key_added>_probability`` and so on.

    Returns
    -------
    How many cells got each label, the most frequent first; cells without one are not counted.

    Raises
    ------
    ConfigError
        ``out`` ends in something else, or ``key_added`` can name no column.
    InputError
        ``query`` is no ``.h5ad`` to add to, or its cells are not those of the blocks.
    OutputError
        The file cannot be written, or pyarrow is missing. Whatever is raised, also by
        ``blocks``, an older file is left as it was and nothing half-written.
    """
    out = Path(out)
    check_predictions_output(out, query=query, key_added=key_added)
    counted: Counter[str] = Counter()
    checked = _checked(blocks, key_added=key_added, counted=counted)

    def write(temporary: Path) -> None:
        match _ending(out):
            case ".h5ad":
                _write_h5ad(checked, temporary, query=_h5ad(query, out))
            case ".parquet":
                _write_parquet(checked, temporary)
            case ending:
                _write_table(checked, temporary, ending=ending)

    try:
        write_atomically(out, write)
    except _BlocksFailedError as failed:
        raise failed.error from failed.error.__cause__
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def check_predictions_output(
    out: str | Path, *, query: Path | None = None, key_added: str = keys.PREDICTED_LABEL
) -> None:
    """Raise what :func:`write_predictions` would raise before the first block; write nothing."""
    ending = _ending(Path(out))
    if key_added in ("", ".", "..", "_index"):  # HDF5 and AnnData mean something else by these
        raise ConfigError(f"key_added: {key_added!r} can name no column; give another")
    refuse_input_as_output(out, query)
    writable_file(out)
    if ending == ".parquet":
        _pyarrow()
    if ending == ".h5ad":
        _h5ad(query, Path(out))


def _ending(out: Path) -> str:
    # Of .csv.gz and .gz, say, the longest; "a.b.csv" ends in .csv.
    for ending in ENDINGS:
        if out.name.lower().endswith(ending):
            return ending
    raise ConfigError(
        f"--out {out}: ends in none of {', '.join(ENDINGS)}; "
        f"type --out {out.with_name(f'{out.name}.csv')}"
    )


def _h5ad(query: Path | None, out: Path) -> Path:
    """Return the .h5ad to add columns to, if it is one that can take them."""
    as_table = f"type --out {out.with_suffix('.csv')}"
    if query is None or not query.is_file() or not h5py.is_hdf5(query):
        raise InputError(
            f"{out}: an .h5ad would be the input's own with columns added, and "
            f"{query or 'the input'} is none; {as_table}"
        )
    try:
        with h5py.File(query) as file:
            obs = file.get("obs")
            if obs is None:
                raise InputError(f"{query}: holds no obs, as every .h5ad does; {as_table}")
            # Before AnnData 0.7, obs was one array, and its categories lay in uns.
            if not isinstance(obs, h5py.Group) or obs.attrs.get("encoding-type") != "dataframe":
                raise InputError(
                    f"{query}: obs is of a format from before AnnData 0.7, to which no column "
                    f"can be added; {as_table}, or read and write it with anndata first"
                )
    except OSError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{query}: cannot be read ({reason}); get the file again") from error
    return query


class _BlocksFailedError(Exception):
    """Carries an error of ``blocks`` past those who would take it for one of writing."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def _carried(blocks: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    try:
        yield from blocks
    except Exception as error:
        raise _BlocksFailedError(error) from error


def _checked(
    blocks: Iterable[pd.DataFrame], *, key_added: str, counted: Counter[str]
) -> Iterator[pd.DataFrame]:
    """See that every block has the same columns, name them, and count the labels."""
    columns: list[str] = []
    for block in _carried(blocks):
        columns = columns or list(block.columns)
        if columns[:2] != [keys.PREDICTED_LABEL, keys.PROBABILITY]:
            raise InputError(
                f"blocks: the columns are {', '.join(columns) or 'none'}; they must begin "
                f"with {keys.PREDICTED_LABEL}, {keys.PROBABILITY}"
            )
        if list(block.columns) != columns:
            raise InputError(
                f"blocks: the columns change from {', '.join(columns)} to "
                f"{', '.join(block.columns)}; give each block the same"
            )
        counted.update(block[keys.PREDICTED_LABEL].value_counts().to_dict())
        named = block.set_axis([keys.predictions(name, key_added) for name in columns], axis=1)
        yield named.rename_axis(index=keys.CELL_ID)
    if not columns:
        raise InputError("blocks: there are none; pass at least one, if of no cells")


def _peek(blocks: Iterator[pd.DataFrame]) -> tuple[pd.DataFrame, Iterator[pd.DataFrame]]:
    """Return what a block looks like, without its cells, and all blocks."""
    first = next(blocks)
    return first.iloc[:0].copy(), chain([first], blocks)


def _write_table(blocks: Iterator[pd.DataFrame], path: Path, *, ending: str) -> None:
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


def _write_parquet(blocks: Iterator[pd.DataFrame], path: Path) -> None:
    pa, parquet = _pyarrow()
    empty, blocks = _peek(blocks)
    label, *numbers = empty.columns
    schema = pa.schema([
        (keys.CELL_ID, pa.string()), (label, pa.string()), *((n, pa.float32()) for n in numbers)
    ])  # fmt: skip
    # pandas adds the note by which it finds the index again.
    schema = pa.Table.from_pandas(empty, schema=schema).schema
    with parquet.ParquetWriter(path, schema) as writer:
        for block in blocks:
            writer.write_table(pa.Table.from_pandas(block, schema=schema))


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise OutputError(
            f"a .parquet file needs pyarrow, which cannot be loaded ({error}); "
            "type pip install pyarrow, or let --out end in .csv.gz"
        ) from error
    return pa, parquet


def _write_h5ad(blocks: Iterator[pd.DataFrame], path: Path, *, query: Path) -> None:
    from anndata.io import write_elem

    shutil.copyfile(query, path)
    empty, blocks = _peek(blocks)
    label, *numbers = columns = [name.replace("/", "_") for name in empty.columns]
    with h5py.File(path, "r+") as file:
        obs = _current_obs(file)
        _require_names(columns, obs, query=query)
        cell_ids = _cell_ids(obs)
        n_cells = len(cell_ids)
        require_space(path.parent, n_bytes=4 * n_cells * len(columns))
        for name in numbers:
            write_elem(obs, name, np.full(n_cells, np.nan, dtype=np.float32))
        labels, start = [], 0
        for block in blocks:
            rows = slice(start, start + len(block))
            _require_same(cell_ids[rows], block.index, start=start, query=query)
            for i, name in enumerate(numbers, start=1):
                obs[name][rows] = block.iloc[:, i].to_numpy(np.float32)
            labels.append(pd.Categorical(block.iloc[:, 0].astype(object)))
            start = rows.stop
        if start < n_cells:
            raise InputError(f"{query}: has {n_cells:,} cells, of which {start:,} were predicted")
        # Once at the end: a category's number is not known before the last label was seen.
        write_elem(obs, label, pd.api.types.union_categoricals(labels, sort_categories=True))
        present = [str(name) for name in obs.attrs["column-order"]]
        obs.attrs["column-order"] = present + [name for name in columns if name not in present]


def _current_obs(file: h5py.File) -> h5py.Group:
    """Return obs in today's encoding: that of AnnData 0.7 knows no categories such as ours."""
    from anndata.io import read_elem, write_elem

    if file["obs"].attrs.get("encoding-version") == "0.1.0":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is old is seen to here
            write_elem(file, "obs", read_elem(file["obs"]))
    return file["obs"]


def _require_names(columns: list[str], obs: h5py.Group, *, query: Path) -> None:
    index = obs.attrs["_index"]
    if index in columns:
        raise InputError(
            f"{query}: its cell ids are themselves called {index!r}; choose another key_added"
        )
    if twice := [name for name, n in Counter(columns).items() if n > 1]:
        raise InputError(
            f"{query}: two labels would share the column {twice[0]!r}, since an .h5ad's columns "
            "have no '/' in their names; let --out end in .csv.gz"
        )


def _cell_ids(obs: h5py.Group) -> Any:
    """Return what gives the ids of a slice of the cells; read by the slice, if that can be."""
    from anndata.io import read_elem

    stored = obs[obs.attrs["_index"]]
    if not isinstance(stored, h5py.Dataset):
        return np.asarray(read_elem(stored))
    return stored.asstr() if h5py.check_string_dtype(stored.dtype) else stored


def _require_same(stored: Any, predicted: pd.Index, *, start: int, query: Path) -> None:
    for i, name in enumerate(predicted):
        if i == len(stored):
            raise InputError(f"{query}: has {start + i:,} cells, and more were predicted")
        if str(stored[i]) != str(name):
            raise InputError(
                f"{query}: cell {start + i + 1:,} is {str(stored[i])!r}, and {str(name)!r} was "
                "predicted there; pass the cells in the file's own order"
            )
