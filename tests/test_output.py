"""Where results go: standard output, disks that are full, files of others; and how a run ends."""

import errno
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from conftest import SMALL, simulate

from scbaseline import files, train
from scbaseline.cli import main
from scbaseline.config import RunConfig
from scbaseline.errors import InputError, OutputError
from scbaseline.files import said_as_output_error, write_atomically
from scbaseline.report.ours import refuse_strangers_files
from scbaseline.report.predictions import write_predictions


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small model's file."""
    from dataclasses import replace

    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    settings = replace(SMALL, label_key="cell_type", recipe=("pca",))
    train(simulate(), settings).classifier.save(path)
    return path


@pytest.fixture
def cells_file(tmp_path: Path) -> Path:
    """Return a file of cells to be labelled."""
    simulate(seed=1).write_h5ad(tmp_path / "q.h5ad")
    return tmp_path / "q.h5ad"


def _command(*words: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "scbaseline", *map(str, words)],
        capture_output="stdout" not in options,
        **options,  # type: ignore[call-overload]
    )


@pytest.mark.parametrize("out", ["-", "/dev/stdout"])
def test_predictions_go_to_standard_output(model: Path, cells_file: Path, out: str) -> None:
    """The table alone, as the file would be; what is said of it goes beside it."""
    done = _command("predict", model, cells_file, "--out", out)
    assert done.returncode == 0, done.stderr
    assert main(["predict", str(model), str(cells_file), "--out", f"{cells_file}.csv"]) == 0
    assert done.stdout == Path(f"{cells_file}.csv").read_bytes()
    assert b"240 cells" in done.stderr


def test_standard_output_is_utf_8_in_any_locale(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Labels keep their letters where the terminal's language has none of them."""
    label = "B activée 細胞"
    table = pd.DataFrame({"predicted_label": [label], "probability": [1.0]}, index=["c"])
    for stream in [sys.stdout]:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    write_predictions([table], "-")
    assert capfdbinary.readouterr().out.decode("utf-8").splitlines()[1] == f"c,{label},1.0"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("words", [["datasets"], ["doctor", "FILE"], ["predict"]])
def test_a_full_standard_output_is_said(model: Path, cells_file: Path, words: list[str]) -> None:
    """One line and exit status 1, whatever the command prints."""
    words = [str(cells_file) if word == "FILE" else word for word in words]
    if words == ["predict"]:
        words = ["predict", str(model), str(cells_file), "--out", "-"]
    with Path("/dev/full").open("wb") as full:
        done = _command(*words, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    last = done.stderr.decode().strip().splitlines()[-1]
    assert last.startswith("scbaseline: error: standard output: cannot be written (No space left")
    assert b"Traceback" not in done.stderr


def test_a_strangers_h5ad_is_not_replaced(model: Path, cells_file: Path, tmp_path: Path) -> None:
    """Only with --overwrite; predictions of ours are replaced without."""
    out = tmp_path / "out.h5ad"
    anndata.AnnData(np.ones((3, 2))).write_h5ad(out)
    before = out.read_bytes()
    words = ["predict", str(model), str(cells_file), "--out", str(out)]
    assert main(words) == 1
    assert out.read_bytes() == before
    assert main([*words, "--overwrite"]) == 0
    assert main(words) == 0


@pytest.mark.parametrize("content", [b"", b"notes", b"\x89HDF\r\n\x1a\n" + bytes(90)])
def test_what_is_no_h5ad_under_that_name_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    """Whatever it is, it is somebody's."""
    (tmp_path / "x.h5ad").write_bytes(content)
    with pytest.raises(OutputError, match="pass --overwrite"):
        refuse_strangers_files([tmp_path / "x.h5ad"], overwrite=False)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/data/.scbaseline-x1/out.csv"),
        OSError(
            "Unable to create file (name = '/data/.scbaseline-x1/out.csv', errno = 28, error "
            "message = 'No space left on device')"
        ),
    ],
)
def test_a_full_disk_is_named_by_its_folder(tmp_path: Path, error: OSError) -> None:
    """Not by the hidden file that was to be moved into place."""
    path = tmp_path / "results" / "out.csv"

    def fail(_: Path) -> None:
        raise error

    with pytest.raises(OutputError, match=r"the disk of .*results is full") as caught:
        write_atomically(path, fail)
    assert ".scbaseline-" not in str(caught.value)
    with pytest.raises(OutputError, match="No space left"), said_as_output_error(path):
        raise error
    assert files.is_standard_output("-")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork ends a process anyway")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_a_library_holds(tmp_path: Path, number: signal.Signals) -> None:
    """Within seconds, though Python never gets to its handler."""
    code = (
        "from scbaseline.cli import watch\n"
        "import signal\n"
        "answered = watch.watch_signals()\n"
        "for number in (signal.SIGINT, signal.SIGTERM):\n"
        "    signal.signal(number, lambda *_: answered())\n"
        "    signal.siginterrupt(number, False)\n"
        "print('stuck', flush=True)\n"
        "import ctypes\n"
        "libc = ctypes.PyDLL(None)\n"  # it keeps Python's lock, as h5py does
        "libc.sem_wait(ctypes.create_string_buffer(64))\n"  # nobody will ever post
    )
    stuck = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert stuck.stdout is not None
    assert stuck.stdout.readline() == b"stuck\n"
    time.sleep(0.5)
    stuck.send_signal(number)
    stuck.stdout.close()
    assert stuck.wait(timeout=60) != 0


def test_cells_that_do_not_vary_cannot_be_learnt() -> None:
    """Equal counts in every cell leave nothing to tell cells apart by."""
    from dataclasses import replace

    adata = simulate()
    adata.X = adata.X[[0] * adata.n_obs]
    adata.obs["total_counts"] = float(adata.X[0].sum())
    settings: RunConfig = replace(SMALL, label_key="cell_type", recipe=("pca",))
    with pytest.raises(InputError, match="no gene varies among"):
        train(adata, settings)
