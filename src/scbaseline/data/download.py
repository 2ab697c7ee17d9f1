"""Turns the addresses of a data set into its verified counts, and keeps the file in the cache."""

import queue
import shutil
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from anndata import AnnData

from scbaseline.data.datasets import CACHE_DIR, DATA_DIR, Dataset, cache_folder
from scbaseline.data.provenance import difference
from scbaseline.errors import DataNotFoundError, InputError, OutputError, ScbaselineWarning
from scbaseline.files import temporary_prefix, write_atomically

PROBE_SECONDS = 4.0
"""A network that has not answered by then is none."""

_STALL_SECONDS = 30.0  # a download that stands still for so long is given up
_CHUNK_BYTES = 1 << 16
_HEADERS = {"User-Agent": "scbaseline"}  # some servers refuse the default of Python's libraries


def download(
    dataset: Dataset, *, read: Callable[[Path], AnnData], progress: bool = True
) -> AnnData:
    """Download a data set from the first address that has it, and keep the file.

    Parameters
    ----------
    dataset
        Its ``urls`` are asked all at once, and tried in the order in which they answer.
    read
        Reads the downloaded file; what is not the data set's content is thrown away.
    progress
        Draw a progress bar, where standard error is a terminal.

    Raises
    ------
    DataNotFoundError
        No address could be reached, or none gave a file that can be read.
    InputError
        What was downloaded can be read, but is something else.
    """
    failures: dict[str, str] = {}
    wrong_content = False
    with tempfile.TemporaryDirectory(prefix=temporary_prefix()) as folder:
        for url in _answering(dataset.urls, failures):
            path = Path(folder) / url.rpartition("/")[2]
            try:
                _fetch(url, path, title=dataset.name if progress else None)
                adata = read(path)
            except (OSError, InputError) as error:
                failures[url] = _reason(error).replace(f"{path}: ", "")
                continue
            if differs := difference(adata, dataset):
                failures[url] = differs
                wrong_content = True
                continue
            _keep(path)
            return adata
    reasons = "; ".join(f"{urlsplit(url).netloc}: {failures[url]}" for url in dataset.urls)
    if wrong_content:
        raise InputError(
            f"{dataset.name}: what was downloaded is something else ({reasons}); "
            f"get the file from elsewhere and {_where_to_put(dataset)}"
        )
    raise DataNotFoundError(
        f"{dataset.name}: is in no folder that was looked in, and could not be downloaded "
        f"({reasons}); download {' or '.join(dataset.urls)} on another machine and "
        f"{_where_to_put(dataset)}"
    )


def _answering(urls: tuple[str, ...], failures: dict[str, str]) -> Iterator[str]:
    """Yield addresses as they answer; the reasons of the others go into ``failures``.

    Each is asked in a thread of its own, which is left behind if it hangs: a name server
    that does not answer cannot be interrupted.
    """
    import pooch

    ask = pooch.HTTPDownloader(timeout=PROBE_SECONDS)
    answers: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def probe(url: str) -> None:
        try:
            # An answer of any kind shows that there is a network; whether the file is there
            # is for the download itself to find out.
            ask(url, output_file=None, pooch=None, check_only=True)
        except Exception as error:  # noqa: BLE001 (a thread has no one else to tell)
            answers.put((url, _reason(error)))
        else:
            answers.put((url, ""))

    deadline = time.monotonic() + PROBE_SECONDS
    for url in urls:
        failures[url] = f"no answer within {PROBE_SECONDS:g} seconds"
        threading.Thread(target=probe, args=(url,), daemon=True).start()
    for _ in urls:
        try:
            url, reason = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return
        if reason:
            failures[url] = reason
        else:
            yield url


def _fetch(url: str, path: Path, *, title: str | None) -> None:
    import pooch

    with _progress_bar(title) as bar:
        pooch.HTTPDownloader(
            progressbar=bar, chunk_size=_CHUNK_BYTES, timeout=_STALL_SECONDS, headers=_HEADERS
        )(url, output_file=str(path), pooch=None)


class _Bar:
    """What pooch asks of a progress bar, drawn by rich."""

    def __init__(self, title: str) -> None:
        from rich import progress
        from rich.console import Console

        self.total = 0
        self.drawing = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self.drawing.add_task(f"Downloading {title}", total=None)

    def update(self, n_bytes: int) -> None:
        self.drawing.update(self._task, advance=n_bytes, total=self.total or None)

    def reset(self) -> None:
        self.drawing.reset(self._task)

    def close(self) -> None:
        self.drawing.stop()


@contextmanager
def _progress_bar(title: str | None) -> "Iterator[_Bar | Literal[False]]":
    if title is None or not sys.stderr.isatty():
        yield False
        return
    bar = _Bar(title)
    with bar.drawing:
        yield bar


def _keep(path: Path) -> None:
    """Move a verified file into the cache; its content is at hand even if that fails."""
    kept = cache_folder() / path.name
    try:
        write_atomically(kept, lambda temporary: shutil.copyfile(path, temporary))
    except OutputError as error:
        warnings.warn(
            f"the download is used, but cannot be kept in {kept.parent} "
            f"({error.__cause__}); name another folder: {CACHE_DIR}=/folder",
            ScbaselineWarning,
            stacklevel=2,
        )


def _reason(error: Exception) -> str:
    """Say in a few words what went wrong; requests takes three lines for it."""
    if isinstance(error, InputError):
        return str(error)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"HTTP status {status}"
    if "Timeout" in type(error).__name__:
        return "no answer"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "cannot be reached"


def _where_to_put(dataset: Dataset) -> str:
    names = " or ".join(url.rpartition("/")[2] for url in dataset.urls)
    return f"put {names} into a folder that is named so: {DATA_DIR}=/that/folder"
