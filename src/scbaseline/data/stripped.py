"""Turns gene names with a part too many into the genes that they are of.

References of two species write ``GRCh38_CD3D``, joined annotations ``ENSG…|CD3D`` and
``CD3D_ENSG…``, and R's make.unique ``CD3D.1``. But ``AL627309.1``, ``RP11-34P13.7`` and
``NKX2-1`` are whole names. So a part goes only where two lists of genes show that it may.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scbaseline.data.identifiers import id_inside, is_id, names_nothing, without_id
from scbaseline.data.letters import letters_of

# Assemblies by their whole names: RNF103-CHMP3 and HSPE1-MOB4 are genes of their own.
_PATCHED = (r"GRC[hmzrg]\d+", r"T2T(?:-CHM13)?(?:v\d)?", r"mRatBN\d+", r"Rnor[_.]?\d+")
_OF_UCSC = (
    r"hg\d+", "HG19", "HG38", "hs3[78]", r"mm\d+", "MM10", "MM39", r"rn\d", r"danRer\d+", r"dm\d",
    r"ce\d+",
)  # fmt: skip
_SPECIES = ("human", "mouse", "homo[_.]sapiens", "mus[_.]musculus")
_ASSEMBLY = (
    rf"(?:(?i:{'|'.join(_PATCHED)})(?:\.\d+|\.?p\d+)*|{'|'.join(_OF_UCSC)}"
    rf"|(?i:{'|'.join(_SPECIES)}))"
)
_GENOMES_BEGIN = {name[:2].lower() for name in (*_PATCHED, *_OF_UCSC, *_SPECIES, "premrna")}
_GENOME = re.compile(rf"(?:premrna[_.-])?{_ASSEMBLY}(?:[_-]+pre-?mrna)?[_.:|-]+")
_GENOME_AFTER = re.compile(rf"[_.:|-]+{_ASSEMBLY}$")
_PLACE_AFTER = re.compile(r"__chr\w+$")  # A1BG__chr19, as CEL-Seq2 has it
_ENTREZ_AFTER = re.compile(r"\|\d+$")  # TP53|7157, as TCGA has it
_NUMBER_AFTER = re.compile(r"_\d+$")  # TP53_7157: a part too many only if nearly all end so
_OF_A_TOOL = re.compile(r"(?:gene|rna|symbol|GeneSymbol)[:_|-]+")  # GFF3's and Seurat's
_QUOTED = re.compile(r"b?(['\"])(.*)\1")  # Python's bytes as text, and quotes that were kept
_COPY = re.compile(r"(.+)\.\d+")
_WHOLE = re.compile(r"[A-Z]{1,2}\d{4,8}\.\d+|[A-Z]{1,3}\d*-\d+[A-Z]+\d+\.\d+")  # of a clone
_R_NUMBER = re.compile(r"X(?=\d)")  # R's make.names puts it before a digit
_SOME = 200  # names that tell what nearly all share
_MOST = 0.9  # of a list's names begin or end so: then it is no part of a name
_MARKS = re.compile(r"[_|:;./ -]+")
_BLANKS = " \t\r\n\v\f\u00a0\ufeff"  # the last two: of web pages, and at the start of a file


@dataclass(frozen=True)
class Shared:
    """What nearly all names of a list begin and end with, up to a mark; ``""`` for nothing.

    ``numbered`` says that nearly all end with a number of their own, as in ``CD3D_915``.
    """

    prefix: str = ""
    suffix: str = ""
    numbered: bool = False


@dataclass(frozen=True)
class Side:
    """The names and the bare ids of one list of genes, ``""`` where there is none."""

    names: list[str]
    ids: list[str]


def match_stripped(model: Side, query: Side, columns: npt.NDArray[np.int64]) -> dict[int, int]:
    """Return further genes of a model with their columns in a query.

    Parameters
    ----------
    model, query
        Two lists of genes.
    columns
        For each gene of the model the column that was found so far, or -1.

    Returns
    -------
    Gene → column. Neither whole name stands in the other list, both are the same gene once a
    part is taken off one of them (or a genome's prefix or an id off both), and no other gene
    of their list is that one, too. Two different ids are never the same gene.
    """
    genes = np.flatnonzero(columns < 0).tolist()
    if not any(model.names[gene] for gene in genes):
        return {}
    taken = set(columns.tolist())
    model_keys, query_keys = set(model.names) | set(model.ids), set(query.names) | set(query.ids)
    free = [
        column
        for column, name in enumerate(query.names)
        if column not in taken and name and name not in model_keys
    ]
    genes = [gene for gene in genes if model.names[gene] and model.names[gene] not in query_keys]
    if not genes or not free:
        return {}
    found: dict[int, int] = {}
    query_shared, model_shared = _shared(query.names), _shared(model.names)
    for strip_query, strip_model, copies in (
        (True, False, False), (False, True, False), (True, True, False),
        (True, False, True), (False, True, True),
    ):  # fmt: skip
        left = [gene for gene in genes if gene not in found]
        used = set(found.values())
        spare = [column for column in free if column not in used]
        of_model = _by_key(model, left, strip_model, copies, model_shared)
        of_query = _by_key(query, spare, strip_query, copies, query_shared)
        for key in sorted(of_model.keys() & of_query.keys()):
            gene, column = of_model[key], of_query[key]
            if gene in found or column in used or _differ(model.ids[gene], query.ids[column]):
                continue
            found[gene] = column
            used.add(column)
    return found or _match_lower_case(model, query, genes, free)


def shorter_names(
    name: str,
    *,
    shared: Shared = Shared(),
    copies: bool = False,
) -> Iterator[str]:
    """Yield what a name is without a part too many, what is most certain first.

    Parameters
    ----------
    name
        A whole name.
    shared
        What nearly all names of its list have in common.
    copies
        Take off the number that R gives to copies, and nothing else.
    """
    if copies:
        if (match := _COPY.fullmatch(name)) and not _WHOLE.fullmatch(name):
            yield match[1]
        return
    if gene := id_inside(name):
        yield gene
        if rest := without_id(name):
            yield rest
            yield from _without_genome(rest, shared)
        return
    yield from _without_genome(name, shared)


def with_genome(names: Sequence[str]) -> list[str]:
    """Return the names that begin with that of a genome, as ``GRCh38_CD3D``."""
    may_be = letters_of(names).beginning_small(_GENOMES_BEGIN)
    rows = np.flatnonzero(may_be).tolist()
    return [names[row] for row in rows if _GENOME.match(names[row])]


def _without_genome(name: str, shared: Shared) -> Iterator[str]:
    if match := _QUOTED.fullmatch(name):
        yield match[2]
    if name != name.strip(_BLANKS):
        yield name.strip(_BLANKS)
    if shared.prefix and name.startswith(shared.prefix):
        yield name.removeprefix(shared.prefix)
    if shared.suffix and name.endswith(shared.suffix):
        yield name.removesuffix(shared.suffix)
    for pattern in (_GENOME, _OF_A_TOOL, _R_NUMBER):
        if match := pattern.match(name):
            yield name[match.end() :]
    for pattern in (_GENOME_AFTER, _ENTREZ_AFTER, _PLACE_AFTER):
        if match := pattern.search(name):
            yield name[: match.start()]
    if shared.numbered and (match := _NUMBER_AFTER.search(name)):
        yield name[: match.start()]


def _by_key(
    side: Side, rows: Sequence[int], strip: bool, copies: bool, shared: Shared
) -> dict[str, int]:
    """Return the rows that alone have a key: their whole name, or what it is without a part."""
    row_of: dict[str, int] = {}
    n_rows: Counter[str] = Counter()
    whole = set(side.names) | set(side.ids)
    for row in rows:
        name = side.names[row]
        if not strip:
            keys = {name, side.ids[row]}
        else:
            keys = set(shorter_names(name, shared=shared, copies=copies)) - whole
        for key in keys:
            if key and not names_nothing(key):
                n_rows[key] += 1
                row_of[key] = row
    return {key: row for key, row in row_of.items() if n_rows[key] == 1}


def _shared(names: Sequence[str]) -> Shared:
    named = [name for name in names if name]
    if len(named) < 2:
        return Shared()
    prefix = _longest(
        [name[: mark.end()] for mark in _MARKS.finditer(name)] for name in _some(named)
    )
    suffix = _longest(
        [name[mark.start() :] for mark in _MARKS.finditer(name)] for name in _some(named)
    )
    enough = _MOST * len(named)
    return Shared(
        prefix if sum(name.startswith(prefix) for name in named) >= enough else "",
        suffix if sum(name.endswith(suffix) for name in named) >= enough else "",
        sum(map(bool, map(_NUMBER_AFTER.search, named))) >= enough,
    )


def _some(names: Sequence[str]) -> Sequence[str]:
    """Return names from all over a list: what nearly all share, these show as well."""
    return names[:: max(1, len(names) // _SOME)]


def _longest(parts_of_names: Iterable[Sequence[str]]) -> str:
    """Return the longest part that nearly all names have, or ``""``."""
    names = list(parts_of_names)
    n = Counter(part for parts in names for part in set(parts))
    return max((part for part in n if n[part] >= _MOST * len(names)), key=len, default="")


def _match_lower_case(
    model: Side, query: Side, genes: Sequence[int], free: Sequence[int]
) -> dict[int, int]:
    """Match the genes of a list in lower case, as some programs write all names.

    Nearly all of the model's genes must be there: another species' list may be in lower case,
    too, and has some of the names.
    """
    names = [query.names[column] for column in free], [model.names[gene] for gene in genes]
    if not any(sum(map(str.islower, side)) >= _MOST * len(side) for side in names):
        return {}
    column_of, gene_of = (
        _alone(rows, [name.lower() for name in side])
        for rows, side in zip((free, genes), names, strict=True)
    )
    both = column_of.keys() & gene_of.keys()
    if len(both) < max(2, _MOST * len(genes)):
        return {}
    return {gene_of[name]: column_of[name] for name in sorted(both)}


def _alone(rows: Sequence[int], keys: Sequence[str]) -> dict[str, int]:
    """Return the row of each key that one row alone has."""
    n = Counter(keys)
    return {key: row for row, key in zip(rows, keys, strict=True) if n[key] == 1}


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other and is_id(one) and is_id(other))
