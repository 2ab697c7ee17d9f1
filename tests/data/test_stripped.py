"""A part too many is taken off a name only where two lists of genes show that it may."""

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scbaseline.data.genes import align_genes
from scbaseline.errors import InputError, ScbaselineWarning

SYMBOLS = ["CD3D", "LYZ", "NKX2-1", "AL627309.1", "RP11-34P13.7", "HLA-A"]
IDS = [f"ENSG{i:011d}" for i in range(6)]

FORMS: dict[str, Callable[[str, str], str]] = {
    "genome": lambda symbol, _: f"GRCh38_{symbol}",
    "padded genome": lambda symbol, _: f"GRCh38______{symbol}",
    "Seurat's dash": lambda symbol, _: f"hg19-{symbol}",
    "premrna": lambda symbol, _: f"GRCh38_premrna_{symbol}",
    "any shared prefix": lambda symbol, _: f"sample1_{symbol}",
    "genome behind": lambda symbol, _: f"{symbol}_hg38",
    "id, bar": lambda symbol, gene: f"{gene}|{symbol}",
    "id behind": lambda symbol, gene: f"{symbol}_{gene}",
    "id in brackets": lambda symbol, gene: f"{symbol} ({gene})",
    "copy": lambda symbol, _: f"{symbol}.1",
    "Entrez id behind": lambda symbol, _: f"{symbol}|7157",
    "bytes": lambda symbol, _: f"b'{symbol}'",
    "Seurat's key": lambda symbol, _: f"rna_{symbol}",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_part_too_many_goes_on_either_side(form: Callable[[str, str], str]) -> None:
    """A query of such names meets a model of plain ones, and the other way round."""
    # A copy of a clone's name would be taken for the number of another gene of that clone.
    symbols = [symbol for symbol in SYMBOLS if form("A", "") != "A.1" or "." not in symbol]
    long = [form(symbol, gene) for symbol, gene in zip(symbols, IDS, strict=False)]
    places = list(range(len(symbols)))
    for model, query in ((symbols, long), (long, symbols)):
        found = align_genes(model, [""] * len(model), pd.DataFrame(index=query))
        assert found.columns.tolist() == places
        assert found.n_stripped == len(symbols)


def test_two_genomes_prefixes_meet() -> None:
    """The prefix of each side goes where neither knows the other's."""
    model, query = ["GRCh38_CD3D", "GRCh38_LYZ"], ["hg19_LYZ", "hg19_CD3D"]
    found = align_genes(model, ["", ""], pd.DataFrame(index=query))
    assert found.columns.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("model", "query"),
    [
        (["CD3D"], ["CD3D.1", "CD3D.2"]),
        (["CD3D"], ["GRCh38_CD3D", "mm10_CD3D"]),
        (["CD3D.1", "CD3D.2"], ["CD3D"]),
        (["NKX2"], ["NKX2-1"]),
        (["AL627309"], ["AL627309.1"]),
        (["RP11-34P13"], ["RP11-34P13.7"]),
        (["RP11-34P13.8"], ["RP11-34P13.7"]),
        (["AC002321.2"], ["AC002321.1"]),
        (["MOB4"], ["HSPE1-MOB4"]),
        (["CHMP3"], ["RNF103-CHMP3"]),
        (["CD3D"], ["CD3D-AS1"]),
        (["CD3D"], ["CD3D_intron"]),
        (["A"], ["HLA-A"]),
        (["GRCh38_nan"], ["nan"]),
    ],
)
def test_whole_names_stay_whole(model: list[str], query: list[str]) -> None:
    """What two rows would be, or what is a gene of its own, is left as it is."""
    found = align_genes(
        [*model, "LYZ"], [""] * (len(model) + 1), pd.DataFrame(index=[*query, "LYZ"])
    )
    assert found.columns.tolist() == [-1] * len(model) + [len(query)]
    assert found.n_stripped == 0


def test_two_ids_are_never_one_gene() -> None:
    """The second CD3D of an annotation has an id of its own."""
    query = pd.DataFrame({"gene_ids": [IDS[3], IDS[1]]}, index=["CD3D.1", "LYZ"])
    found = align_genes(["CD3D", "LYZ"], IDS[:2], query)
    assert found.columns.tolist() == [-1, 1]


