"""Damages small files of every format at random, and reads each in a process of its own.

``python tests/fuzz.py 10000`` damages ten thousand files. What is wrong is printed with the
number of the input, and ``python tests/fuzz.py --only NUMBER --keep FOLDER`` makes that one
input again. Wrong is: the process dies by a signal, does not end within its time, or meets
an exception that is not one of scbaseline's own.
"""

import argparse
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from made_forms import (
    simulated,
    write_10x_h5,
    write_10x_h5_v2,
    write_mtx,
    write_table,
    write_zarr,
)

from scbaseline.data.check import check_counts
from scbaseline.data.doctor import examine
from scbaseline.data.read import open_counts, read_counts
from scbaseline.errors import ScbaselineError

SECONDS = 20.0
"""Within which an input is read, on a busy machine; a sound one takes a tenth of a second."""

_MEMORY = 6 * 2**30  # of a process: a damaged length must not take the whole machine's
_FINE, _REFUSED, _WRONG = 0, 10, 11


@dataclass(frozen=True)
class Kind:
    """One form of input: how it is written, and what reads it again."""

    write: Callable[[Path], Path]
    read: Callable[[Path], object]


def cells() -> anndata.AnnData:
    """Return few cells with columns of every type that obs can hold."""
    adata = simulated()[:60, :40].copy()
    adata.obs["label"] = pd.Categorical(np.array(["T cell", "B", "NK"])[np.arange(60) % 3])
    adata.obs["score"] = np.linspace(0, 1, 60)
    adata.obs["text"] = [f"note {i}" for i in range(60)]
    adata.layers["counts"] = adata.X.copy()
    adata.uns["list"] = np.arange(5)
    return adata


def read_and_check(path: Path) -> None:
    """Read a file into memory, and open it with its matrices on disk."""
    first: ScbaselineError | None = None
    try:
        check_counts(read_counts(path))
    except ScbaselineError as error:
        first = error
    with open_counts(path) as adata:
        examine(adata)
    if first is not None:
        raise first


def _h5ad(path: Path, *, compression: str | None = None, dense: bool = False) -> Path:
    adata = cells()
    if dense:
        adata.X = adata.X.toarray()
    adata.write_h5ad(path, compression=compression)
    return path


def _newest_hdf5(path: Path) -> Path:
    """Write the newest form of HDF5's structures, which have checksums and other indices."""
    _h5ad(path.with_name("old.h5ad"))
    with h5py.File(path.with_name("old.h5ad")) as old, h5py.File(path, "w", libver="latest") as new:
        for name in old:
            old.copy(name, new)
        new.attrs.update(old.attrs)
    path.with_name("old.h5ad").unlink()
    return path


def _labels(path: Path) -> Path:
    cells().obs.to_csv(path)
    return path


def _read_labels(path: Path) -> None:
    from scbaseline.data.annotations import join_obs

    join_obs(cells(), path)


def _model(path: Path) -> Path:
    import conftest

    from scbaseline import train

    settings = replace(conftest.SMALL, label_key="cell_type", recipe=("hvg-earlystop",))
    train(conftest.simulate(), settings).classifier.save(path)
    return path


def _read_model(path: Path) -> None:
    import conftest

    from scbaseline import Classifier

    classifier = Classifier.load(path)
    classifier.predict(conftest.simulate(n_cells=5))


KINDS: dict[str, Kind] = {
    "h5ad": Kind(lambda folder: _h5ad(folder / "x.h5ad"), read_and_check),
    "h5ad, gzipped": Kind(lambda f: _h5ad(f / "x.h5ad", compression="gzip"), read_and_check),
    "h5ad, dense": Kind(lambda folder: _h5ad(folder / "x.h5ad", dense=True), read_and_check),
    "h5ad, newest": Kind(lambda folder: _newest_hdf5(folder / "x.h5ad"), read_and_check),
    "zarr 2": Kind(lambda folder: write_zarr(cells(), folder / "x.zarr"), read_and_check),
    "zarr 3": Kind(lambda f: write_zarr(cells(), f / "x.zarr", version=3), read_and_check),
    "10x h5": Kind(lambda folder: write_10x_h5(cells(), folder / "x.h5"), read_and_check),
    "10x h5, v2": Kind(lambda folder: write_10x_h5_v2(cells(), folder / "x.h5"), read_and_check),
    "10x folder": Kind(
        lambda folder: write_mtx(cells(), folder / "10x", gzipped=False), read_and_check
    ),
    "10x folder, gzipped": Kind(lambda f: write_mtx(cells(), f / "10x"), read_and_check),
    "csv": Kind(lambda folder: write_table(cells(), folder / "x.csv"), read_and_check),
    "tsv.gz": Kind(lambda folder: write_table(cells(), folder / "x.tsv.gz"), read_and_check),
    "labels": Kind(lambda folder: _labels(folder / "labels.csv"), _read_labels),
    "model": Kind(lambda folder: _model(folder / "m.safetensors"), _read_model),
}


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Return a file's content after one to three accidents."""
    content = bytearray(whole)
    for _ in range(rng.integers(1, 4)):
        if not content:
            break
        at, length = int(rng.integers(len(content))), int(2 ** rng.uniform(0, 10))
        match rng.choice(["bits", "byte", "cut", "splice", "zeros", "ones", "text", "word"]):
            case "bits":
                for place in rng.integers(len(content), size=rng.integers(1, 9)).tolist():
                    content[place] ^= 1 << int(rng.integers(8))
            case "byte":
                content[at] = int(rng.integers(256))
            case "cut":
                del content[at:]
            case "splice":
                start = int(rng.integers(len(whole)))
                content[at : at + length] = whole[start : start + length]
            case "zeros":
                content[at : at + length] = bytes(len(content[at : at + length]))
            case "ones":
                content[at : at + 8] = b"\xff" * len(content[at : at + 8])
            case "text":
                words = [b"\0", b"\n\n", b'"', b"nan", b"-1", b"1e400", b"\xff\xfe", b",\t;", b"%%"]
                content[at:at] = words[rng.integers(len(words))] * int(rng.integers(1, 4))
            case "word":  # a small whole number, where lengths and offsets stand
                number = int(rng.choice([0, 1, 2, 7, 255, 2**16, 2**31 - 1, 2**32 - 1]))
                content[at : at + 4] = number.to_bytes(4, "little")[: len(content[at : at + 4])]
    return bytes(content)


