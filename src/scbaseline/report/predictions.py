"""Turns blocks of predictions into one file: a table, or the query's .h5ad with them in obs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import pandas as pd

from scbaseline import keys
from scbaseline.errors import ConfigError, InputError, OutputError, ScbaselineError
from scbaseline.files import (
    is_standard_output,
    refuse_input_as_output,
    writable_file,
    write_atomically,
)
from scbaseline.report.h5ad import add_columns, h5ad_query, note_model, refuse_columns
from scbaseline.report.prediction_tables import (
    pyarrow,
    write_parquet,
    write_standard_output,
    write_table,
)

if TYPE_CHECKING:
    from scbaseline.study.look import Look

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".h5ad")
"""What a file of predictions may end in."""


def write_predictions(
    blocks: Iterable[pd.DataFrame],
    out: str | Path,
    *,
    query: Path | None = None,
    key_added: str | None = None,
    model: Mapping[str, str] | None = None,
    look: "Look | None" = None,
) -> dict[str, int]:
    """Write predictions as they come, in the format that the ending of ``out`` names.

    One block is held in memory; for an ``.h5ad``, also a label and a number per cell.

    Parameters
    ----------
    blocks
        Cells by id, with ``predicted_label`` (None where a cell has none), ``probability``,
        and perhaps ``unknown`` (nullable booleans), ``unknown_score`` and a column per label,
        ``probability_<label>``; the same columns in each.
    out
        One of :data:`ENDINGS`, or ``-`` for CSV on standard output. An ``.h5ad`` is a copy of
        ``query`` with the columns in obs; all else is copied as bytes, unread. There ``/`` in a
        column's name becomes ``_``.
    query
        The file whose cells these are.
    key_added
        What to call the label's column, ``predicted_label`` by default, and how the others
        begin. Columns of ``query`` that are called so are replaced only where this is given.
    model
        What the model is, for ``uns["scbaseline_predictions"]`` of an ``.h5ad``.
    look
        The cells in the plane, for ``obsm["X_umap"]`` and ``obs["leiden"]`` of an ``.h5ad``.

    Returns
    -------
    How many cells got each label, the most frequent first; cells without one are not counted.

    Raises
    ------
    ConfigError, InputError, OutputError
        As :func:`check_predictions_output`; or the cells or columns of ``query`` do not fit.
        Whatever is raised, also by ``blocks``, an older file is left as it was.
    """
    out = Path(out)
    check_predictions_output(out, query=query, key_added=key_added)
    counted: Counter[str] = Counter()
    name, replace = key_added or keys.PREDICTED_LABEL, key_added is not None
    checked = _checked(blocks, key_added=name, counted=counted)

    def write(temporary: Path) -> None:
        match _ending(out):
            case ".h5ad":
                add_columns(checked, temporary, query=h5ad_query(query, out), replace=replace)
                if model is not None:
                    note_model(temporary, name, model)
                if look is not None:
                    from scbaseline.report.h5ad_look import add_look

                    add_look(temporary, look)
            case ".parquet":
                write_parquet(checked, temporary)
            case ending:
                write_table(checked, temporary, ending=ending)

    try:
        if is_standard_output(out):
            write_standard_output(checked)
        else:
            write_atomically(out, write)
    except _BlocksFailedError as failed:
        raise failed.error from failed.error.__cause__
    except (ScbaselineError, OSError, MemoryError):
        raise
    except Exception as error:  # a library's; whoever has the input open would blame that
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise OutputError(
            f"{out}: cannot be written ({reason}); let --out end in another of {', '.join(ENDINGS)}"
        ) from error
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def check_predictions_output(
    out: str | Path, *, query: Path | None = None, key_added: str | None = None
) -> None:
    """Refuse what cannot be written, before the first block is made; write nothing.

    Parameters
    ----------
    out, query, key_added
        As for :func:`write_predictions`.

    Raises
    ------
    ConfigError
        ``out`` ends in something else, or ``key_added`` can name no column.
    InputError
        ``query`` is no ``.h5ad`` to add to, or holds such columns already.
    OutputError
        The file cannot be written, or pyarrow is missing.
    """
    # HDF5 and AnnData mean something else by these; the cells' own column is the last.
    if key_added in ("", ".", "..", "_index", keys.CELL_ID):
        raise ConfigError(f"key_added: {key_added!r} can name no column; give another")
    if is_standard_output(out):
        return
    refuse_input_as_output(out, query)
    writable_file(out)  # before its ending: a device needs another path, not an ending
    ending = _ending(Path(out))
    if ending == ".parquet":
        pyarrow()
    if ending == ".h5ad":
        query = h5ad_query(query, Path(out))
        if key_added is None:
            with h5py.File(query) as file:
                refuse_columns(keys.PREDICTION_COLUMNS, file["obs"], query=query)


def _ending(out: Path) -> str:
    # Of .csv.gz and .gz, say, the longest; "a.b.csv" ends in .csv.
    for ending in ENDINGS:
        if out.name.lower().endswith(ending):
            return ending
    raise ConfigError(
        f"--out {out}: ends in none of {', '.join(ENDINGS)}; "
        f"type --out {out.with_name(f'{out.name}.csv')}"
    )


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
