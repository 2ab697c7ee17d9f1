"""Paths of written files in; what lies where, out."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from scbaseline.report.finding import Finding


def files_finding(out: Path, written: Sequence[Path], *, detail: bool = False) -> Finding:
    """List what was written into a folder.

    Parameters
    ----------
    out
        The folder.
    written
        The files.
    detail
        Whether it is for those who ask for more.
    """
    title = "Files" if out == Path() else f"Files in {out}/"
    sentences = short_paths([path.relative_to(out) for path in written])
    return Finding(title, tuple(sentences), detail=detail)


def next_finding(
    look_at: Mapping[Path, str],
    commands: Mapping[str, Sequence[str]],
    *,
    seconds: float,
    notes: Sequence[str] = (),
) -> Finding:
    """Say where to look, what to type next, and how long it took.

    Parameters
    ----------
    look_at
        File → what it shows.
    commands
        What for → the words to type.
    seconds
        From the beginning to the end.
    notes
        What else is to be said of the files.
    """
    lines = [*notes]
    lines += [f"To see {words}, open\n  {path}" for path, words in look_at.items()]
    lines += [f"To {why}, type\n  {shlex.join(words)}" for why, words in commands.items()]
    return Finding(f"Next (this took {seconds:.1f} s)", tuple(lines))


def short_paths(paths: Sequence[Path]) -> list[str]:
    """Return the paths with files of one folder grouped: ``models/{pca,hvg}.safetensors``."""
    groups: dict[tuple[Path, str], list[str]] = {}
    for path in paths:
        groups.setdefault((path.parent, path.suffix), []).append(path.stem)
    return [
        f"{folder / stems[0]}{suffix}" if len(stems) == 1
        else f"{folder / ('{' + ','.join(stems) + '}')}{suffix}"
        for (folder, suffix), stems in groups.items()
    ]  # fmt: skip
