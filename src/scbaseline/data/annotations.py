"""Turns a table of annotations by cell id into columns of obs."""

from itertools import islice
from pathlib import Path

import h5py
import pandas as pd
from anndata import AnnData

from scbaseline import keys
from scbaseline.data.encoding import open_text
from scbaseline.data.foreign import how_to_convert
from scbaseline.data.identifiers import is_row_number
from scbaseline.data.layout import Layout, layout_of
from scbaseline.data.naming import unique_names
from scbaseline.data.shards import Shards
from scbaseline.data.table_faults import refuse_uneven_rows
from scbaseline.errors import DataNotFoundError, InputError, did_you_mean

_ENOUGH = 0.5  # of the cells


def join_obs(adata: AnnData, path: Path) -> tuple[AnnData, tuple[str, ...]]:
    """Join the columns of a table to obs, by its first column.

    Parameters
    ----------
    adata
        Left as it is; matrices are shared with the result.
    path
        CSV or TSV file, gzipped or not. Its columns take the place of those of the same name.

    Returns
    -------
    adata
        With the columns; cells that the table lacks have missing values.
    notes
        How many cells or rows found no partner, and what columns were replaced.

    Raises
    ------
    DataNotFoundError
        There is no such file.
    InputError
        It is no table, has two rows for a cell, or for fewer than half of the cells any.
    """
    path = path.expanduser()
    names = adata.obs_names.astype(str)
    table, by = _by_names(_read(path, names), names)
    if not names.is_unique:
        name = names[names.duplicated()][0]
        raise InputError(
            f"{path}: cannot be joined, since two cells are called {name!r}; give cells names of "
            "their own in both files, or leave --obs out (then each row is labelled)"
        )
    matched = names.isin(table.index)
    if matched.sum() < _ENOUGH * len(names):
        raise InputError(
            f"{path}: has rows for {matched.sum():,} of {len(names):,} cells; the cells are called "
            f"{_examples(names)}, the rows {_examples(table.index)}{_hint(names, table.index)}"
        )
    repeated = table.index.duplicated() & table.index.isin(names)
    if repeated.any():
        raise InputError(
            f"{path}: has two rows for cell {table.index[repeated][0]!r}; leave one of them"
        )
    table = table[~table.index.duplicated()]
    notes = [f"{path.name}: joined by its column {by!r}"] if by else []
    n_without, n_over = int((~matched).sum()), int((~table.index.isin(names)).sum())
    if n_without or n_over:
        notes.append(
            f"{path.name}: {n_without:,} of {len(names):,} cells have no row; "
            f"{n_over:,} of {len(table):,} rows have no cell"
        )
    if replaced := [str(column) for column in table if column in adata.obs]:
        notes.append(f"{path.name}: its columns replaced those of obs: {', '.join(replaced)}")
    obs = adata.obs.drop(columns=replaced)
    obs[table.columns] = table.reindex(names).set_axis(obs.index)
    uns = {name: value for name, value in adata.uns.items() if name != keys.BARE_SHARDS}
    if bare := adata.uns.get(keys.BARE_SHARDS):  # the table is for the cells of all shards
        uns[keys.BARE_SHARDS] = {
            name: {**shard, "columns": [c for c in shard["columns"] if c not in table.columns]}
            for name, shard in bare.items()
        }
    if isinstance(adata, Shards):
        return adata.with_obs(obs, uns), tuple(notes)
    raw = None if adata.raw is None else {"X": adata.raw.X, "var": adata.raw.var}
    joined = AnnData(X=adata.X, obs=obs, var=adata.var, layers=dict(adata.layers), raw=raw, uns=uns)
    return joined, tuple(notes)


def _by_names(table: pd.DataFrame, names: pd.Index) -> tuple[pd.DataFrame, str]:
    """Return a table by the names of cells, and the column that holds them if not the first."""
    if names.isin(table.index).sum() >= _ENOUGH * len(names):
        return table, ""
    for column in table.columns:
        values = table[column].astype(str).str.strip()
        if names.isin(values).sum() >= _ENOUGH * len(names):
            first = str(table.index.name or "")
            if first and first not in table and not all(map(is_row_number, table.index)):
                table = table.assign(**{first: table.index})
            return table.drop(columns=column).set_axis(pd.Index(values), axis=0), str(column)
    return table, ""


