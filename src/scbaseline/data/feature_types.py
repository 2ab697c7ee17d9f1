"""Turns the columns of var that hold types of features into what type each row is of."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from scbaseline.data.identifiers import texts

GENE_EXPRESSION = "Gene Expression"
"""The feature type of genes, as 10x Genomics writes it."""

Type = Literal[
    "", "gene expression", "antibody", "hashtag", "guide", "peaks", "spike-in", "custom"
]  # fmt: skip

# By their letters alone. The words of 10x Genomics mean the same in every column.
_OF_10X: dict[str, Type] = {
    "geneexpression": "gene expression", "antibodycapture": "antibody",
    "antigencapture": "antibody", "crisprguidecapture": "guide", "custom": "custom",
    "multiplexingcapture": "hashtag", "peaks": "peaks",
}  # fmt: skip
# Words of other programs, which are asked only where another row is a gene by its type.
_OF_OTHERS: dict[str, Type] = {
    **dict.fromkeys(
        ("gene", "genes", "gex", "rna", "mrna", "rnas", "transcriptome", "endogenous"),
        "gene expression",
    ),
    **dict.fromkeys(
        ("adt", "adts", "antibody", "antibodies", "ab", "prot", "protein", "proteins",
         "surfaceprotein", "cite", "citeseq", "abseq", "antibodyderivedtag"),
        "antibody",
    ),
    **dict.fromkeys(
        ("hto", "htos", "hashtag", "hashtags", "cmo", "multiplexing", "sampletag", "hashing"),
        "hashtag",
    ),
    **dict.fromkeys(
        ("guide", "guides", "grna", "sgrna", "crispr", "crisprguide", "guidecapture", "gdo"),
        "guide",
    ),
    **dict.fromkeys(("peak", "atac", "atacpeaks", "chromatinaccessibility"), "peaks"),
}  # fmt: skip
_SPIKE_INS = frozenset({"spikein", "spikeins", "spike", "ercc", "erccspikein", "sirv"})
_COLUMNS = frozenset({
    "featuretypes", "featuretype", "type", "modality", "librarytype", "librarytypes", "assay",
    "featurebiotype", "featureclass",
})  # fmt: skip
_BIOTYPES = frozenset({"biotype", "genebiotype", "genetype"})
_IS_SPIKE_IN = frozenset({"isspikein", "isspike", "spikein", "isercc", "ercc"})
_MOST_TYPES = 30


def kind_of_type(text: str) -> Type:
    """Return what a type of feature means, in whatever case and wording; ``""`` if unknown."""
    plain = _letters(text)
    if plain in _SPIKE_INS:
        return "spike-in"
    return _OF_10X.get(plain) or _OF_OTHERS.get(plain, "")


def is_type_of_10x(text: str) -> bool:
    """Whether a text is a feature type of 10x Genomics, in whatever case."""
    return _letters(text) in _OF_10X


def are_types(values: Iterable[str]) -> bool:
    """Whether texts are types of features.

    One is a word of 10x Genomics, or some are gene expression and others another type that is
    known.
    """
    different = set(values)
    if len(different) > _MOST_TYPES:
        return False
    if any(map(is_type_of_10x, different)):
        return True
    kinds = {kind_of_type(text) for text in different} - {""}
    return "gene expression" in kinds and len(kinds) > 1


def types_of(var: pd.DataFrame) -> list[str]:
    """Return each row's feature type as the file has it; nothing where no column holds any.

    A column counts by its name and its words. The words of 10x Genomics count in any column
    that has both gene expression and another type. Of several columns, the first that tells
    genes from others counts.
    """
    first: list[str] = []
    for names in (_COLUMNS, None):
        for place, column in enumerate(var.columns):
            if (names is None or _plain(column) in names) and _may_hold_types(var.iloc[:, place]):
                values = [text.strip() for text in texts(var.iloc[:, place])]
                if _tell(set(values), str(column), is_named_so=names is not None):
                    if len({*which_are_genes(list(set(values))).tolist()}) > 1:
                        return values
                    first = first or values
    return first


def which_are_genes(types: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Say which rows are genes by their types.

    Beside ``Gene Expression``, only a missing type is one of a gene. Without it, any type
    that is not known is.
    """
    kinds = {text: kind_of_type(text) for text in set(types)}
    is_of_10x = any(_letters(text) == "geneexpression" for text in kinds)
    of_genes = ("gene expression",) if is_of_10x else ("gene expression", "")
    answers = {text: not text or kind in of_genes for text, kind in kinds.items()}
    return np.array([answers[text] for text in types], dtype=bool)


def which_are_spike_ins(var: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Say which rows a column of var calls spike-ins: ``is_spikein``, or a biotype."""
    answers = np.zeros(len(var), dtype=bool)
    for place, column in enumerate(var.columns):
        name, values = _plain(column), var.iloc[:, place]
        if name in _IS_SPIKE_IN:
            given = [text.casefold() for text in texts(values)]
            if {"true", "false"}.issuperset(given):
                answers |= np.array([text == "true" for text in given], dtype=bool)
        elif name in _BIOTYPES and _may_hold_types(values):
            given = texts(values)
            if spike_ins := {text for text in set(given) if _letters(text) in _SPIKE_INS}:
                answers |= np.array([text in spike_ins for text in given], dtype=bool)
    return answers


def _tell(different: set[str], column: str, *, is_named_so: bool) -> bool:
    if len(different) > _MOST_TYPES:
        return False
    of_10x = {_letters(text) for text in different} & set(_OF_10X)
    if not is_named_so:
        return "geneexpression" in of_10x and len(of_10x) > 1
    if column.strip().casefold().startswith("feature") and of_10x:
        return True  # "Custom" elsewhere may be anything
    kinds = {kind_of_type(text) for text in different}
    return "gene expression" in kinds or "spike-in" in kinds


def _may_hold_types(column: "pd.Series") -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return len(column.cat.categories) <= _MOST_TYPES
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return False
    # Columns of names hold more.
    return bool(column.iloc[: 10 * _MOST_TYPES].nunique() <= _MOST_TYPES)


def _plain(column: object) -> str:
    return _letters(re.sub(r"-\d+$", "", str(column)))  # AnnData's concatenate adds -0


def _letters(text: str) -> str:
    text = text.strip()
    if text[:2] in ("b'", 'b"') and text[-1] in "'\"":
        text = text[2:-1]  # bytes that were written as they are shown
    return "".join(letter for letter in text.casefold() if letter.isalpha())
