"""Claims about label trees: the narrowest parent is found, and a table that is none is refused."""

from pathlib import Path

import pytest

from scbaseline.errors import ConfigError, ScbaselineWarning
from scbaseline.model.label_tree import LabelTree, read_label_tree

TREE = LabelTree({"CD4 T": "T", "CD8 T": "T", "T": "lymphocyte", "B": "lymphocyte"})


@pytest.mark.parametrize(
    ("labels", "common"),
    [
        (["CD4 T"], "CD4 T"),
        (["CD4 T", "CD8 T"], "T"),
        (["CD4 T", "T"], "T"),
        (["CD4 T", "B"], "lymphocyte"),
        (["CD4 T", "platelet"], None),
    ],
)
def test_the_narrowest_parent_is_found(labels: list[str], common: str | None) -> None:
    """A label is its own parent; labels of two trees have none in common."""
    assert TREE.common(labels) == common


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("parents = 3", "no table of parents"),
        ("[parents", "is no TOML"),
        ("[parents]\nA = 1", "no table of parents"),
        ("[parents]\nA = 'B'\nB = 'A'", "circle"),
        ("[parents]\nC = 'D'", "none of the model's labels: A, B"),
    ],
)
def test_a_table_that_is_no_tree_is_refused(text: str, words: str, tmp_path: Path) -> None:
    """The error names the file and the fault."""
    (tmp_path / "tree.toml").write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        read_label_tree(tmp_path / "tree.toml", ["A", "B"])
    assert "tree.toml" in str(caught.value)
    (tmp_path / "tree.toml").write_text("[parents]\nA = ''")
    with pytest.raises(ConfigError, match="no table of parents"):
        read_label_tree(tmp_path / "tree.toml", ["A", "B"])
    (tmp_path / "tree.toml").write_text("[parents]\nA = 'B'")
    with pytest.raises(ConfigError, match=r"'A\|B' holds a bar"):
        read_label_tree(tmp_path / "tree.toml", ["A|B", "A"])
    with pytest.raises(ConfigError, match="cannot be read"):
        read_label_tree(tmp_path / "none.toml", ["A"])


def test_a_slip_in_a_label_is_told(tmp_path: Path) -> None:
    """A name near to a label of the model is a slip; another one may be of another model."""
    (tmp_path / "tree.toml").write_text("[parents]\n'CD4' = 'T'\n'CD8 T' = 'T'\nneuron = 'brain'")
    with pytest.warns(ScbaselineWarning, match="no label 'CD4'; did you mean 'CD4 T'") as caught:
        read_label_tree(tmp_path / "tree.toml", ["CD4 T", "CD8 T"])
    assert len(caught) == 1