def _read(path: Path, names: pd.Index) -> pd.DataFrame:
    _require_file(path)
    try:
        _refuse_other_formats(path)
        layout = layout_of(path)
        _refuse_no_header(layout, names)
        refuse_uneven_rows(path, layout)
        with open_text(path) as file:
            for _ in islice(file, layout.n_skipped):
                pass
            table = pd.read_csv(
                file, sep=layout.pandas_separator, header=None, index_col=0, dtype={0: str},
                usecols=range(layout.n_fields), skipinitialspace=True, quotechar=layout.quote,
                low_memory=False,
            )  # fmt: skip
        named = [name or f"unnamed {place}" for place, name in enumerate(layout.columns, start=1)]
        table.columns = unique_names(named)
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: is empty; pass a table with cell ids first") from error
    except InputError as error:
        raise InputError(f"{path}: {str(error).removeprefix(f'{path.name} ')}") from error
    except PermissionError as error:
        raise InputError(f"{path}: may not be read; ask its owner to allow it") from error
    except (OSError, EOFError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
        raise InputError(
            f"{path}: cannot be read as a table ({reason.splitlines()[0][:160]})"
        ) from error
    if table.shape[1] == 0:
        raise InputError(f"{path}: has no column but its first; pass a table with cell ids first")
    table.index = table.index.astype(str).str.strip().rename(layout.corner)
    table.columns = table.columns.astype(str)
    return table


def _refuse_no_header(layout: Layout, names: pd.Index) -> None:
    if layout.corner and layout.corner in names:
        raise InputError(
            f"has no header: its first line is of cell {layout.corner!r}; put a line above "
            "it that names the columns"
        )


def _require_file(path: Path) -> None:
    if path.is_symlink() and not path.exists():
        raise DataNotFoundError(
            f"{path}: is a link to {path.readlink()}, which is not there; mend the link"
        )
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a file; pass the table of labels in it")
    if path.exists() and not path.is_file():
        raise InputError(
            f"{path}: is no file but a pipe or a device; save the table to a file, and pass that"
        )
    if not path.exists():
        beside = path.parent.iterdir() if path.parent.is_dir() else []
        siblings = [other.name for other in beside if other.is_file()]
        raise DataNotFoundError(f"{path}: no such file. {did_you_mean(path.name, siblings)}")


def _refuse_other_formats(path: Path) -> None:
    """Say how to get the labels out of a file that is no table."""
    name = path.name.lower()
    if name.endswith((".h5ad", ".zarr")) or h5py.is_hdf5(path):
        raise InputError(
            f"is no table; in Python: anndata.read_h5ad('{path.name}').obs.to_csv('labels.csv')"
        )
    if name.endswith((".rds", ".rdata", ".rda", ".qs", ".qs2")):
        raise InputError("is a file of R; in R: write.csv(x@meta.data, 'labels.csv')")
    if (said := how_to_convert(path)) and not name.endswith(".tsv"):
        raise InputError(said)


def _hint(names: pd.Index, rows: pd.Index) -> str:
    """Say whether an ending such as ``-1``, or what stands before, is all that differs."""
    suffix = r"[-_.]\d+$"
    bare_names = names.str.replace(suffix, "", regex=True)
    bare_rows = rows.str.replace(suffix, "", regex=True)
    if bare_names.isin(bare_rows).mean() >= _ENOUGH:
        return "; they agree but for endings such as -1: make these equal"
    barcode = r"([ACGT]{8,})"
    if names.str.extract(barcode)[0].isin(rows.str.extract(barcode)[0].dropna()).mean() >= _ENOUGH:
        return "; their barcodes agree, but not what stands around them: make these equal"
    return "; make the first column the names of cells"


def _examples(names: pd.Index) -> str:
    return ", ".join(map(str, names[:3])) + (", …" if len(names) > 3 else "")
