"""The command line: parses, calls one function, prints. Heavy libraries are loaded by commands."""

import signal
import sys
import threading
import tomllib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter, convert
from cyclopts.config import Toml
from rich.console import Console

from scbaseline import __version__, keys
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

Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"])]
Verbose = Annotated[bool, Parameter(name=["--verbose", "-v"])]


@app.command
def run(
    input: str | None = None,  # noqa: A002 (the word that a user reads)
    /,
    *,
    settings: Annotated[RunConfig, Parameter(name="*")] = RunConfig(),  # noqa: B008 (it is frozen)
    out: Path = Path(),
    config: Path | None = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Cluster the cells, train the baselines, judge them, and save models and figures.

    Parameters
    ----------
    input
        A data set's name (see `scbaseline datasets`), an .h5ad file, or a 10x folder.
        Without it: pbmc3k, or the embedded sample where there is no network.
    out
        Folder for figures, models and tables.
    config
        TOML file with any of these settings; flags win over it.
    quiet
        Print nothing but warnings and errors.
    verbose
        Print also the time of each stage and a table per label.
    """
    from scbaseline.data.read import read_counts
    from scbaseline.report.write import check_outputs

    check_outputs(out, settings.recipe, _file_of(input), config)
    screen = _screen(quiet=quiet)
    with _progress(quiet=quiet) as progress:
        progress("reading counts")
        adata = read_counts(input, progress=not quiet)
        notice = adata.uns[keys.PROVENANCE]["notice"]
        if notice and quiet:
            _say("warning", notice)
        elif notice:
            screen.print(notice, style="bold")
        progress("loading scanpy and torch")
        from scbaseline import pipeline
        from scbaseline.report import console, write

        result = pipeline.run(adata, settings, progress=progress)
        progress("drawing figures, writing files")
        written = write.save_run(result, out)

    screen.print(console.data_line(result))
    screen.print(console.label_line(result))
    if verbose:
        for stage, seconds in result.timings.items():
            screen.print(f"  {seconds:7.2f} s  {stage}")
        for name in result.protocols:
            screen.print()
            screen.print(console.label_table(result, name))
    screen.print()
    screen.print(f"Wrote into {out}/" if out != Path() else "Wrote")
    for line in console.short_paths([path.relative_to(out) for path in written]):
        screen.print(f"  {line}", soft_wrap=True)
    if not result.classifiers:
        screen.print("No model is saved: no protocol of this run keeps test cells out of the fit")
    if stale := write.left_from_earlier(out, written):
        screen.print(f"Left there from an earlier run: {', '.join(stale)}", soft_wrap=True)
    screen.print()
    screen.print(console.headline_table(result))
    screen.print()
    screen.print(console.reading(result))
    if notice:
        screen.print(notice, style="bold")


@app.command
def predict(
    model: Path,
    input: str,  # noqa: A002
    /,
    *,
    out: Path,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Label the cells of a file with a saved model; write cell_id, predicted_label, probability.

    Parameters
    ----------
    model
        A model file, as `scbaseline run` writes to models/.
    input
        A data set's name, an .h5ad file, or a 10x folder, with raw counts.
    out
        The CSV file to write.
    quiet
        Print nothing but warnings and errors.
    verbose
        Print also what the model is.
    """
    from scbaseline.data.read import read_counts
    from scbaseline.files import refuse_input_as_output, writable_file, write_atomically

    refuse_input_as_output(out, model, _file_of(input))
    writable_file(out)
    screen = _screen(quiet=quiet)
    with _progress(quiet=quiet) as progress:
        progress("loading the model")
        from scbaseline.classifier import Classifier
        from scbaseline.report.console import card_lines

        classifier = Classifier.load(model)
        progress("reading counts")
        adata = read_counts(input, progress=not quiet)
        progress(f"predicting {adata.n_obs:,} cells")
        predicted = classifier.predict(adata)
        write_atomically(out, predicted.to_csv)
    if verbose:
        screen.print(card_lines(classifier.card))
    counted = predicted["predicted_label"].value_counts()
    screen.print(f"{out}: {len(predicted):,} cells")
    for label, n in counted.items():
        screen.print(f"  {n:7,}  {label}")


@app.command
def show(model: Path, /) -> None:
    """Print what a model is, what it was trained on, and what its figures are worth.

    Parameters
    ----------
    model
        A model file, as `scbaseline run` writes to models/.
    """
    from scbaseline.classifier import Classifier
    from scbaseline.report.console import card_lines

    card = Classifier.load(model).card
    _screen().print(card_lines(card))


@app.command
def datasets() -> None:
    """List the data sets that can be named, and where each is found now."""
    from scbaseline.data.datasets import describe_datasets

    screen = _screen()
    for found in describe_datasets():
        data = found.dataset
        where = f"{found.where}: {found.path}" if found.path else "not here yet: will be downloaded"
        screen.print(f"{data.name}", style="bold")
        screen.print(
            f"  {data.title}; {data.n_cells:,} cells × {data.n_genes:,} genes; {data.licence}\n"
            f"  {data.summary}\n  {where}"
        )


@app.command
def doctor(
    input: str,  # noqa: A002
    /,
    *,
    reading: Annotated[ReadOptions, Parameter(name="*")] = ReadOptions(),  # noqa: B008
    json: bool = False,
) -> None:
    """Say what a file holds, what that means, and what to type next.

    Parameters
    ----------
    input
        A data set's name, or the path of any file or folder that can be read.
    json
        Print it as JSON, for programs.
    """
    from scbaseline.data.doctor import examine
    from scbaseline.data.findings import findings, summary
    from scbaseline.data.provenance import provenance_of
    from scbaseline.data.read import open_counts

    with open_counts(input, reading) as adata:
        diagnosis, notes = examine(adata), provenance_of(adata).notes
        said = findings(
            diagnosis,
            obs_names=adata.obs_names,
            var_names=adata.var_names,
            allow_fractional=reading.allow_fractional,
        )
    if json:
        from json import dumps

        print(dumps(summary(diagnosis, said) | {"notes": notes}, indent=2))
        return
    print(f"{input}: {diagnosis.n_cells:,} cells × {diagnosis.n_genes:,} genes")
    for note in notes:
        print(f"  {note}")
    for finding in said:
        print(f"  {'cannot be used: ' if finding.is_refusal else ''}{finding}")
    if not any(finding.is_refusal for finding in said):
        print("  can be used as it is")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for bad data, 2 for bad usage.

    Parameters
    ----------
    argv
        The words after the program's name; by default, the process's own.
    """
    # What ends a job politely is to leave no half-written file, like Ctrl-C.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with warnings.catch_warnings():
        # A user reads our warnings; those of libraries are for those who work on them.
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", ScbaselineWarning)
        warnings.showwarning = lambda message, *_, **__: _say("warning", message)
        try:
            app(
                sys.argv[1:] if argv is None else argv,
                exit_on_error=False,
                print_error=False,
                result_action="return_none",
            )
        except CycloptsError as error:
            _say("error", f"{' '.join(str(error).split())} See `scbaseline --help`.")
            return 2
        except ScbaselineError as error:
            _say("error", "; ".join([str(error), *getattr(error, "__notes__", [])]))
            return error.exit_status
        except KeyboardInterrupt:
            _say("error", "interrupted; files that were being written are left out")
            return 130
        except MemoryError:
            _say("error", "not enough memory for these data; free some, or take fewer cells")
            return 1
    return 0


def _file_of(given: str | None) -> str | Path | None:
    """Return the file or folder behind a data set's name or a path, if there is one."""
    from scbaseline.data.datasets import DATASETS, DEFAULT, find_dataset

    name = given or DEFAULT
    return find_dataset(name).path if name in DATASETS else name


def _screen(*, quiet: bool = False) -> Console:
    """Return where results are printed: plain words, no markup in them; wide in a pipe."""
    width = None if sys.stdout.isatty() else 120
    screen = Console(quiet=quiet, highlight=False, markup=False, width=width)
    # On a narrow terminal, lines that run on are better than columns that are left out.
    screen.width = max(screen.width, 80)
    return screen


def _say(kind: str, message: object) -> None:
    print(f"scbaseline: {kind}: {message}", file=sys.stderr)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """Show the current stage on a terminal; stay silent in a pipe."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    with console.status("starting") as status:
        yield status.update
