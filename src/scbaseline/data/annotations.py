"""Turns a table of annotations by cell id into columns of obs."""

from itertools import islice
from pathlib import Path

import pandas as pd
from anndata import AnnData

from scbaseline import keys
from scbaseline.data.encoding import open_text
from scbaseline.data.layout import layout_of
from scbaseline.data.naming import unique_names
from scbaseline.data.shards import Shards
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
    table = _read(path)
    names = adata.obs_names.astype(str)
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
    notes = []
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


def _read(path: Path) -> pd.DataFrame:
    if path.is_symlink() and not path.exists():
        raise DataNotFoundError(
            f"{path}: is a link to {path.readlink()}, which is not there; mend the link"
        )
    if not path.is_file():
        beside = path.parent.iterdir() if path.parent.is_dir() else []
        siblings = [other.name for other in beside if other.is_file()]
        raise DataNotFoundError(f"{path}: no such file. {did_you_mean(path.name, siblings)}")
    try:
        layout = layout_of(path)
        with open_text(path) as file:
            for _ in islice(file, layout.n_skipped):
                pass
            table = pd.read_csv(
                file, sep=layout.pandas_separator, header=None, index_col=0, dtype={0: str},
                usecols=range(layout.n_fields) if layout.trailing else None, skipinitialspace=True,
            )  # fmt: skip
        named = [name or f"unnamed {place}" for place, name in enumerate(layout.columns, start=1)]
        table.columns = unique_names(named)
    except pd.errors.EmptyDataError as error:
        raise InputError(f"{path}: is empty; pass a table with cell ids first") from error
    except InputError as error:
        raise InputError(f"{path}: {str(error).removeprefix(f'{path.name} ')}") from error
    except (OSError, EOFError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise InputError(f"{path}: cannot be read as a table ({reason})") from error
    if table.shape[1] == 0:
        raise InputError(f"{path}: has no column but its first; pass a table with cell ids first")
    table.index = table.index.astype(str)
    table.columns = table.columns.astype(str)
    return table


def _hint(names: pd.Index, rows: pd.Index) -> str:
    """Say whether a suffix such as ``-1`` is all that keeps the two apart."""
    suffix = r"[-_.]\d+$"
    bare_names = names.str.replace(suffix, "", regex=True)
    bare_rows = rows.str.replace(suffix, "", regex=True)
    if bare_names.isin(bare_rows).mean() >= _ENOUGH:
        return "; they agree but for endings such as -1: make these equal"
    return "; make the first column the names of cells"


def _examples(names: pd.Index) -> str:
    return ", ".join(map(str, names[:3])) + (", …" if len(names) > 3 else "")
