"""A table of labels and their parents in; the narrowest label that covers several out."""

import tomllib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from scbaseline import keys
from scbaseline.errors import ConfigError, ScbaselineWarning


@dataclass(frozen=True)
class LabelTree:
    """Which label is a kind of which.

    Attributes
    ----------
    parents
        Label → its parent; a label without one is a root.

    Examples
    --------
    >>> tree = LabelTree({"CD4 T": "T", "CD8 T": "T", "T": "lymphocyte", "B": "lymphocyte"})
    >>> tree.common(["CD4 T", "CD8 T"]), tree.common(["CD8 T", "B"]), tree.common(["B"])
    ('T', 'lymphocyte', 'B')
    """

    parents: Mapping[str, str]

    def common(self, labels: Sequence[str]) -> str | None:
        """Return the narrowest label that is, or covers, each of some labels, if there is one."""
        first, *others = (self._upwards(label) for label in labels)
        return next((name for name in first if all(name in other for other in others)), None)

    def broad_labels(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """Return predictions with ``broad_label`` behind ``prediction_set``."""
        sets = predictions[keys.PREDICTION_SET]
        common = {text: self.common(text.split("|")) for text in sets.dropna().unique()}
        table = predictions.copy()
        place = int(table.columns.get_loc(keys.PREDICTION_SET)) + 1
        table.insert(place, keys.BROAD_LABEL, sets.map(common).astype(object))
        return table

    def _upwards(self, label: str) -> list[str]:
        names = [label]
        while names[-1] in self.parents:
            names.append(self.parents[names[-1]])
        return names


def read_label_tree(path: Path, labels: Sequence[str]) -> LabelTree:
    """Read a TOML file whose table ``[parents]`` gives labels their parents.

    Parameters
    ----------
    path
        The file, with lines such as ``"CD4 T" = "T"`` below ``[parents]``.
    labels
        Those of the model.

    Raises
    ------
    ConfigError
        It cannot be read, holds something else, runs in a circle, or has none of the labels.
    """
    told = f"--label-tree {path}"
    form = 'wanted: below [parents], lines such as "CD4 T" = "T"'
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{told}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ConfigError(f"{told}: is no TOML ({error}); {form}") from error
    parents = table.get("parents")
    if not isinstance(parents, dict) or not all(
        isinstance(name, str) and name.strip() for name in (*parents, *parents.values())
    ):
        raise ConfigError(f"{told}: has no table of parents; {form}")
    for label in parents:
        names = [label]
        while (name := parents.get(names[-1])) is not None:
            if name in names:
                raise ConfigError(f"{told}: {' → '.join([*names, name])} runs in a circle")
            names.append(name)
    if barred := [label for label in labels if "|" in label]:
        raise ConfigError(
            f"{told}: the model's label {barred[0]!r} holds a bar, which stands between the labels "
            "of a set; rename it and train anew, or leave --label-tree out"
        )
    lacking = [label for label in labels if label not in parents]
    for name in parents:  # a table may serve several models, but a slip is near to a label
        if name not in (*labels, *parents.values()) and (
            near := get_close_matches(name, lacking, n=1)
        ):
            warnings.warn(
                f"{told}: the model has no label {name!r}; did you mean {near[0]!r}?",
                ScbaselineWarning,
                stacklevel=2,
            )
    if not set(labels) & set(parents):
        raise ConfigError(f"{told}: has none of the model's labels: {', '.join(labels)}")
    return LabelTree(parents)
