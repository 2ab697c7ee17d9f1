"""Says of a text what it is: the id of a gene, a symbol, or no name at all.

What a list of texts is, is asked of all at once (``which_…``); only those of which their
letters do not tell it are asked by themselves.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from scbaseline.data.dates import is_date
from scbaseline.data.letters import Letters, Mask, letters_of

if TYPE_CHECKING:
    import pandas as pd

ENSEMBL_ID = re.compile(r"ENS[A-Z]*G\d+(\.\d+)?")
"""The id of a gene of any species in Ensembl, with or without its version."""

_OTHER_IDS = re.compile(r"FBgn\d{7}|WBGene\d{8}|AT[1-5MC]G\d{5}|Y[A-P][LR]\d{3}[CW](-[A-Z])?")
_ID_INSIDE = re.compile(r"(?<![A-Za-z0-9])ENS[A-Z]*G\d{11}(?:\.\d+)?(?![A-Za-z0-9])")

_LARGEST_LIST = 2**17  # names whose answers are kept: each name is asked about several times

# What programs write where there is no name. R and scanpy add .1 or -1 to its copies.
_PLACEHOLDER = re.compile(
    r"(?:|nan|#?n/?a|<na>|none|null|unknown|unnamed|undefined|unnamed: ?\d+|[.?-]+)(?:[-._]\d+)*",
    re.IGNORECASE,
)
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_OF_NO_NAME = "nNuUvVxX"  # the letters that a placeholder or a row number may begin with
_PLACEHOLDERS_BEGIN = ("na", "n/", "no", "nu", "un")  # those that begin with a letter
_MONTHS_BEGIN = "JFMASOND"
_OF_IDS = "EFWAY"
_MAY_NAME_NOTHING: "WeakKeyDictionary[Letters, Mask]" = WeakKeyDictionary()
# 17, 17.0, 17-1 where two files were joined, and R's X17 and V17.
_ROW_NUMBER = re.compile(r"[XV]?\d+(?:\.\d+)?(?:-\d+)?")


@lru_cache(maxsize=_LARGEST_LIST)
def names_nothing(name: str) -> bool:
    """Whether a text is empty, a placeholder such as ``nan`` or ``NA-1``, a date, or a row number.

    Such a text says nothing of the gene, so that it must not be matched with another file's.
    """
    if name[:1].isalpha() and name[0] not in _OF_NO_NAME and name[3:4] != "-":
        return False  # nearly all genes, and far quicker than two patterns
    name = name.strip()
    return is_date(name) or bool(_PLACEHOLDER.fullmatch(name) or _ROW_NUMBER.fullmatch(name))


def is_row_number(name: str) -> bool:
    """Whether a text is a plain number, with or without what R and scanpy add to it."""
    name = name.strip()
    first = name[:1]
    return (first in "XV" or first.isdigit()) and _ROW_NUMBER.fullmatch(name) is not None


@lru_cache(maxsize=_LARGEST_LIST)
def is_id(name: str) -> bool:
    """Whether a text as a whole is the id of a gene in Ensembl, FlyBase, WormBase or the like."""
    if name[:1] not in _OF_IDS:
        return False
    return bool(ENSEMBL_ID.fullmatch(name) or _OTHER_IDS.fullmatch(name))


def mostly_ids(names: Sequence[str]) -> bool:
    """Whether more than half of some texts are ids."""
    letters = letters_of(names)
    n_plain = int(letters.is_plain_id.sum())
    may_be = letters.having(_OF_IDS) & ~letters.is_plain_id
    if n_plain > len(names) / 2 or n_plain + int(may_be.sum()) <= len(names) / 2:
        return n_plain > len(names) / 2
    return int(which_are_ids(names).sum()) > len(names) / 2


def which_name_nothing(names: Sequence[str]) -> Mask:
    """Say of each text what :func:`names_nothing` says of it."""
    return _asked(names, names_nothing, _may_name_nothing(letters_of(names)))


def _may_name_nothing(letters: Letters) -> Mask:
    known = _MAY_NAME_NOTHING.get(letters)  # it is asked of each list of names several times
    if known is not None:
        return known
    may_be = ~letters.having(_ALPHABET)  # a digit, a mark, a letter of another script
    may_be |= letters.beginning_small(_PLACEHOLDERS_BEGIN)
    may_be |= letters.having("VX") & ~letters.having(_ALPHABET, place=1)  # R's V17
    may_be |= letters.having(_MONTHS_BEGIN) & letters.having("-", place=3)  # Sep-01
    _MAY_NAME_NOTHING[letters] = may_be
    return may_be


def which_are_ids(names: Sequence[str]) -> Mask:
    """Say of each text what :func:`is_id` says of it."""
    letters = letters_of(names)
    plain = letters.is_plain_id
    return plain | _asked(names, is_id, letters.having(_OF_IDS) & ~plain)


def which_are_ensembl(names: Sequence[str]) -> Mask:
    """Say which texts as a whole are ids of Ensembl."""
    letters = letters_of(names)
    plain = letters.is_plain_id
    may_be = letters.having("E") & ~plain
    return plain | _asked(names, lambda name: ENSEMBL_ID.fullmatch(name) is not None, may_be)


def which_are_row_numbers(names: Sequence[str]) -> Mask:
    """Say of each text what :func:`is_row_number` says of it."""
    may_be = ~letters_of(names).having(set(_ALPHABET) - set("XV"))
    return _asked(names, is_row_number, may_be)


def bare_ids(genes: Sequence[str]) -> list[str]:
    """Return of each text what :func:`bare_id` makes of it."""
    bare, letters = list(genes), letters_of(genes)
    for row in np.flatnonzero(letters.having("E") & ~letters.is_plain_id).tolist():
        bare[row] = bare_id(genes[row])
    return bare


def _asked(names: Sequence[str], question: Callable[[str], bool], may_be: Mask) -> Mask:
    """Ask those texts by themselves of which the answer may be yes."""
    answers = np.zeros(len(names), dtype=bool)
    rows_n = np.flatnonzero(may_be)
    answers[rows_n] = [question(names[row]) for row in rows_n.tolist()]
    return answers


def id_inside(name: str) -> str:
    """Return the Ensembl id that a longer name holds as a part of its own, or ``""``.

    ``CD3D_ENSG00000167286`` and ``GRCh38_ENSG00000167286`` hold one. A name with two
    different ids holds none that could be told.
    """
    found = {bare_id(match) for match in _ID_INSIDE.findall(name)}
    return found.pop() if len(found) == 1 else ""


def without_id(name: str) -> str:
    """Return what a name holds beside its Ensembl id: ``CD3D`` of ``ENSG00000167286|CD3D``."""
    before, _, after = _ID_INSIDE.sub("\0", name, count=1).partition("\0")
    before, after = (part.strip("|_:;,/.-() []") for part in (before, after))
    return before or after.split("|")[0]


def bare_id(gene: str) -> str:
    """Return an Ensembl id without its version, any other name as it is."""
    return gene.partition(".")[0] if "." in gene and ENSEMBL_ID.fullmatch(gene) else gene


def texts(column: "pd.Series | pd.Index") -> list[str]:
    """Return values as texts, ``""`` for what is missing."""
    values: list[Any] = column.tolist()
    if {*map(type, values)} == {str}:  # nearly always, and far quicker than value by value
        return values
    return [
        ""
        if missing
        else value.decode("utf-8", "replace")
        if isinstance(value, bytes)
        else str(value)
        for value, missing in zip(column, column.isna(), strict=True)
    ]
