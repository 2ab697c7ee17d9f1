"""Predictions of each rank's cells in; those of all cells, in their order, on all ranks, out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scbaseline import keys
from scbaseline.ranks import Ranks, exchanged


def gathered_blocks(
    blocks: Sequence[pd.DataFrame], cell_ids: pd.Index, ranks: Ranks
) -> list[pd.DataFrame]:
    """Return the blocks of all ranks, one rank after the other.

    Parameters
    ----------
    blocks
        Predictions of the own cells, as ``predict_stream`` yields them; none, where the own
        share is empty.
    cell_ids
        The names of all cells, which every rank knows.
    ranks
        Those that share the cells.
    """
    if ranks.size == 1:
        return list(blocks)
    own = [[str(name), _kind(blocks[0][name])] for name in blocks[0]] if blocks else None
    columns = next((head for head in exchanged(own, ranks) if head is not None), None)
    if columns is None:  # there is no cell
        return []
    n_cells_b = ranks.gather(np.array([len(block) for block in blocks], dtype=np.int64))
    gathered = {name: _gathered(blocks, name, kind, ranks) for name, kind in columns}
    table = pd.DataFrame(gathered, index=pd.Index(cell_ids, name=keys.CELL_ID))
    stops = np.cumsum(n_cells_b)
    return [table.iloc[stop - n : stop] for n, stop in zip(n_cells_b, stops, strict=True)]


def _kind(column: "pd.Series[Any]") -> str:
    """Return the type of a column's numbers, or ``""`` for texts."""
    return column.dtype.str if isinstance(column.dtype, np.dtype) and column.dtype != object else ""


def _gathered(blocks: Sequence[pd.DataFrame], name: str, kind: str, ranks: Ranks) -> NDArray[Any]:
    """Return a column of all ranks' cells; of texts, each different one travels once."""
    if kind:
        parts = [block[name].to_numpy() for block in blocks]
        return ranks.gather(np.concatenate([*parts, np.zeros(0, dtype=kind)]))
    texts = [block[name].to_numpy(object) for block in blocks]
    own_n, own = pd.factorize(np.concatenate([*texts, np.zeros(0, dtype=object)]))
    of_ranks = exchanged(own.tolist(), ranks)
    names = pd.unique(np.array([*(text for seen in of_ranks for text in seen), None], object))
    places = pd.Index(names).get_indexer(pd.Index(own, dtype=object))
    # Those of cells without a text have the last place, that of None.
    codes_n = np.append(places, len(names) - 1)[own_n]
    gathered: NDArray[Any] = names[ranks.gather(codes_n.astype(np.int32))]
    return gathered
