"""Names that are asked all at once are told as each would be by itself."""

import gc
import re
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbaseline.data import identifiers
from scbaseline.data.dates import _DAY_FIRST, _MONTH_FIRST
from scbaseline.data.identifiers import ENSEMBL_ID
from scbaseline.data.letters import letters_of
from scbaseline.data.row_kinds import KINDS, Kind
from scbaseline.data.stripped import _GENOME, with_genome

_SNIPPETS = st.sampled_from([
    "", "ENSG", "ENSMUSG", "00000167286", ".12", ".", "-1", "nan", "NA", "X17", "V", "MALAT1",
    "GRCh38_", "mm10___", "MT-", "N", "FBgn0000001", "YAL001C", "٣", "É", "\n", " ", "_",
    "ENSG00000167286", "AT1G01010", "unknown", "g", "G1", "ERCC-00002", "hg", "Hg19_",
])  # fmt: skip
_AROUND = st.sampled_from(["", "", " ", "\t", "-1", ".2", "A"])
_NAMES = st.lists(
    st.one_of(
        st.lists(_SNIPPETS, max_size=4).map("".join),
        st.text(max_size=8),
        st.from_regex(ENSEMBL_ID, fullmatch=True),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("of_all", "of_one"),
    [
        (identifiers.which_name_nothing, identifiers.names_nothing),
        (identifiers.which_are_ids, identifiers.is_id),
        (identifiers.which_are_ensembl, lambda name: ENSEMBL_ID.fullmatch(name) is not None),
        (identifiers.which_are_row_numbers, identifiers.is_row_number),
    ],
)
@settings(max_examples=60, deadline=None)
@given(names=_NAMES)
def test_names_asked_at_once_are_told_as_each_by_itself(of_all, of_one, names):  # type: ignore[no-untyped-def]
    """Whatever the names are: of other scripts, empty, or with new lines within."""
    assert of_all(names).tolist() == [of_one(name) for name in names]


@settings(max_examples=60, deadline=None)
@given(names=_NAMES)
def test_lists_asked_at_once_are_told_as_their_names(names: list[str]) -> None:
    """What more than half of the names are, their bare ids, and which begin with a genome."""
    assert identifiers.mostly_ids(names) == (sum(map(identifiers.is_id, names)) > len(names) / 2)
    assert identifiers.bare_ids(names) == [identifiers.bare_id(name) for name in names]
    assert with_genome(names) == [name for name in names if _GENOME.match(name)]


@settings(max_examples=50, deadline=None)
@given(names=_NAMES, text=st.text("abENSG.-", min_size=1, max_size=5))
def test_rows_that_hold_a_text_are_found(names: list[str], text: str) -> None:
    """Each row once, in order, also where the text stands twice in one name."""
    expected = [row for row, name in enumerate(names) if text in name]
    assert letters_of(names).holding(text).tolist() == expected


@pytest.mark.parametrize(
    "pattern",
    [identifiers._PLACEHOLDER, identifiers._ROW_NUMBER, _DAY_FIRST, _MONTH_FIRST],
    ids=["placeholders", "row numbers", "days first", "months first"],
)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), before=_AROUND, after=_AROUND)
def test_no_text_that_names_nothing_is_missed(
    pattern: re.Pattern[str], data: st.DataObject, before: str, after: str
) -> None:
    """The quick look at the first letters lets through whatever the patterns know."""
    name = before + data.draw(st.from_regex(pattern, fullmatch=True)) + after
    assert identifiers.which_name_nothing([name, "CD3D"]).tolist() == [
        identifiers.names_nothing(name), False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["nan", "NA", "n/a", "#N/A", "<NA>", "None", "null", "Unknown", "unnamed", "UNDEFINED",
     "Unnamed: 3", "...", "-", "NA-1", "X17", "V٣", "Sep-01", "Dec-12", "2-Sep", ""],
)  # fmt: skip
def test_each_text_that_names_nothing_is_found(name: str) -> None:
    """One of each kind."""
    assert identifiers.which_name_nothing([name, "CD3D"]).tolist() == [True, False]


@settings(max_examples=50, deadline=None)
@given(
    names=_NAMES,
    starts=st.lists(st.sampled_from(["g", "n", "na", "x1", "gr", "_", "en", "*"]), max_size=3),
)
def test_beginnings_are_found(names: list[str], starts: list[str]) -> None:
    """Of one letter or two, small or capital."""
    expected = [any(name[: len(start)].lower() == start for start in starts) for name in names]
    assert letters_of(names).beginning_small(starts).tolist() == expected


def test_a_list_that_changed_is_looked_at_anew() -> None:
    """The letters of earlier lists are kept, by what these held."""
    names = ["CD3D", "LYZ"]
    letters_of(names)
    names[0] = "ENSA"
    assert letters_of(names).holding("ENS").tolist() == [0]


def test_few_lists_are_kept_and_no_long_one() -> None:
    """The one that was asked last about is forgotten last; nothing is kept of a long list."""
    letters_of.__globals__["_recent"].cache_clear()
    first = letters_of(["FIRST"])
    for number in range(20):
        letters_of([f"OTHER{number}"])
        assert letters_of(["FIRST"]) is first
    long = ref(letters_of(["A" * 2**22]))
    identifiers.which_name_nothing(["A" * 2**22])
    gc.collect()
    assert long() is None
    assert all(len(letters.content) < 2**22 for letters in identifiers._MAY_NAME_NOTHING)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_name_of_a_genome_is_not_missed(data: st.DataObject) -> None:
    """The quick look at two letters lets every name through that the pattern knows."""
    name = data.draw(st.from_regex(re.compile(rf"^(?:{_GENOME.pattern})", re.ASCII)))
    assert with_genome([name, "CD3D"]) == [name]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_name_of_a_kind_is_overlooked(kind: Kind, data: st.DataObject) -> None:
    """A beginning or a hint that is missing would hide rows that are not genes."""
    name = data.draw(st.from_regex(kind.names))
    if "\n" in name:
        return
    assert kind.rows(["CD3D", name], letters_of(["CD3D", name])) == [1]
