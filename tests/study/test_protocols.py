"""Claims about the table of protocols."""

import pytest

from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError
from scbaseline.study.protocols import CLUSTERS, PROTOCOLS, SAME_COUNTS, SHORT, TIERS, Protocol

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
    """A figure that nobody may show is a mistake of ours."""
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
    """What is saved has seen no test cell, and its figures are about the user's own labels."""
    saving = [protocol for protocol in PROTOCOLS.values() if protocol.saves_models]
    assert [protocol.name for protocol in saving] == ["inductive"]
    assert saving[0].fitted_on == "training"
    assert saving[0].calibrates


def test_half_and_thinned_differ_in_the_features_alone() -> None:
    """Their difference is double dipping, so nothing else may differ."""
    half, thinned = PROTOCOLS["half"], PROTOCOLS["thinned"]
    assert half.features_from == half.labels_from == thinned.labels_from == "half A"
    assert thinned.features_from == "half B"
    same = {"fitted_on", "stops_on", "tests_on", "structureless"}
    assert all(getattr(half, name) == getattr(thinned, name) for name in same)


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if name.startswith("null-")])
def test_a_null_is_its_namesake_on_structureless_counts(name: str) -> None:
    """Each control answers every question as the protocol that it controls."""
    null, real = PROTOCOLS[name], PROTOCOLS[name.removeprefix("null-")]
    assert null.structureless
    for question in ("labels_from", "features_from", "fitted_on", "stops_on", "tests_on"):
        assert getattr(null, question) == getattr(real, question)


def test_group_is_among_the_protocols_where_groups_are_named() -> None:
    """A group key alone asks for it; chosen protocols stay as chosen."""
    assert RunConfig().with_protocols(SHORT).protocol == SHORT
    assert "group" in RunConfig(group_key="donor").with_protocols(SHORT).protocol
    chosen = RunConfig(group_key="donor", protocol=("inductive",))
    assert chosen.with_protocols(SHORT).protocol == ("inductive",)


def test_an_unknown_protocol_is_refused_with_a_suggestion() -> None:
    """A typing error costs one line, not a run."""
    with pytest.raises(ConfigError, match="Did you mean thinned"):
        RunConfig(protocol=("thined",))
