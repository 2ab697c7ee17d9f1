"""However the genes of a file are named, they are matched rightly, or not at all."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from scbaseline.data.genes import align_genes
from scbaseline.data.naming import name_genes
from scbaseline.errors import InputError

SYMBOLS = [
    "CD3D", "LYZ", "MS4A1", "NKG7", "B2M", "ACTB", "NKX2-1", "HLA-A", "AL627309.1", "CD74",
    "RP11-34P13.7", "GNLY", "CST3", "FTL", "VIM", "TOP2A", "PPBP", "CD8A", "IL7R", "S100A8",
]  # fmt: skip
IDS = [f"ENSG{g:011d}" for g in range(len(SYMBOLS))]

FORMS = {
    "symbols": "{symbol}",
    "ids": "{gene}",
    "versions": "{gene}.{row}",
    "symbol and id": "{symbol}_{gene}",
    "id and symbol": "{gene}|{symbol}",
    "genome": "GRCh38_{symbol}",
    "numbers": "{row}",
    "floats": "{row}.0",
    "R's numbers": "X{row}",
    "nothing": "nan",
    "numbered nothing": "NA-{row}",
    "chromosomes": "chr{half}",
}
BOTH = {"symbol and id", "id and symbol"}
SAYING = {"symbols": {"symbols", "genome", *BOTH}, "ids": {"ids", "versions", *BOTH}}
SAYING["both"] = SAYING["symbols"] | SAYING["ids"]
MODEL = {
    "symbols": (SYMBOLS, [""] * len(SYMBOLS)),
    "ids": (IDS, IDS),
    "both": (SYMBOLS, IDS),
}

_columns = st.dictionaries(
    st.sampled_from(["gene_name", "gene_symbols", "feature_name", "Symbol", "SYMBOL", "gene",
                     "gene_short_name", "hgnc_symbol", "features", "name", "chromosome", "note"]),
    st.sampled_from(["symbols", "nothing", "chromosomes", "numbers"]),
    max_size=3,
)  # fmt: skip
_id_columns = st.dictionaries(
    st.sampled_from(["gene_ids", "gene_id", "ensembl_id", "feature_id"]),
    st.sampled_from(["ids", "versions"]),
    max_size=1,
)


@given(
    order=st.permutations(range(len(SYMBOLS))),
    index=st.sampled_from(list(FORMS)),
    columns=_columns,
    id_columns=_id_columns,
    kind=st.sampled_from(["object", "category", "string"]),
    lost=st.sets(st.sampled_from(SYMBOLS), max_size=6),
    model=st.sampled_from(list(MODEL)),
)
def test_a_gene_is_matched_with_itself_or_with_none(
    order: list[int],
    index: str,
    columns: dict[str, str],
    id_columns: dict[str, str],
    kind: str,
    lost: set[str],
    model: str,
) -> None:
    """Rows lie in any order; ids, symbols, numbers and placeholders stand anywhere.

    What is refused has no names; what is not is matched as a whole, gene by gene.
    """

    def named(form: str, *, blank: bool = False) -> list[str | None]:
        return [
            None
            if blank and SYMBOLS[gene] in lost
            else FORMS[form].format(symbol=SYMBOLS[gene], gene=IDS[gene], row=row, half=row // 2)
            for row, gene in enumerate(order)
        ]

    given_columns = {**columns, **id_columns}
    var = pd.DataFrame(
        {
            name: pd.Series(named(form, blank=form == "symbols"), dtype=kind).array
            for name, form in given_columns.items()
        },
        index=named(index),
    )
    says = {index, *given_columns.values()}
    naming = name_genes(var)
    if naming.problem:
        assert not says & SAYING["both"]
        return
    try:
        found = align_genes(*MODEL[model], naming.var)
    except InputError:
        assert not says & SAYING[model]
        return
    assert says & SAYING[model]
    place = np.argsort(order)
    matched = found.columns >= 0
    assert (found.columns[matched] == place[matched]).all()
    assert matched[[symbol not in lost for symbol in SYMBOLS]].all()
