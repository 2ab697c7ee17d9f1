"""Claims about the model that comes with the package: it is there, small, examined, and right."""

from pathlib import Path

import pytest

from scbaseline import Classifier, read_counts
from scbaseline.errors import DataNotFoundError
from scbaseline.model.shipped import SHIPPED, model_path

TYPES = {"B", "CD14 Mono", "CD4 T", "CD8 T", "DC", "FCGR3A Mono", "Mk", "NK"}


def test_it_is_small_and_says_where_it_comes_from() -> None:
    """At most 4 MB and 2 million weights; sources, licences and exam are on the card."""
    model = Classifier.load("pbmc")
    assert SHIPPED["pbmc"].path.stat().st_size <= 4e6
    assert sum(weights.numel() for weights in model.network.parameters()) <= 2e6
    assert set(model.card.labels) == TYPES
    notes = " ".join(model.card.notes)
    for word in ("10x Genomics", "CC BY 4.0", "scanpy", "BSD-3-Clause"):
        assert word in notes
    assert {row["label"] for row in model.card.exam} == TYPES - {"Mk"}  # too few to be left out


def test_it_knows_the_types_of_another_study() -> None:
    """On the embedded sample, of 765 genes, B and NK cells and most dendritic cells are found."""
    adata = read_counts("pbmc68k_reduced")
    with pytest.warns(UserWarning, match="of the model's 2,000 genes"):
        predicted = Classifier.load("pbmc").predict(adata)["predicted_label"]
    given = adata.obs["bulk_labels"].astype(str)
    for theirs, ours, share in (
        ("CD19+ B", "B", 0.95),
        ("CD56+ NK", "NK", 0.8),
        ("Dendritic", "DC", 0.7),
    ):
        assert (predicted[given.to_numpy() == theirs] == ours).mean() >= share


@pytest.mark.parametrize(("name", "said"), [("pmbc", "Did you mean pbmc"), ("blood", "pbmc")])
def test_a_name_that_is_none_is_refused(name: str, said: str) -> None:
    """The error names the models that there are."""
    with pytest.raises(DataNotFoundError, match=said):
        Classifier.load(name)


def test_a_file_of_that_name_can_be_meant(tmp_path: Path) -> None:
    """A path is a path."""
    assert model_path(tmp_path / "pbmc") == tmp_path / "pbmc"
    assert model_path("./pbmc.safetensors") == Path("pbmc.safetensors")
