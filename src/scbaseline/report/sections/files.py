"""Paths of written files in; what lies where, out."""

from collections.abc import Sequence
from pathlib import Path

from scbaseline.report.finding import Finding


def files_finding(
    out: Path, written: Sequence[Path], *, stale: Sequence[str] = (), note: str = ""
) -> Finding:
    """List what was written into a folder.

    Parameters
    ----------
    out
        The folder.
    written
        The files.
    stale
        Files of an earlier run that lie there still.
    note
        What else is to be said of the files.
    """
    title = "Files" if out == Path() else f"Files in {out}/"
    sentences = short_paths([path.relative_to(out) for path in written])
    if note:
        sentences.append(note)
    if stale:
        sentences.append(f"Left there from an earlier run: {', '.join(stale)}")
    return Finding(title, tuple(sentences))


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
