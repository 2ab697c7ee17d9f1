"""What all commands share: the app, its settings file, its options and its exit statuses."""

import errno
import io
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter, UnknownOptionError, convert

from scbaseline import __version__
from scbaseline.cli.groups import OTHER, GroupedApp
from scbaseline.cli.progress import in_words
from scbaseline.cli.ranks import is_first, refuse_unshared
from scbaseline.cli.watch import watch_signals
from scbaseline.config import RunConfig
from scbaseline.data.options import ReadOptions
from scbaseline.errors import ConfigError, ScbaselineError, ScbaselineWarning, did_you_mean


def _settings_file(app: App, commands: tuple[str, ...], arguments: Any) -> None:
    """Let cyclopts read the TOML file that ``--config`` names, for settings without a flag."""
    from cyclopts.config import Toml

    _refuse_stray_values(arguments)
    for argument in arguments:
        if argument.name == "--config" and argument.tokens:
            path = Path(argument.tokens[0].value)
            _check_settings(path)
            Toml(path, use_commands_as_keys=False)(app, commands, arguments)


def _refuse_stray_values(arguments: Any) -> None:
    """Refuse a second value of ``--protocol`` or ``--recipe`` that would be taken for the input."""
    for option in arguments:
        if option.name not in ("--protocol", "--recipe") or not option.tokens:
            continue
        from scbaseline.learn.recipes import RECIPES
        from scbaseline.study.protocols import PROTOCOLS

        known = [*(PROTOCOLS if option.name == "--protocol" else RECIPES)]
        first = option.tokens[-1].value
        for token in (t for a in arguments if a.index is not None for t in a.tokens):
            if get_close_matches(token.value, known, n=1, cutoff=0.8):
                raise ConfigError(
                    f"{option.name} {first} {token.value}: several values are joined by commas; "
                    f"type {option.name} {first},{token.value} (or ./{token.value} for a file "
                    "of this name)"
                )


def _check_settings(path: Path) -> None:
    import tomllib

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
    """Convert words as cyclopts does; ``a,b`` is two values, and 1.5 is no whole number."""
    if type_ == tuple[str, ...] | None:
        return tuple(part for token in tokens for part in token.value.split(",") if part)
    if type_ in (int, int | None) and not tokens[0].value.lstrip("+-").isdecimal():
        raise ValueError(f"{tokens[0].value} is not a whole number")
    return convert(type_, tokens)


app = GroupedApp(
    name="scbaseline",
    version=__version__,
    help="Label the cells of single-cell RNA-seq data, train classifiers, and measure how far to "
    "trust them.",
    help_format="plaintext",  # markdown takes 50 ms to load
    config=_settings_file,
    suppress_keyboard_interrupt=False,
    default_parameter=Parameter(negative=(), converter=_convert),
    help_epilogue="First steps: scbaseline doctor FILE, or scbaseline run on public data. "
    "scbaseline COMMAND --help shows the options of a command, with an example.",
)
for flag in ("--help", "--version"):
    app[flag].group = OTHER
app.register_install_completion_command(
    group=OTHER, help="Let the shell complete commands and options; once, for bash, zsh or fish."
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
ModelFile = Annotated[
    Path,
    Parameter(
        help="A model file, as `scbaseline run` and `train` write, or the name of one that comes "
        "with the package: pbmc (see `scbaseline models`)."
    ),
]
TotalKey = Annotated[
    str | None,
    Parameter(
        help="Column of obs that holds each cell's total count, where X holds only some genes."
    ),
]
Force = Annotated[bool, Parameter(help="Predict even if the data lack most of the model's genes.")]
ReportFile = Annotated[
    Path | None,
    Parameter(
        help="Also write a page for a browser, FILE.html: a UMAP of the cells, labels, scores."
    ),
]
ReportGenes = Annotated[
    str,
    Parameter(help="Genes that the page shows besides the markers, joined by commas: CD3E,MS4A1."),
]
Figures = Annotated[
    Literal["png", "svg"], Parameter(help="svg: also write each figure as SVG, beside the PNG.")
]
Quiet = Annotated[
    bool, Parameter(name=["--quiet", "-q"], help="Print nothing but warnings and errors.")
]
Overwrite = Annotated[bool, Parameter(help="Replace files that scbaseline did not write.")]
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
    words, began = list(sys.argv[1:] if argv is None else argv), time.perf_counter()
    with warnings.catch_warnings():
        # A user reads our warnings; those of libraries are for those who work on them.
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", ScbaselineWarning)
        warnings.showwarning = lambda message, *_, **__: say("warning", message)
        try:
            refuse_unshared(words)
            status = app(
                words,
                exit_on_error=False,
                print_error=False,
                result_action="return_value",
            )
        except CycloptsError as error:
            if is_first():
                say("error", _mistyped(error))
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
    seconds = time.perf_counter() - began
    if seconds > 1 and sys.stderr.isatty() and not {"-q", "--quiet"}.intersection(words):
        say("done", f"after {in_words(seconds)}")
    return status if isinstance(status, int) else 0


def _mistyped(error: CycloptsError) -> str:
    """Return what was mistyped, the nearest option, and where the options are listed."""
    words = " ".join(str(error).split())
    if isinstance(error, UnknownOptionError) and (
        typed := error.token.keyword or error.token.value
    ):
        options = [name for a in error.argument_collection for name in a.names]
        nearest = max(options, key=lambda name: _likeness(typed, name), default="")
        words = f"there is no option {typed}."
        if nearest and _likeness(typed, nearest) > 0.7:
            words += f" Did you mean {nearest}?"
    command = " ".join(("scbaseline", *(error.command_chain or ())))
    return f"{words}{'' if words[-1] in '.?' else '.'} See `{command} --help`."


def _likeness(typed: str, option: str) -> float:
    """Return how alike two options are: by letters, and by the words that they share."""
    typed_words, words = (set(name.strip("-").split("-")) for name in (typed, option))
    shared = len(typed_words & words) / len(typed_words | words)
    return SequenceMatcher(None, typed, option).ratio() + shared


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


def names_in(texts: str) -> tuple[str, ...]:
    """Return the names in a text with commas between them."""
    return tuple(name for text in texts.split(",") if (name := text.strip()))


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
