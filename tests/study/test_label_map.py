"""Maps of labels between two studies: read, drafted, typed back."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scbaseline.errors import ConfigError
from scbaseline.study.label_map import LabelMap, match_labels, read_label_map

NONE = LabelMap({}, {})
_PIECES = ["B", "T", "CD14+", "CD14", "Mono", "cells", '"', "'", "]", "[", "=", "#", ".", "\\",
           "\n", "細胞", "é", " ", "/", "x" * 300]  # fmt: skip
NAMES = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=5).map("".join) | st.text(
    st.characters(codec="utf-8"), min_size=1, max_size=300
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("labels = 3", "wanted are"),
        ("[lables]\na = 'b'", "wanted are"),
        ("[labels]\na = 3", "wanted are"),
        ("[labels", "not a TOML file"),
    ],
)
def test_a_bad_map_is_refused(text: str, says: str, tmp_path: Path) -> None:
    """A map file that says something else is an error of usage."""
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_label_map(tmp_path / "map.toml")


@given(queries=st.lists(NAMES, max_size=8), own=st.lists(NAMES, min_size=1, max_size=8))
def test_a_draft_read_back_maps_what_it_says(
    queries: list[str], own: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Any name is valid TOML; equal labels and certain names are mapped, all else is left out."""
    match = match_labels(queries, own, NONE)
    path = tmp_path_factory.mktemp("draft") / "map.toml"
    path.write_bytes(match.draft().encode())
    read = read_label_map(path)
    certain = {label: near[0].name for label, near in match.suggestions.items() if near[0].certain}
    assert read == LabelMap({**match.common, **certain}, {})
    again = match_labels(queries, own, read)
    if read.query:
        assert again.common == read.query
    assert set(again.left_out).isdisjoint(read.query)


@given(queries=st.lists(NAMES, min_size=1, max_size=6), own=st.lists(NAMES, min_size=1, max_size=6))
def test_a_line_without_its_sign_is_a_line_of_the_map(queries: list[str], own: list[str]) -> None:
    """What is commented can be used: uncommented, each suggestion is TOML of the same two names."""
    match = match_labels(queries, own, NONE)
    draft = match.draft().split("\n")
    for label, near in match.suggestions.items():
        for name in near:
            if not name.certain:
                lines = [line.removeprefix("# ") for line in draft if line.startswith("# ")]
                assert {label: name.name} in [_parsed(line) for line in lines]


def _parsed(line: str) -> object:
    try:
        return tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None


def test_a_draft_keeps_the_map_that_was_given(tmp_path: Path) -> None:
    """A second draft, after a person's additions, loses none of them."""
    own = ["CD4 T", "CD8 T", "B"]
    asked = LabelMap({"killer": "T", "unseen": "B"}, {"CD4 T": "T", "CD8 T": "T"})
    match = match_labels(["killer", "B cells", "T-cell"], own, asked)
    (tmp_path / "map.toml").write_text(match.draft(), encoding="utf-8")
    read = read_label_map(tmp_path / "map.toml")
    assert read.model == asked.model
    assert read.query == {"killer": "T", "unseen": "B", "B cells": "B", "T-cell": "T"}
