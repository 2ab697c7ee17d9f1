"""Claims about progress on a terminal: which stage of how many, and how long it took."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import SMALL, simulate

from scbaseline import audit, run, train
from scbaseline.cli.progress import PHASES, in_words, phase_of


@pytest.mark.parametrize("command", [run, audit, train])
def test_every_stage_belongs_to_a_phase(command: object) -> None:
    """And the phases come in the order that a person is shown."""
    seen: list[str] = []
    settings = {"recipe": "nearest-centroid", "folds": 2, "repeats": 1, "draws": 1}
    settings |= {"label_key": "cell_type"} if command is train else {"null_draws": 1}
    command(simulate(), SMALL, progress=seen.append, **settings)  # type: ignore[operator]
    phases = [phase_of(name) for name in seen]
    assert None not in phases, seen
    places = [list(PHASES).index(phase) for phase in phases if phase]
    assert places == sorted(places)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal of Unix")
def test_a_terminal_shows_stages_and_the_time_in_the_end(tmp_path: Path) -> None:
    """On standard error, which is the terminal; results go elsewhere."""
    simulate().write_h5ad(tmp_path / "cells.h5ad")
    words = ["train", "cells.h5ad", "--label-key", "cell_type", "--out", "m.safetensors"]
    words += ["--min-genes", "1", "--n-comps", "10", "--recipe", "pca", "--threads", "1"]
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "scbaseline", *words],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        cwd=tmp_path,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"},
    )
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 4096):
            shown += block
    except OSError:
        pass  # so Linux says that the other end was closed
    os.close(ours)
    text = shown.decode()
    assert process.wait() == 0, text
    assert "of 5" in text
    assert "left" in text
    assert "scbaseline: done: after" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (12, "12 s"), (200, "3 min"), (4800, "80 min"), (9000, "2 h 30 min")],
)
def test_a_time_is_said_as_people_say_it(seconds: float, words: str) -> None:
    """Without digits that nobody needs."""
    assert in_words(seconds) == words
