"""What all commands share: the app, its settings file, its exit statuses, its screen."""

import atexit
import gc
import io
import os
import signal
import sys
import threading
import tomllib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, CycloptsError, Parameter, convert
from cyclopts.config import Toml
from rich.console import Console
from rich.progress import Progress, TextColumn

from scbaseline import __version__
from scbaseline.config import RunConfig
from scbaseline.errors import ConfigError, ScbaselineError, ScbaselineWarning, did_you_mean

if TYPE_CHECKING:
    import pandas as pd


def _settings_file(app: App, commands: tuple[str, ...], arguments: Any) -> None:
    """Let cyclopts read the TOML file that ``--config`` names, for settings without a flag."""
    for argument in arguments:
        if argument.name == "--config" and argument.tokens:
            path = Path(argument.tokens[0].value)
            _check_settings(path)
            Toml(path, use_commands_as_keys=False)(app, commands, arguments)


def _check_settings(path: Path) -> None:
    if not path.is_file():
        siblings = [p.name for p in path.parent.glob("*.toml")]
        what = "is a folder" if path.is_dir() else "no such file"
        raise ConfigError(f"--config {path}: {what}. {did_you_mean(path.name, siblings)}")
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"--config {path}: not a TOML file ({error})") from error
    known = [field.name for field in fields(RunConfig)]
    for name in settings:
        if name.replace("-", "_") not in known:
            raise ConfigError(
                f"--config {path}: {name} is not a setting. {did_you_mean(name, known)}"
            )


def _convert(type_: Any, tokens: Sequence[Any]) -> Any:
    """Convert words as cyclopts does, but take no 1.5 for the whole number 2."""
    if type_ is int and not tokens[0].value.lstrip("+-").isdecimal():
        raise ValueError(f"{tokens[0].value} is not a whole number")
    return convert(type_, tokens)


app = App(
    name="scbaseline",
    version=__version__,
    help="From raw single-cell counts to trained, honestly judged, portable PyTorch classifiers.",
    config=_settings_file,
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative=(), converter=_convert),
)

WIDE = 118
"""Columns from which on intervals stand beside their values."""

Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"])]
Verbose = Annotated[bool, Parameter(name=["--verbose", "-v"])]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for bad data, 2 for bad usage.

    Parameters
    ----------
    argv
        The words after the program's name; by default, the process's own.
    """
    # Hundreds of thousands of objects come with the libraries and stay: to search them for
    # garbage again and again while they are loaded, and once more at the end, takes seconds.
    gc.set_threshold(100_000, 10, 10)
    atexit.register(gc.freeze)
    if sys.stdout is None:  # closed by the caller
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (it stays open)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a × that ASCII lacks must not end a run
    # What ends a job politely is to leave no half-written file, like Ctrl-C.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with warnings.catch_warnings():
        # A user reads our warnings; those of libraries are for those who work on them.
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", ScbaselineWarning)
        warnings.showwarning = lambda message, *_, **__: say("warning", message)
        try:
            app(
                sys.argv[1:] if argv is None else argv,
                exit_on_error=False,
                print_error=False,
                result_action="return_none",
            )
        except CycloptsError as error:
            say("error", f"{' '.join(str(error).split())} See `scbaseline --help`.")
            return 2
        except ScbaselineError as error:
            say("error", "; ".join([str(error), *getattr(error, "__notes__", [])]))
            return error.exit_status
        except KeyboardInterrupt:
            say("error", "interrupted; files that were being written are left out")
            return 130
        except MemoryError:
            say("error", "not enough memory for these data; free some, or take fewer cells")
            return 1
    return 0


def file_of(given: str | None) -> str | Path | None:
    """Return the file or folder behind a data set's name or a path, if there is one."""
    from scbaseline.data.datasets import DATASETS, DEFAULT, find_dataset

    name = given or DEFAULT
    return find_dataset(name).path if name in DATASETS else name


def screen_for(*, quiet: bool = False) -> Console:
    """Return where results are printed: plain words, no markup in them; wide in a pipe."""
    width = None if sys.stdout.isatty() else 120
    screen = Console(quiet=quiet, highlight=False, markup=False, width=width)
    # On a narrow terminal, lines that run on are better than columns that are left out.
    screen.width = max(screen.width, 80)
    return screen


def say(kind: str, message: object) -> None:
    """Print a warning, a note or an error for a person, where results do not go."""
    print(f"scbaseline: {kind}: {message}", file=sys.stderr)


@contextmanager
def stage_line(*, quiet: bool) -> Iterator[Any]:
    """Show the current stage on a terminal; stay silent in a pipe."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    with console.status("starting") as status:
        yield status.update


def counted(
    blocks: Iterable["pd.DataFrame"], n_cells: int, *, quiet: bool
) -> Iterator["pd.DataFrame"]:
    """Pass blocks of cells on; on a terminal, show rate and time left while they pass."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield from blocks
        return
    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[rate]:,.0f} cells/s"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("predicting", total=n_cells, rate=0.0)
        for block in blocks:
            yield block
            bar.advance(task, len(block))
            bar.update(task, rate=bar.tasks[task].finished_speed or bar.tasks[task].speed or 0.0)
