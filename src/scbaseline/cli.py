"""The command line: parses, calls one function, prints. Heavy libraries are loaded by commands."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter
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
            if not path.is_file():
                siblings = [p.name for p in path.parent.glob("*.toml")]
                raise ConfigError(
                    f"--config {path}: no such file. {did_you_mean(path.name, siblings)}"
                )
            try:
                Toml(path, use_commands_as_keys=False)(app, commands, arguments)
            except (CycloptsError, ValueError) as error:
                raise ConfigError(f"--config {path}: not a TOML file ({error})") from error


app = App(
    name="scbaseline",
    version=__version__,
    help="From raw single-cell counts to trained, honestly judged, portable PyTorch classifiers.",
    config=_settings_file,
    default_parameter=Parameter(negative=()),
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

    check_outputs(out, settings.recipe, input, config)
    screen = _screen(quiet=quiet)
    with _progress(quiet=quiet) as progress:
        progress("reading counts")
        adata = read_counts(input, progress=not quiet)
        notice = adata.uns[keys.PROVENANCE]["notice"]
        if notice:
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
        screen.print(f"  {line}")
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
    from scbaseline.files import refuse_input_as_output, write_atomically

    refuse_input_as_output(out, model, input)
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
            _say("error", f"{str(error).strip()} See `scbaseline --help`.")
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


def _screen(*, quiet: bool = False) -> Console:
    """Return where results are printed: plain words, no markup in them; wide in a pipe."""
    width = None if sys.stdout.isatty() else 120
    return Console(quiet=quiet, highlight=False, markup=False, soft_wrap=False, width=width)


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
