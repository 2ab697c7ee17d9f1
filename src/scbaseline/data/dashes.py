"""Turns the dots that R made of dashes in gene symbols back into dashes."""

import re
from collections.abc import Sequence

from scbaseline.data.identifiers import ENSEMBL_ID
from scbaseline.data.letters import letters_of

_DOTTED = re.compile(r"^(?:HLA|MT|mt|H2)\.[A-Z]", re.IGNORECASE)
_DASHED = re.compile(_DOTTED.pattern.replace(r"\.", "-"), re.IGNORECASE)
_MAY_BE_DOTTED = ("hla.", "mt.", "h2.")  # the beginnings of _DOTTED
_ACCESSION = re.compile(r"[A-Z]{1,2}\d{4,8}\.\d+")
_CLONE = re.compile(r".+\.[A-Z]*\d+\w*\.\d+", re.ASCII)


def with_dashes(names: Sequence[str]) -> list[str]:
    """Return symbols with the dashes that R turned into dots: ``HLA.DRA`` is ``HLA-DRA``.

    Only where the list as a whole shows that R made it: ``HLA.`` or ``MT.`` is in it, and
    ``HLA-`` and ``MT-`` are not. The dots of Ensembl ids, of accessions (``AC002321.1``) and
    before the last number of a clone's name (``RP11-34P13.7``) are their own.
    """
    letters = letters_of(names)
    may_be = [row for text in _MAY_BE_DOTTED for row in letters.holding(text, small=True).tolist()]
    is_dotted = any(_DOTTED.match(names[row]) for row in may_be)
    if not is_dotted or any(map(_DASHED.match, names)):
        return list(names)
    return [_mended(name) for name in names]


def _mended(name: str) -> str:
    if ENSEMBL_ID.fullmatch(name) or _ACCESSION.fullmatch(name):
        return name
    if _CLONE.fullmatch(name):
        head, _, last = name.rpartition(".")
        return f"{head.replace('.', '-')}.{last}"
    return name.replace(".", "-")
