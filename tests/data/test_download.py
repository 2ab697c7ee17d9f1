"""A download is verified by its content, and the lack of a network is found out soon."""

import http.server
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anndata
import numpy as np
import pytest
from made_files import COUNTS, register_toy, write_toy

from scbaseline.data import download as download_module
from scbaseline.data.datasets import DATASETS, EMBEDDED_DEFAULT, find_dataset
from scbaseline.data.read import read_counts
from scbaseline.errors import DataNotFoundError, InputError, ScbaselineWarning


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """Serve the toy files on this machine; yield the address of their folder."""
    write_toy(tmp_path / "served")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path / "served"))

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def closed() -> str:
    """Return an address where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """Yield an address that accepts every connection and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(params=["closed port", "silent server", "silent name server"])
def offline(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield an address that cannot be reached, in three ways."""
    if request.param != "silent name server":
        yield request.getfixturevalue(request.param.split()[0])
        return
    released = threading.Event()

    def hang(*args: object, **kwargs: object) -> None:
        released.wait(60)
        raise socket.gaierror("released")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield "http://data.invalid"
    released.set()


@pytest.mark.parametrize("file", ["toy_raw.h5ad", "toy_matrices.tar.gz"])
def test_downloads_and_keeps_either_file(
    served: str, cache: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """A download gives the counts, and its file is in the cache under its own name."""
    register_toy(monkeypatch, f"{served}/{file}")
    adata = read_counts("toy")
    np.testing.assert_array_equal(adata.X.toarray(), COUNTS)
    assert [path.name for path in cache.iterdir()] == [file]


def test_second_time_needs_no_network(
    served: str, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the cache is read from there."""
    dataset = register_toy(monkeypatch, f"{served}/toy_raw.h5ad")
    read_counts("toy")
    monkeypatch.setitem(DATASETS, "toy", replace(dataset, urls=(f"{closed}/toy_raw.h5ad",)))
    assert find_dataset("toy").where == "cache"
    assert read_counts("toy").n_obs == 3


@pytest.mark.parametrize("first", ["missing.h5ad", "toy_raw.h5ad"])
def test_tries_one_address_after_the_other(
    served: str, closed: str, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """An address that lacks the file, or cannot be reached, is not the last word."""
    server = served if first == "missing.h5ad" else closed
    register_toy(monkeypatch, f"{server}/{first}", f"{served}/toy_matrices.tar.gz")
    assert read_counts("toy").n_obs == 3


def test_refuses_other_content_and_keeps_nothing(
    served: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A readable file of other content is an error that names both fingerprints."""
    dataset = register_toy(monkeypatch, f"{served}/toy_raw.h5ad")
    monkeypatch.setitem(DATASETS, "toy", replace(dataset, fingerprint="0" * 32))
    with pytest.raises(InputError, match=rf"{dataset.fingerprint}, that of toy is {'0' * 32}"):
        read_counts("toy")
    assert not cache.exists()


def test_refuses_an_unreadable_download_and_keeps_nothing(
    served: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log-in page of a hotel is no data set."""
    (tmp_path / "served" / "toy_raw.h5ad").write_text("<html>Please log in</html>")
    register_toy(monkeypatch, f"{served}/toy_raw.h5ad")
    with pytest.raises(DataNotFoundError, match=r"\(127.0.0.1:\d+: is not an HDF5 file"):
        read_counts("toy")
    assert not cache.exists()


def test_replaces_a_damaged_file_in_the_cache(
    served: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was damaged after it was kept is downloaded again."""
    register_toy(monkeypatch, f"{served}/toy_raw.h5ad")
    cache.mkdir()
    (cache / "toy_raw.h5ad").write_bytes(b"\x89HDF\r\n\x1a\n cut short")
    assert read_counts("toy").n_obs == 3
    assert anndata.read_h5ad(cache / "toy_raw.h5ad").n_obs == 3


def test_warns_where_a_download_cannot_be_kept(
    served: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that cannot be written costs the next download, not this result."""
    cache.write_text("a file where the folder should be")
    register_toy(monkeypatch, f"{served}/toy_raw.h5ad")
    with pytest.warns(ScbaselineWarning, match="cannot be kept in"):
        assert read_counts("toy").n_obs == 3


@pytest.mark.parametrize("exists", [True, False])
def test_warns_of_a_data_folder_without_the_data(
    tmp_path: Path, served: str, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    """The warning names the folder, and the files looked for if it exists."""
    register_toy(monkeypatch, f"{served}/toy_raw.h5ad")
    folder = tmp_path / "data"
    if exists:
        folder.mkdir()
    monkeypatch.setenv("SCBASELINE_DATA_DIR", str(folder))
    wanted = r"toy_raw\.h5ad.*toy/toy_matrices\.tar\.gz" if exists else "there is no such folder"
    with pytest.warns(ScbaselineWarning, match=rf"{folder}: .*{wanted}"):
        read_counts("toy")


@pytest.mark.parametrize("terminal", [True, False])
def test_draws_a_bar_on_a_terminal_only(
    served: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: bool,
) -> None:
    """A pipe gets no progress bar; standard output never does."""
    register_toy(monkeypatch, f"{served}/toy_raw.h5ad")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    read_counts("toy")
    seen = capsys.readouterr()
    assert seen.out == ""
    assert ("Downloading toy" in seen.err) is terminal


def test_no_bar_where_none_is_wanted(
    served: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``progress=False`` is quiet even on a terminal."""
    register_toy(monkeypatch, f"{served}/toy_raw.h5ad")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    read_counts("toy", progress=False)
    assert capsys.readouterr().err == ""


def test_named_and_offline_is_an_error_within_5_seconds(
    offline: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to download, where to put it, and comes soon."""
    register_toy(monkeypatch, f"{offline}/toy_raw.h5ad", f"{offline}/toy_matrices.tar.gz")
    start = time.monotonic()
    with pytest.raises(DataNotFoundError) as caught:
        read_counts("toy")
    assert time.monotonic() - start < 5
    for words in (f"{offline}/toy_raw.h5ad", "SCBASELINE_DATA_DIR=/that/folder", "toy_raw.h5ad"):
        assert words in str(caught.value)
    assert not cache.exists()


def test_nothing_named_and_offline_is_the_embedded_sample(
    offline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a name and a network, the embedded sample comes, and says what it is."""
    monkeypatch.setattr(download_module, "PROBE_SECONDS", 0.3)  # another test takes its time
    register_toy(monkeypatch, f"{offline}/toy_raw.h5ad", name="pbmc3k")
    provenance = read_counts().uns["scbaseline"]
    assert provenance["name"] == EMBEDDED_DEFAULT
    assert "not PBMC3k" in provenance["notice"]
    assert "scbaseline run pbmc3k" in provenance["notice"]


def test_a_probe_is_short_enough() -> None:
    """Waiting for the network leaves a second of the five for everything else."""
    assert download_module.PROBE_SECONDS <= 4
