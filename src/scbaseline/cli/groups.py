"""How ``--help`` shows commands and options: in which group, in which order, in which words."""

from inspect import cleandoc
from pathlib import Path
from typing import Any

from cyclopts import App, Group, Parameter

START = Group("1. Look at your data", sort_key=1)
LEARN = Group("2. Train classifiers", sort_key=2)
JUDGE = Group("3. Know how far to trust them", sort_key=3)
USE = Group("4. Label the cells of another file", sort_key=4)
OTHER = Group("Other", sort_key=5)

_OPTIONS = {
    "Most used": (
        "label-key", "group-key", "layer", "protocol", "recipe", "resolution", "seed", "threads",
        "out", "verbose",
    ),
    "Data": (
        "use-raw", "transpose", "genome", "obs", "allow-fractional", "total-key", "min-genes",
        "max-pct-counts-mt", "min-cells",
    ),
    "Labels": (
        "label-origin", "label-map", "label-map-draft", "label-tree", "markers",
        "min-cells-per-label", "n-neighbors", "n-pcs", "merge-unstable",
    ),
    "Evaluation": (
        "test-fraction", "validation-fraction", "folds", "repeats", "draws", "null-draws",
        "thin-fraction", "n-bootstrap", "exam", "reject-known",
        "set-level",
    ),
    "Training": (
        "n-top-genes", "n-comps", "target-sum", "max-value", "learning-rate", "batch-size",
    ),
    "Computing": ("device", "from-disk", "checkpoint"),
    "Output": (
        "to", "key-added", "probabilities", "smooth", "force", "overwrite", "report",
        "report-genes", "figure-format", "json", "config", "quiet",
    ),
}  # fmt: skip
_GROUPS = {title: Group(title, sort_key=rank) for rank, title in enumerate(_OPTIONS, start=10)}
_PLACES = {
    f"--{name}": (rank, _GROUPS[title])
    for rank, (title, name) in enumerate((t, n) for t, names in _OPTIONS.items() for n in names)
}

# Settings that a command takes from a shared file, or refuses, but does nothing with.
_WITHOUT_EFFECT = {
    "run": ("folds", "repeats"),
    "audit": ("draws",),
    "train": (
        "protocol", "repeats", "draws", "null-draws", "thin-fraction", "merge-unstable", "markers",
    ),
}  # fmt: skip


class GroupedApp(App):
    """An app that shows options in groups, the most used first, and defaults as people write.

    Lines of a docstring end where a line of code does; on a screen they end where it does.
    """

    @property
    def help(self) -> str:
        """The docstring of a command, each of its paragraphs in one line."""
        words, mark, of_options = cleandoc(super().help).partition("\n\nParameters\n")
        return (
            "\n\n".join(" ".join(part.split()) for part in words.split("\n\n")) + mark + of_options
        )

    @help.setter  # noqa: A003 (as cyclopts calls it)
    def help(self, words: str) -> None:
        self._help = words

    def assemble_argument_collection(self, **options: Any) -> Any:
        """Return the arguments of a command; for its help, in groups and in plain words."""
        arguments = super().assemble_argument_collection(**options)
        if not options.get("parse_docstring"):
            return arguments  # they are wanted to read what was typed
        idle = {f"--{name}" for name in _WITHOUT_EFFECT.get(self.name[0], ())}
        for argument in arguments:
            # An explanation may follow after an empty line; it is for those who read the code.
            first = (argument.parameter.help or "").split("\n\n")[0]
            words = " ".join(first.replace("`", "").split())
            shown = _as_written(argument.field_info.default)
            changes = Parameter(help=words, show_default=shown or False)
            if argument.name in idle:
                changes = Parameter.combine(changes, Parameter(show=False))
            if argument.name in _PLACES:
                changes = Parameter.combine(changes, Parameter(group=_PLACES[argument.name][1]))
            argument.parameter = Parameter.combine(argument.parameter, changes)
        arguments.sort(key=lambda argument: _PLACES.get(argument.name, (-1,))[0])
        return arguments


def _as_written(default: Any) -> str:
    """Return a default as a person writes it; nothing where it is to have none."""
    if isinstance(default, bool):
        return ""
    if isinstance(default, int | float):
        return f"{default:,.10g}"
    if default == Path():
        return "this folder"
    return default if isinstance(default, str) else ""
