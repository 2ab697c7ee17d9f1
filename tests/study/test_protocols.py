"""Claims about the table of protocols."""

import pytest

from scbaseline.study.protocols import (
    ANOTHER_STUDY,
    BY_GROUP,
    CLUSTERS,
    PROTOCOLS,
    SAME_COUNTS,
    SAVES_MODELS,
    TIERS,
    Protocol,
    null_of,
)

LABELS = (
    (CLUSTERS, SAME_COUNTS),
    ("given:leiden", SAME_COUNTS),
    ("given:cell_type", "unknown"),
    ("given:cell_type", "independent"),
)


@pytest.mark.parametrize(("source", "origin"), LABELS)
@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=lambda protocol: protocol.name)
def test_a_protocol_has_a_tier_or_a_reason(protocol: Protocol, source: str, origin: str) -> None:
    """For every kind of labels, a row says what it reaches or why it cannot be used."""
    reason = protocol.why_not(source, origin, group_key="donor")
    if reason is None:
        assert protocol.tier(origin) in TIERS
    else:
        assert len(reason) > 20


@pytest.mark.parametrize(("protocol", "origin"), [("group", SAME_COUNTS), ("half", "unknown")])
def test_there_is_no_tier_without_a_meaning(protocol: str, origin: str) -> None:
    """A score that nobody may show is a mistake of ours."""
    with pytest.raises(ValueError, match="reaches no tier"):
        PROTOCOLS[protocol].tier(origin)


def test_given_clusters_are_worth_what_clusters_are() -> None:
    """A name for a clustering of the same counts makes it no better; nor can it be drawn anew."""
    for protocol in PROTOCOLS.values():
        fresh = protocol.why_not(CLUSTERS, SAME_COUNTS, group_key="donor")
        given = protocol.why_not("given:leiden", SAME_COUNTS, group_key="donor")
        assert given == fresh or "makes its labels anew" in given
    assert PROTOCOLS["inductive"].tier(SAME_COUNTS) == "T0+"


def test_only_a_protocol_that_keeps_test_cells_out_saves_models() -> None:
    """What is saved has seen no test cell, and its scores are about the user's own labels."""
    saving = [protocol for protocol in PROTOCOLS.values() if protocol.saves_models]
    assert [protocol.name for protocol in saving] == ["inductive"]
    assert saving[0].fitted_on == "training"
    assert saving[0].calibrates


REAL = [protocol for protocol in PROTOCOLS.values() if not protocol.structureless]
NULLS = [protocol for protocol in PROTOCOLS.values() if protocol.structureless]


def test_one_protocol_plays_each_part() -> None:
    """Whatever is looked up by what it does is one row, and no other."""
    assert [p for p in PROTOCOLS.values() if p.saves_models] == [SAVES_MODELS]
    assert [p for p in PROTOCOLS.values() if p.tests_on == "groups"] == [BY_GROUP]
    assert [p for p in PROTOCOLS.values() if p.tests_on == "another study"] == [ANOTHER_STUDY]
    assert len([p for p in PROTOCOLS.values() if p.shows_structure]) == 1
    assert len({p.name for p in PROTOCOLS.values()}) == len(PROTOCOLS)


@pytest.mark.parametrize(
    "same", [p for p in PROTOCOLS.values() if p.same_half_as], ids=lambda protocol: protocol.name
)
def test_the_same_half_and_the_other_differ_in_the_features_alone(same: Protocol) -> None:
    """Their difference is inflation from double dipping, so nothing else may differ."""
    other = PROTOCOLS[same.same_half_as]
    assert same.features_from == same.labels_from == other.labels_from == "half A"
    assert other.features_from == "half B"
    for question in ("fitted_on", "stops_on", "tests_on", "structureless"):
        assert getattr(same, question) == getattr(other, question)


@pytest.mark.parametrize("null", NULLS, ids=lambda protocol: protocol.name)
def test_a_null_is_another_protocol_on_structureless_counts(null: Protocol) -> None:
    """Each control answers every question as the protocol that it controls."""
    real = PROTOCOLS[null.null_of]
    assert null_of(real) is null
    assert null.tier(SAME_COUNTS) == "control"
    for question in ("labels_from", "features_from", "fitted_on", "stops_on", "tests_on"):
        assert getattr(null, question) == getattr(real, question)


def test_structure_is_told_where_there_is_a_control() -> None:
    """The protocol that shows structure has the structureless counts to compare with."""
    (shown,) = (protocol for protocol in REAL if protocol.shows_structure)
    assert null_of(shown) is not None


def test_counts_are_drawn_where_a_half_or_no_structure_is_asked_for() -> None:
    """Other protocols run on the counts as they are."""
    drawn = {p.name for p in PROTOCOLS.values() if p.draws_counts}
    assert drawn == {"half", "thinned", *(null.name for null in NULLS)}


def test_what_stops_on_test_cells_calibrates_on_none() -> None:
    """Probabilities that were fitted on test cells say nothing of them."""
    for protocol in PROTOCOLS.values():
        assert protocol.calibrates == (protocol.stops_on != "test")
    assert not PROTOCOLS["published"].calibrates
