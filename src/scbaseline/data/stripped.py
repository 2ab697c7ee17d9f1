"""Turns gene names with a part too many into the genes that they are of.

References of two species write ``GRCh38_CD3D``, joined annotations ``ENSG…|CD3D`` and
``CD3D_ENSG…``, and R's make.unique ``CD3D.1``. But ``AL627309.1``, ``RP11-34P13.7`` and
``NKX2-1`` are whole names. So a part goes only where two lists of genes show that it may.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scbaseline.data.identifiers import id_inside, is_id, names_nothing, without_id

# Assemblies by their whole names: RNF103-CHMP3 and HSPE1-MOB4 are genes of their own.
_ASSEMBLY = (
    r"(?:(?i:GRC[hmzrg]\d+|T2T(?:-CHM13)?(?:v\d)?|mRatBN\d+|Rnor[_.]?\d+)(?:\.\d+|\.?p\d+)*"
    r"|hg\d+|HG19|HG38|hs3[78]|mm\d+|MM10|MM39|rn\d|danRer\d+|dm\d|ce\d+"
    r"|(?i:human|mouse|homo[_.]sapiens|mus[_.]musculus))"
)
_GENOME = re.compile(rf"(?:premrna[_.-])?{_ASSEMBLY}(?:[_-]+pre-?mrna)?[_.:|-]+")
_GENOME_AFTER = re.compile(rf"[_.:|-]+{_ASSEMBLY}$")
_PLACE_AFTER = re.compile(r"__chr\w+$")  # A1BG__chr19, as CEL-Seq2 has it
_ENTREZ_AFTER = re.compile(r"\|\d+$")  # TP53|7157, as TCGA has it
_OF_A_TOOL = re.compile(r"(?:gene|rna|symbol|GeneSymbol)[:_|-]+")  # GFF3's and Seurat's
_QUOTED = re.compile(r"b?(['\"])(.*)\1")  # Python's bytes as text, and quotes that were kept
_COPY = re.compile(r"(.+)\.\d+")
_WHOLE = re.compile(r"[A-Z]{1,2}\d{4,8}\.\d+|[A-Z]{1,3}\d*-\d+[A-Z]+\d+\.\d+")  # of a clone
_R_NUMBER = re.compile(r"X(?=\d)")  # R's make.names puts it before a digit
_MOST = 0.9  # of a list's names begin so: then it is no part of a name
_PREFIX = re.compile(r"[^_|:;]+[_|:;]+")


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
    query_shared, model_shared = _shared_prefix(query.names), _shared_prefix(model.names)
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
    return found


def shorter_names(name: str, *, shared: str = "", copies: bool = False) -> Iterator[str]:
    """Yield what a name is without a part too many, what is most certain first.

    Parameters
    ----------
    name
        A whole name.
    shared
        What nearly all names of its list begin with.
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


def has_genome(name: str) -> bool:
    """Whether a name begins with that of a genome, as ``GRCh38_CD3D``."""
    return _GENOME.match(name) is not None


def _without_genome(name: str, shared: str) -> Iterator[str]:
    if match := _QUOTED.fullmatch(name):
        yield match[2]
    if name != name.strip():
        yield name.strip()
    if shared and name.startswith(shared):
        yield name[len(shared) :]
    for pattern in (_GENOME, _OF_A_TOOL, _R_NUMBER):
        if match := pattern.match(name):
            yield name[match.end() :]
    for pattern in (_GENOME_AFTER, _ENTREZ_AFTER, _PLACE_AFTER):
        if match := pattern.search(name):
            yield name[: match.start()]


def _by_key(
    side: Side, rows: Sequence[int], strip: bool, copies: bool, shared: str
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


def _shared_prefix(names: Sequence[str]) -> str:
    """Return what nearly all names begin with, up to a mark such as ``_``, or ``""``."""
    begins = Counter(match[0] for name in names if (match := _PREFIX.match(name)))
    if not begins:
        return ""
    prefix, n = begins.most_common(1)[0]
    n_named = sum(map(bool, names))
    return prefix if n_named > 1 and n >= _MOST * n_named else ""


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other and is_id(one) and is_id(other))
