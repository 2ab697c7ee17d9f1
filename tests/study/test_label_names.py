"""Which labels of two studies have near names."""

import pytest

from scbaseline.study.label_names import MOST, near_labels

PBMC = ["CD14 Mono", "FCGR3A Mono", "CD4 T", "CD8 T", "B", "NK", "DC", "Mk"]


def _near(label: str, known: list[str]) -> list[tuple[str, bool]]:
    return [(near.name, near.certain) for near in near_labels({label: 1}, known).get(label, ())]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("CD14+ Mono", "CD14 Mono"),
        ("CD14+ Monocytes", "CD14 Mono"),
        ("cd14_monocyte", "CD14 Mono"),
        ("CD16+ Monocytes", "FCGR3A Mono"),
        ("CD4 T cells", "CD4 T"),
        ("T, CD8+", "CD8 T"),
        ("T_CD4", "CD4 T"),
        ("CD8pos T-cells", "CD8 T"),
        ("B-cells", "B"),
        ("b cell", "B"),
        ("Natural Killer Cells", "NK"),
        ("Dendritic Cells", "DC"),
        ("Megakaryocytes", "Mk"),
        ("ＣＤ４ T", "CD4 T"),
    ],
)
def test_the_same_name_in_another_spelling_is_certain(label: str, name: str) -> None:
    """Case, plus signs, punctuation, plural, order, "cells" and common abbreviations."""
    assert _near(label, PBMC) == [(name, True)]


@pytest.mark.parametrize(
    ("label", "known", "names"),
    [
        ("T cells", PBMC, ["CD4 T", "CD8 T"]),
        ("Naive CD4 T", PBMC, ["CD4 T"]),
        ("CD4+ T Helper2", PBMC, ["CD4 T"]),
        ("cd14 mono", ["CD14 Mono", "CD14+ Mono"], ["CD14 Mono", "CD14+ Mono"]),
        ("Fibrobalst", ["Fibroblast", "Neuron"], ["Fibroblast"]),
        ("Naive B cells", ["memory B", "naive T"], []),
    ],
)
def test_what_a_person_must_judge_is_not_certain(
    label: str, known: list[str], names: list[str]
) -> None:
    """A finer or coarser type, two equal candidates, a slip of the pen."""
    assert sorted(_near(label, known)) == [(name, False) for name in names]


@pytest.mark.parametrize(
    ("label", "known"),
    [
        ("CD4 T", ["CD8 T"]),
        ("CD14- Mono", ["CD14+ Mono"]),
        ("CD25neg T", ["CD25+ T"]),
        ("CD4+/CD25-", ["CD4+/CD25+"]),
        ("type 1", ["type 11"]),
        ("1 1", ["11"]),
        ("platelet", PBMC),
        ("+", ["-"]),
        ("cell", ["B"]),
    ],
)
def test_other_cells_are_not_near(label: str, known: list[str]) -> None:
    """Another marker, number or sign is another type."""
    assert _near(label, known) == []


def test_one_model_label_may_be_near_to_several() -> None:
    """Two names of the query may mean one of the model."""
    near = near_labels({"B-cell": 3, "B cells": 2}, PBMC)
    assert {label: names[0].name for label, names in near.items()} == {
        "B-cell": "B",
        "B cells": "B",
    }


def test_a_column_of_cell_ids_is_not_compared_for_ever() -> None:
    """The labels with most cells are looked at."""
    many = {f"B {'x' * n}": 1 for n in range(1, MOST + 50)} | {"b cells": 9}
    near = near_labels(many, ["B"])
    assert near["b cells"][0].certain
    assert len(near) == MOST
