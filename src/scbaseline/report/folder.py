"""Files to write in; all of them in a folder, or none, out."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scbaseline.compute import Pool, Task
from scbaseline.errors import OutputError
from scbaseline.files import refuse_input_as_output, said_as_output_error, staging
from scbaseline.report.ours import PNG_NOTE, refuse_strangers_files
from scbaseline.stages import Stages

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FigureFormat = Literal["png", "svg"]
"""PNG alone, or SVG beside it."""


def check_folder(
    out: Path, planned: Sequence[Path], *inputs: str | Path | None, overwrite: bool
) -> None:
    """Make a folder for planned files, and see that it can be written to.

    Raises
    ------
    OutputError
        A file would overwrite an input or, without ``overwrite``, a file that is not ours; or
        the folder cannot be written to.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"--out {out}: is a file; name a folder")
    for path in planned:
        refuse_input_as_output(path, *inputs)
    refuse_strangers_files(planned, overwrite=overwrite)
    with staging(out):
        pass


class Outputs:
    """Files that are being written into a hidden folder, before they move to their place.

    Parameters
    ----------
    hidden
        The hidden folder.
    out
        Where the files are to be.
    pool
        Its processes draw figures.
    stages
        Opens a named stage around what is done here.
    svg
        Whether each figure is written as SVG, too.
    """

    def __init__(
        self, hidden: Path, out: Path, *, pool: Pool, stages: Stages, svg: bool = False
    ) -> None:
        self._hidden, self._out, self._pool, self._stages = hidden, out, pool, stages
        self._svg = svg
        self._names: list[str] = []
        self._drawings: dict[str, Task[None]] = {}

    def draw(self, name: str, figure: Callable[..., "Figure"], **contents: Any) -> None:
        """Let a process of the pool draw ``figure(**contents)``; both can be pickled."""
        paths = [self._place(file.as_posix()) for file in figure_files(Path(name), svg=self._svg)]
        call = partial(draw_to_file, figure, contents, paths)
        self._drawings[name] = self._pool.submit(call)

    def write(self, name: str, write: Callable[[Path], object]) -> None:
        """Write a file now."""
        path = self._place(name)
        with said_as_output_error(self._out / name):
            write(path)

    def move(self) -> list[Path]:
        """Wait for the figures, move all files to their place, and return their paths."""
        for name, drawing in reversed(self._drawings.items()):  # the last may not have begun
            with said_as_output_error(self._out / name):
                drawing.result(self._stages)
        for name in self._names:
            with said_as_output_error(self._out / name):
                (self._out / name).parent.mkdir(exist_ok=True)
                (self._hidden / name).replace(self._out / name)
        return [self._out / name for name in self._names]

    def _place(self, name: str) -> Path:
        self._names.append(name)
        path = self._hidden.resolve() / name
        path.parent.mkdir(exist_ok=True)
        return path


@contextmanager
def outputs_in(
    out: Path, *, pool: Pool | None = None, figure_format: FigureFormat = "png"
) -> Iterator[Outputs]:
    """Open a hidden folder in ``out`` to write files into; what was not moved is gone at the end.

    Parameters
    ----------
    out
        The folder that the files are to be in.
    pool
        Its processes draw figures; by default all is drawn here.
    figure_format
        ``"svg"``: each figure is written as SVG, too.

    Raises
    ------
    OutputError
        A file cannot be written; earlier ones are left as they were.
    """
    with staging(out) as hidden:
        svg = figure_format == "svg"
        yield Outputs(hidden, out, pool=pool or Pool(0), stages=Stages(threads=1), svg=svg)


def draw_to_file(
    figure: Callable[..., "Figure"],
    contents: dict[str, Any],
    paths: Sequence[Path],
    stages: Stages,
) -> None:
    """Draw a figure into files, in whichever process this is called."""
    import matplotlib as mpl

    # Without a date and with ids of its content alone, the same figure is the same file.
    with stages("figures"), mpl.rc_context({"svg.hashsalt": "scbaseline"}):
        drawn = figure(**contents)
        for path in paths:
            note = {"Date": None, "Creator": "scbaseline"} if path.suffix == ".svg" else PNG_NOTE
            drawn.savefig(path, metadata=note)


def figure_files(path: Path, *, svg: bool) -> list[Path]:
    """Return the files that a figure is written to.

    Parameters
    ----------
    path
        The PNG.
    svg
        Whether there is an SVG, too.
    """
    return [path, path.with_suffix(".svg")] if svg else [path]


def write_json(content: dict[str, Any], path: Path) -> None:
    """Write a dictionary as JSON; a value that JSON does not know is an error."""
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_text(text: str, path: Path) -> None:
    """Write a text."""
    path.write_text(text, encoding="utf-8")


def settings_toml(settings: dict[str, Any], *remarks: str) -> str:
    """Return settings as a TOML file holds them, below remarks on their use."""
    import tomli_w

    return "".join(f"# {line}\n" for line in remarks) + tomli_w.dumps(settings)
