"""Claims about labels."""

import numpy as np
import pandas as pd
import pytest

from scbaseline import RunConfig, labels_from_clusters, labels_from_column
from scbaseline.errors import InputError
from scbaseline.study.labels import groups_from_column

CONFIG = RunConfig(label_key="type")


def obs(*values: object) -> pd.DataFrame:
    return pd.DataFrame({"type": list(values), "batch": "one"})


def test_codes_point_to_names() -> None:
    """A code is the place of the label among the names."""
    labels = labels_from_column(obs(*"ab" * 5), CONFIG)
    assert [labels.names[code] for code in labels.codes_n] == list("ab" * 5)
    assert labels.source == "given:type"


@pytest.mark.parametrize("none", [None, np.nan, "", "  ", "NA", "nan"])
def test_what_people_write_for_no_label_is_none(none: object) -> None:
    """Cells without a label are left out and counted."""
    labels = labels_from_column(obs(*"ab" * 5, none), CONFIG)
    assert labels.n_unlabelled == 1
    assert labels.codes_n[-1] == -1


def test_rare_labels_are_left_out_and_counted() -> None:
    """A label of four cells takes no part."""
    labels = labels_from_column(obs(*"ab" * 5, *"cccc"), CONFIG)
    assert labels.rare == {"c": 4}
    assert labels.names == ("a", "b")
    assert (labels.codes_n == -1).sum() == 4


def test_clusters_sort_as_numbers() -> None:
    """Cluster 10 follows cluster 9."""
    clusters = np.repeat(np.arange(11), 5).astype(str)
    assert labels_from_clusters(clusters, CONFIG).names[-2:] == ("9", "10")


def test_whole_numbers_are_labels_and_continuous_ones_are_not() -> None:
    """1.0 reads as label 1; 0.25 is refused."""
    assert labels_from_column(obs(*[1.0, 2.0] * 5, np.nan), CONFIG).names == ("1", "2")
    with pytest.raises(InputError, match="continuous numbers"):
        labels_from_column(obs(*[0.25, 0.5] * 5), CONFIG)


def test_a_mistyped_column_brings_near_matches() -> None:
    """The error names the column that was meant."""
    with pytest.raises(InputError, match="Did you mean type"):
        labels_from_column(obs(*"ab" * 5), RunConfig(label_key="typ"))


def test_one_label_is_not_enough() -> None:
    """With one label there is nothing to tell apart."""
    with pytest.raises(InputError, match="told apart"):
        labels_from_column(obs(*"aaaaaaaaa"), CONFIG)


def test_categories_are_read_by_their_text() -> None:
    """A categorical column gives the labels of its values, unused categories none."""
    frame = obs(*"ab" * 5)
    frame["type"] = pd.Categorical(frame["type"], categories=list("zab"))
    assert labels_from_column(frame, CONFIG).names == ("a", "b")


def test_the_label_is_no_group() -> None:
    """Held out by their label, no cell could be told; that is said before any fit."""
    config = RunConfig(label_key="type", group_key="type")
    with pytest.raises(InputError, match="--group-key type: is the label itself"):
        groups_from_column(obs(*"ab" * 5), config)