def damage(path: Path, rng: np.random.Generator) -> None:
    """Damage a file, or one of the files of a folder."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    file = files[rng.integers(len(files))]
    if path.is_dir() and rng.random() < 0.1:
        file.unlink()
        return
    file.write_bytes(damaged(file.read_bytes(), rng))


def outcome(read: Callable[[Path], object], path: Path, report: Path) -> str:
    """Read a path in a child process; return ``""`` where all is well, else what is not."""
    child = os.fork()
    if child == 0:
        status = _WRONG
        try:
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            try:
                read(path)
                status = _FINE
            except ScbaselineError as error:
                status = _REFUSED
                if "\n" in str(error) or not str(error):
                    report.write_text(f"not one line: {error!s}")
                    status = _WRONG
            except BaseException:  # noqa: BLE001 (whatever it is, it is reported)
                report.write_text(traceback.format_exc())
        finally:
            os._exit(status)
    handle = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([handle], [], [], SECONDS)
        if not ended:
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    finally:
        os.close(handle)
    if not ended:
        return f"did not end within {SECONDS:g} s"
    if os.WIFSIGNALED(status):
        return f"died of signal {os.WTERMSIG(status)}"
    return report.read_text() if os.WEXITSTATUS(status) == _WRONG else ""


def fuzz(numbers: range, *, seed: int, kinds: list[str], keep: Path | None = None) -> int:
    """Damage and read inputs; print what is wrong; return how many are."""
    whole, counts, n_wrong = Path(tempfile.mkdtemp(prefix="fuzz-")), Counter[str](), 0
    try:
        paths = {}
        for name in kinds:
            folder = whole / name.replace(", ", "-").replace(" ", "-")
            folder.mkdir()
            paths[name] = KINDS[name].write(folder)
            KINDS[name].read(paths[name])  # a sound one is read; and what is loaded, is loaded
        for number in numbers:
            rng = np.random.default_rng([seed, number])
            name = kinds[rng.integers(len(kinds))]
            copy = whole / "copy"
            shutil.copytree(paths[name].parent, copy)
            path = copy / paths[name].name
            damage(path, rng)
            wrong = outcome(KINDS[name].read, path, whole / "report")
            counts[name] += 1
            if wrong:
                n_wrong += 1
                last = wrong.strip().splitlines()[-1]
                print(f"{number} ({name}): {last if keep is None else wrong}", flush=True)
            if keep is not None:
                shutil.copytree(copy, keep / str(number))
            shutil.rmtree(copy)
            if sum(counts.values()) % 1000 == 0:
                print(f"… {sum(counts.values()):,} inputs, {n_wrong} wrong", flush=True)
    finally:
        shutil.rmtree(whole)
    print(f"{sum(counts.values())} inputs, {n_wrong} wrong; {dict(counts)}")
    return n_wrong


def main() -> int:
    """Read the command line, and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", type=int, nargs="?", default=300, help="how many inputs")
    parser.add_argument("--start", type=int, default=0, help="number of the first")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--only", type=int, help="make this one input")
    parser.add_argument("--keep", type=Path, help="folder for the damaged files")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    numbers = range(given.start, given.start + given.n)
    if given.only is not None:
        numbers = range(given.only, given.only + 1)
    started = time.perf_counter()
    n_wrong = fuzz(numbers, seed=given.seed, kinds=given.kinds, keep=given.keep)
    print(f"{time.perf_counter() - started:.0f} s")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
