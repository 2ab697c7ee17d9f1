"""Blocks of predictions and the query's .h5ad in; a copy of it with the columns in obs out."""

import shutil
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from scbaseline import keys
from scbaseline.data.heaps import require_readable_texts
from scbaseline.errors import InputError
from scbaseline.files import require_space
from scbaseline.report.prediction_tables import peek


def h5ad_query(query: Path | None, out: Path) -> Path:
    """Return the .h5ad to add columns to, if it is one that can take them."""
    as_table = f"type --out {out.with_suffix('.csv')}"
    if query is None or not query.is_file() or not h5py.is_hdf5(query):
        raise InputError(
            f"{out}: an .h5ad would be the input's own with columns added, and "
            f"{query or 'the input'} is none; {as_table}"
        )
    try:
        require_readable_texts(query)
    except InputError as error:
        raise InputError(f"{query}: {error}") from error
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


def add_columns(blocks: Iterator[pd.DataFrame], path: Path, *, query: Path, replace: bool) -> None:
    """Copy the query's file, and write the columns of all blocks into its obs.

    Parameters
    ----------
    blocks
        The columns, the label's first; a block of adjacent cells each, in the file's order.
    path
        The copy.
    query
        The file.
    replace
        Whether columns of the same names may be replaced.

    Raises
    ------
    InputError
        The file's cells are not those of the blocks, or it holds such columns already.
    """
    from anndata.io import write_elem

    shutil.copyfile(query, path)
    empty, blocks = peek(blocks)
    columns = [name.replace("/", "_") for name in empty.columns]
    is_text = [not pd.api.types.is_numeric_dtype(dtype) for dtype in empty.dtypes]
    texts: dict[str, list[pd.Categorical]]
    texts = {name: [] for name, yes in zip(columns, is_text, strict=True) if yes}
    with h5py.File(path, "r+") as file:
        obs = _current_obs(file)
        _require_names(columns, obs, query=query)
        if not replace:
            refuse_columns(columns, obs, query=query)
        cell_ids = _cell_ids(obs)
        n_cells = len(cell_ids)
        require_space(path.parent, n_bytes=4 * n_cells * len(columns))
        for name in columns:
            if name not in texts:
                write_elem(obs, name, np.full(n_cells, np.nan, dtype=np.float32))
        start = 0
        for block in blocks:
            rows = slice(start, start + len(block))
            _require_same(cell_ids[rows], block.index, start=start, query=query)
            for i, name in enumerate(columns):
                if name in texts:
                    texts[name].append(pd.Categorical(block.iloc[:, i].astype(object)))
                else:
                    obs[name][rows] = block.iloc[:, i].to_numpy(np.float32)
            start = rows.stop
        if start < n_cells:
            raise InputError(f"{query}: has {n_cells:,} cells, of which {start:,} were predicted")
        # Once at the end: a category's number is not known before the last label was seen.
        for name, parts in texts.items():
            write_elem(obs, name, pd.api.types.union_categoricals(parts, sort_categories=True))
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
            f"{query}: its cell ids are themselves called {index!r}; "
            "give the columns another name with --key-added"
        )
    if twice := [name for name, n in Counter(columns).items() if n > 1]:
        raise InputError(
            f"{query}: two labels would share the column {twice[0]!r}, since an .h5ad's columns "
            "have no '/' in their names; let --out end in .csv.gz"
        )


def refuse_columns(columns: Iterable[str], obs: h5py.Group, *, query: Path | None) -> None:
    """Refuse to replace what an earlier prediction may have left, unless it was asked for."""
    if present := [name for name in columns if name in obs]:
        raise InputError(
            f"{query}: obs already has a column {present[0]!r}, perhaps of an earlier prediction; "
            "name the new columns with --key-added NAME (a name that is there is replaced), or "
            "write a table: --out predictions.csv"
        )


def note_model(path: Path, key_added: str, model: Mapping[str, str]) -> None:
    """Note in uns which model the columns come from."""
    from anndata.io import write_elem

    with h5py.File(path, "r+") as file:
        for group in ("uns", f"uns/{keys.PREDICTIONS}"):
            if group not in file:
                write_elem(file, group, {})
        write_elem(file[f"uns/{keys.PREDICTIONS}"], key_added.replace("/", "_"), dict(model))


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
