"""Tells columns of numbers about cells from genes, by what stands beside them in a table."""

from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile

from scbaseline.data.identifiers import is_id, mostly_ids
from scbaseline.data.known import ENOUGH_KNOWN, n_known
from scbaseline.errors import InputError

_LONGEST_RUN = 50  # of columns that are taken for numbers about cells
_NEARLY_ALL = 0.99  # of the names between them are of genes


def are_genes(names: Iterable[str]) -> bool:
    """Whether some names are of genes: a few that are known, or mostly ids."""
    every = list(names)
    return n_known(every) >= ENOUGH_KNOWN or mostly_ids(every)


def between_about_cells(columns: Sequence[str], about: Collection[int]) -> set[int]:
    """Return the columns that stand among or beside those about cells, and name no gene.

    Columns about cells part a row into runs. Where one run holds genes that are known, or ids,
    one without any holds numbers about cells, such as scores. So do the columns of other runs
    next to one about cells that have no id where all others have, or begin with a small letter
    where all others begin with a capital or are called as ``mt-Nd1``.

    Parameters
    ----------
    columns
        The titles of all columns but the first.
    about
        The places of those that describe cells, the first of ``columns`` being 1.

    Raises
    ------
    InputError
        A run is long, so that it may be of genes that are not known.

    Examples
    --------
    >>> columns = ["cell_type", "score", "CD3D", "LYZ", "MS4A1", "GENE1", "tissue", "weight"]
    >>> sorted(between_about_cells(columns, {1, 7}))
    [2, 8]
    """
    runs: list[list[int]] = [[]]
    for place in range(1, len(columns) + 1):
        if place in about:
            runs.append([])
        else:
            runs[-1].append(place)
    names = [[columns[place - 1] for place in run] for run in runs]
    if not about or not any(map(are_genes, names)):
        return set()
    found: set[int] = set()
    for at, run in enumerate(runs):
        if n_known(names[at]) or any(map(is_id, names[at])):
            n_first, n_last = _edges(names[at])
            edges = [run[:n_first]] * (at > 0) + [run[len(run) - n_last :]] * (at < len(runs) - 1)
        else:
            edges = [run]
        for edge in edges:
            _refuse_long_run([columns[place - 1] for place in edge])
            found |= set(edge)
    return found


def _edges(names: Sequence[str]) -> tuple[int, int]:
    """Return how many names at either end of a run are no genes, as all between them are."""
    for is_gene in (is_id, _may_be_symbol):
        n_first, n_last = (
            len(list(takewhile(lambda name: not is_gene(name), side)))  # noqa: B023 (used at once)
            for side in (names, names[::-1])
        )
        between = names[n_first : len(names) - n_last]
        n_between = sum(map(is_gene, between))
        if n_known(names) == n_known(between) and n_between >= _NEARLY_ALL * len(between) > 0:
            return n_first, n_last
    return 0, 0


def _may_be_symbol(name: str) -> bool:
    return not name[:1].islower() or "-" in name


def _refuse_long_run(names: Sequence[str]) -> None:
    if len(names) > _LONGEST_RUN:
        raise InputError(
            f"{len(names)} columns, {names[0]!r} to {names[-1]!r}, stand among those that describe "
            "cells and name no gene that is known; if they are counts, put them beside the other "
            "counts, and if not, take them out and pass them with --obs FILE.csv"
        )
