"""What all commands share: the app, its settings file, its options and its exit statuses."""

import errno
import io
import os
import signal
import sys
import threading
import tomllib
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter, convert
from cyclopts.config import Toml

from scbaseline import __version__
from scbaseline.cli.watch import watch_signals
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions
from scbaseline.errors import ConfigError, ScbaselineError, ScbaselineWarning, did_you_mean


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

_NO_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EPIPE, errno.EBADF)

# The words on an option that several commands have stand here, once.
Settings = Annotated[RunConfig, Parameter(name="*")]
Reading = Annotated[ReadOptions, Parameter(name="*")]
SettingsFile = Annotated[
    Path | None,
    Parameter(help="TOML file with any of these settings; flags win over it."),
]
Input = Annotated[
    str, Parameter(help="A data set's name, or the path of a file or folder with raw counts.")
]
InputOrDefault = Annotated[
    str | None,
    Parameter(
        help="A data set's name (see `scbaseline datasets`), or the path of a file or folder. "
        "Without it: pbmc3k, or the embedded sample where there is no network."
    ),
]
ModelFile = Annotated[Path, Parameter(help="A model file, as `scbaseline run` and `train` write.")]
TotalKey = Annotated[
    str | None,
    Parameter(
        help="Column of obs that holds each cell's total count, where X holds only some genes."
    ),
]
Force = Annotated[
    bool, Parameter(help="Predict even where the data lack most of the model's genes.")
]
Figures = Annotated[
    Literal["png", "svg"], Parameter(help="svg: write each figure as SVG, too, beside the PNG.")
]
Quiet = Annotated[
    bool, Parameter(name=["--quiet", "-q"], help="Print nothing but warnings and errors.")
]
Verbose = Annotated[bool, Parameter(name=["--verbose", "-v"])]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for bad data, 2 for bad usage.

    Parameters
    ----------
    argv
        The words after the program's name; by default, the process's own.
    """
    if sys.stdout is None:  # closed by the caller
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (it stays open)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a × that ASCII lacks must not end a run
    # What ends a job politely is to leave no half-written file, like Ctrl-C.
    if threading.current_thread() is threading.main_thread():
        answered = watch_signals() if argv is None else _nothing
        signal.signal(signal.SIGTERM, lambda *_: (answered(), sys.exit(143)))
        signal.signal(signal.SIGINT, lambda *got: (answered(), signal.default_int_handler(*got)))
    with warnings.catch_warnings():
        # A user reads our warnings; those of libraries are for those who work on them.
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", ScbaselineWarning)
        warnings.showwarning = lambda message, *_, **__: say("warning", message)
        try:
            status = app(
                sys.argv[1:] if argv is None else argv,
                exit_on_error=False,
                print_error=False,
                result_action="return_value",
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
        except OSError as error:
            if error.filename is not None or error.errno not in _NO_OUTPUT:
                raise
            return _without_output(error)
        try:
            sys.stdout.flush()  # here, where it can be said, not at the end of Python
        except OSError as error:
            return _without_output(error)
    return status if isinstance(status, int) else 0


def _nothing() -> None:
    pass


def _without_output(error: OSError) -> int:
    """Return the exit status where standard output takes no more, and say why."""
    with suppress(OSError, ValueError):  # what is left in its buffer must not fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return 141  # as of a process that the closed pipe ended; its reader has seen enough
    say("error", f"standard output: cannot be written ({os.strerror(error.errno or 0)})")
    return 1


def file_of(given: str | None) -> Path | None:
    """Return the file or folder behind a data set's name or a path, if there is one."""
    from scbaseline.data.datasets import DATASETS, DEFAULT, find_dataset

    name = given or DEFAULT
    return find_dataset(name).path if name in DATASETS else Path(name)


def again(given: str | None, reading: ReadOptions, settings: RunConfig) -> tuple[str, ...]:
    """Return the words that name the same cells, labels and groups in the next command.

    Parameters
    ----------
    given
        The input, if one was named.
    reading
        What was said of the file.
    settings
        ``label_key``, ``label_origin``, ``group_key``, ``markers``.
    """
    words = [] if given is None else [given]
    said = {field.name: getattr(reading, field.name) for field in fields(reading)}
    named = ("label_key", "label_origin", "group_key", "markers")
    said |= {name: getattr(settings, name) for name in named}
    plain = {**vars(ReadOptions()), **vars(RunConfig())}
    for name, value in said.items():
        if value != plain[name]:
            words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return tuple(words)


def say(kind: str, message: object) -> None:
    """Print a warning, a note or an error for a person, where results do not go."""
    print(f"scbaseline: {kind}: {message}", file=sys.stderr)
