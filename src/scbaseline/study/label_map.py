"""A map of labels between two studies: read, applied, and drafted where names are near."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scbaseline.errors import ConfigError, InputError, did_you_mean
from scbaseline.study.label_names import NearLabel, near_labels


@dataclass(frozen=True)
class LabelMap:
    """How two studies' labels are brought to one set.

    Attributes
    ----------
    query
        The query's label → the common label; the query's other labels are left out. Empty:
        the query's labels are the model's.
    model
        The model's label → the common label; the model's other labels stay as they are.
    """

    query: Mapping[str, str]
    model: Mapping[str, str]


@dataclass(frozen=True)
class LabelMatch:
    """Which labels of a query have a counterpart among those of a model.

    Attributes
    ----------
    label_map
        What was asked for.
    names
        The common labels: those of the model, or what the map makes of them.
    common
        Query label → common label.
    left_out
        Query label without a counterpart → its cells, the most frequent first.
    n_labelled
        Cells with a label.
    suggestions
        Left-out label → common labels with a similar name, the nearest first.
    """

    label_map: LabelMap
    names: tuple[str, ...]
    common: Mapping[str, str]
    left_out: Mapping[str, int]
    n_labelled: int
    suggestions: Mapping[str, tuple[NearLabel, ...]]

    @property
    def n_left_out(self) -> int:
        """Cells whose label has no counterpart."""
        return sum(self.left_out.values())

    @property
    def share_left_out(self) -> float:
        """Their share of the cells with a label."""
        return self.n_left_out / self.n_labelled if self.n_labelled else 0.0

    def draft(self) -> str:
        """Return a map as TOML, as :func:`read_label_map` reads it.

        It holds the labels that are matched, and the left-out ones whose near name is certain.
        What is less certain stands in it as a comment, to be looked at.
        """
        lines = [
            "# A draft: which label of the query is which label of the model. Check every line.",
            "# A line that begins with # is not used: remove the # where it is right.",
            "# Cells of labels that have no line are left out.",
            "",
            "[labels]",
        ]
        near_of = {label: self.suggestions.get(label, ()) for label in self.left_out}
        certain = {
            label: near[0].name for label, near in near_of.items() if near and near[0].certain
        }
        used = {**self.common, **self.label_map.query, **certain}
        lines += [_line(label, name) for label, name in used.items()]
        for label, n_cells in self.left_out.items():
            if label not in certain:
                near = [each.name for each in near_of[label]]
                lines += ["", f"# {n_cells:,} cells; {'perhaps' if near else 'no near name'}:"]
                lines += [f"# {_line(label, name)}" for name in near or [""]]
        if self.label_map.model:
            lines += ["", "[model]"]
            lines += [_line(label, name) for label, name in self.label_map.model.items()]
        return "\n".join(lines) + "\n"


def read_label_map(path: str | Path | None) -> LabelMap:
    """Read ``[labels]`` (query = common) and ``[model]`` (model = common) from a TOML file.

    Raises
    ------
    ConfigError
        The file is missing, is not TOML, or holds something else.
    """
    if path is None:
        return LabelMap({}, {})
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--label-map {path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ConfigError(f"--label-map {path}: not a TOML file ({error})") from error
    for name, table in content.items():
        texts = isinstance(table, dict) and all(isinstance(v, str) for v in table.values())
        if name not in ("labels", "model") or not texts:
            raise ConfigError(
                f"--label-map {path}: [{name}] was found; wanted are [labels], lines of "
                '"query label" = "model label", and perhaps [model], "model label" = "common label"'
            )
    return LabelMap(content.get("labels", {}), content.get("model", {}))


def match_labels(
    given: Iterable[str | None], own: Sequence[str], label_map: LabelMap
) -> LabelMatch:
    """Find the counterpart of each query label among the model's, and near names of the others.

    Parameters
    ----------
    given
        The label of each of the query's cells, None where it has none.
    own
        The model's labels.
    label_map
        How labels are brought to one set.

    Raises
    ------
    InputError
        The map leads to a label that the model does not have.

    Examples
    --------
    >>> match = match_labels(["B", "nk cells"], ["B", "NK"], LabelMap({}, {}))
    >>> match.left_out
    {'nk cells': 1}
    >>> match.suggestions
    {'nk cells': (NearLabel(name='NK', certain=True),)}
    """
    names = tuple(dict.fromkeys(label_map.model.get(label, label) for label in own))
    if unknown := [label for label in label_map.query.values() if label not in names]:
        raise InputError(
            f"label map: {unknown[0]!r} is no label of the model. {did_you_mean(unknown[0], names)}"
        )
    n_cells = dict(Counter(label for label in given if label is not None).most_common())
    renamed = label_map.query or {label: label_map.model.get(label, label) for label in n_cells}
    common = {label: renamed[label] for label in n_cells if renamed.get(label) in names}
    left_out = {label: n for label, n in n_cells.items() if label not in common}
    return LabelMatch(
        label_map, names, common, left_out, sum(n_cells.values()), near_labels(left_out, names)
    )


def _line(label: str, name: str) -> str:
    import tomli_w

    return tomli_w.dumps({label: name}).rstrip("\n")