def test_a_name_that_the_other_side_knows_is_kept() -> None:
    """The model has CD3D.1 itself, so that the query's is no copy of CD3D."""
    found = align_genes(["CD3D", "CD3D.1"], ["", ""], pd.DataFrame(index=["CD3D.1", "LYZ"]))
    assert found.columns.tolist() == [-1, 0]


def test_what_was_taken_off_is_said() -> None:
    """The number and an example are in the warning."""
    found = align_genes(["CD3D", "LYZ"], ["", ""], pd.DataFrame(index=["mm10_X", "hg19_LYZ"]))
    with pytest.warns(ScbaselineWarning, match=r"1 genes were found .*'hg19_LYZ' for .* 'LYZ'"):
        found.warn_of_stripped()


@given(
    st.lists(
        st.from_regex(r"[B-G][A-Z0-9]{1,4}(-[A-Z0-9]{1,3})?(\.[1-9])?", fullmatch=True),
        min_size=1, max_size=12, unique=True,
    ),
    st.sampled_from(list(FORMS)),
    st.data(),
)  # fmt: skip
def test_no_gene_is_ever_taken_for_another(
    genes: list[str], form: str, data: st.DataObject
) -> None:
    """Of random names, some with a part too many, each is found at its own place or nowhere."""
    assume(form != "copy" or not any("." in gene for gene in genes))  # nobody could tell
    is_long = data.draw(st.lists(st.booleans(), min_size=len(genes), max_size=len(genes)))
    query = [
        FORMS[form](gene, f"ENSG{place:011d}") if long else gene
        for place, (gene, long) in enumerate(zip(genes, is_long, strict=True))
    ]
    found = align_genes(
        [*genes, "LYZ0"], [""] * (len(genes) + 1), pd.DataFrame(index=[*query, "LYZ0"])
    )
    for place, column in enumerate(found.columns[:-1].tolist()):
        # CD3D.1 may stand for CD3D only where the query has no CD3D of its own.
        assert column in (place, -1)
        assert column == place or is_long[place]


@given(
    st.sampled_from(["RNA-", "RNA_", "rna.", "GEX:", "sample 1/"]),
    st.sampled_from(["", "-1", "_GEX", ".human", " (RNA)"]),
    st.lists(st.from_regex(r"[A-Z]{2,4}[0-9]{1,3}", fullmatch=True), min_size=2, unique=True),
)
def test_what_all_names_share_goes(prefix: str, suffix: str, symbols: list[str]) -> None:
    """Whatever nearly all names of a list begin or end with is no part of them."""
    for form in (f"{prefix}{{}}", f"{{}}{suffix}"):
        query = [form.format(symbol) for symbol in symbols]
        for ours, theirs in ((symbols, query), (query, symbols)):
            found = align_genes(ours, [""] * len(ours), pd.DataFrame(index=theirs))
            assert found.columns.tolist() == list(range(len(symbols)))


def test_blanks_around_a_name_go() -> None:
    """Also the blanks of web pages, and the mark that some programs begin a file with."""
    query = ["\ufeffCD3D", "LYZ\u00a0", "\tB2M "]
    found = align_genes(["CD3D", "LYZ", "B2M"], [""] * 3, pd.DataFrame(index=query))
    assert found.columns.tolist() == [0, 1, 2]


def test_a_list_in_lower_case_is_found() -> None:
    """A program wrote all names in lower case: nearly every gene of the model is there."""
    found = align_genes(SYMBOLS, [""] * 6, pd.DataFrame(index=[s.lower() for s in SYMBOLS]))
    assert found.columns.tolist() == list(range(6))
    assert found.n_stripped == 6


@pytest.mark.parametrize(
    "query",
    [["Cd3d", "Lyz", "Nkx2-1", "B2m"], ["cd3d", "lyz", "actb1", "b2m", "rps6", "tmsb4x"]],
    ids=["mouse", "zebrafish"],
)
def test_another_species_is_not_found_by_capitals(query: list[str]) -> None:
    """Human's CD3D is not mouse's Cd3d, nor zebrafish's cd3d; the error says what differs."""
    with pytest.raises(InputError, match="differ in capitals only"):
        align_genes(SYMBOLS, [""] * 6, pd.DataFrame(index=query))
