"""Claims about what ``--help`` shows, how options are typed, and what the shell completes."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from shutil import which

import pytest

from scbaseline.cli import app, main

BASH = which("bash") or ""
COMMANDS = [name for name in app if not name.startswith("-")]


def help_of(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a command's help prints."""
    assert main([*words, "--help"]) == 0
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal has a hundred columns."""
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_groups(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every option stands in a group of its kind, and the last line is an example to copy."""
    shown = help_of(command, capsys=capsys)
    assert shown.rstrip().splitlines()[-1].startswith(f"Example: scbaseline {command}")
    assert "─ Parameters ─" not in shown, "an option is in no group of cli/groups.py"
    most = 100 if command == "run" else 110
    assert len(shown.splitlines()) <= most, "more than two screens"


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_quick(command: str) -> None:
    """At most .4 s of a processor, however busy the machine is."""
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-m", "scbaseline", *command.split(), "--help"]
    subprocess.run(words, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = [getattr(after, k) - getattr(before, k) for k in ("ru_utime", "ru_stime")]
    assert sum(seconds) <= 0.4


@pytest.mark.parametrize(
    ("command", "idle"),
    [
        ("run", {"--folds", "--repeats"}),
        ("audit", {"--draws"}),
        ("train", {"--protocol", "--repeats", "--draws", "--markers", "--merge-unstable"}),
    ],
)
def test_help_shows_no_option_without_effect(
    command: str, idle: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A setting that the command does not use is not offered; others of its group are."""
    words = help_of(command, capsys=capsys).replace("│", " ").split()
    assert not idle & set(words)
    assert {"--recipe", "--min-genes", "--n-bootstrap"} <= set(words)


def test_lines_of_help_end_where_the_screen_does(capsys: pytest.CaptureFixture[str]) -> None:
    """Words follow each other as far as there is room, not as far as a line of the code."""
    for part in help_of("predict", capsys=capsys).split("╭")[0].split("\n\n"):
        for line, following in pairwise(part.splitlines()):
            assert len(line.rstrip()) <= 100 < len(f"{line.rstrip()} {following.split()[0]}"), line


def test_the_most_used_options_come_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten options, then those of data, labels, evaluation, training and output."""
    shown = help_of("run", capsys=capsys)
    titles = ["Most used", "Data", "Labels", "Evaluation", "Training", "Output"]
    places = [shown.index(f"─ {title} ─") for title in titles]
    assert places == sorted(places)
    assert shown[places[0] : places[1]].count("│ --") == 10


def test_defaults_are_as_a_person_writes_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Thousands have a comma, a switch has no default, and a dot is a folder."""
    shown = " ".join(help_of("run", capsys=capsys).replace("│", " ").split())
    for default in ("10,000", "2,000", "0.001", "this folder"):
        assert f"[default: {default}]" in shown
    assert "False" not in shown
    assert "10000.0" not in shown


def test_commands_are_shown_as_a_workflow(capsys: pytest.CaptureFixture[str]) -> None:
    """``scbaseline`` alone shows every command in the order in which one needs them."""
    assert main([]) == 0
    shown = capsys.readouterr().out
    order = ["doctor", "run", "train", "audit", "evaluate", "predict", "--install-completion"]
    places = [shown.index(f"│ {name} ") for name in order]
    assert places == sorted(places)
    assert all(f"│ {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--min-gens", "--min-genes"),
        ("--min-cell", "--min-cells"),
        ("--min-label", "--min-cells-per-label"),
        ("--min-cells-label", "--min-cells-per-label"),
        ("--max-pct-mt", "--max-pct-counts-mt"),
        ("--n-pc", "--n-pcs"),
        ("--top-genes", "--n-top-genes"),
        ("--output", "--out"),
        ("--label", "--label-key"),
        ("--recip", "--recipe"),
    ],
)
def test_a_typo_gets_the_right_neighbour(
    typed: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The option that shares most words and letters, and where all are listed."""
    assert main(["run", "cells.h5ad", typed, "3"]) == 2
    said = capsys.readouterr().err
    assert f"Did you mean {meant}?" in said
    assert "See `scbaseline run --help`" in said


@pytest.mark.parametrize(
    "words",
    [
        ["--recipe", "pca,hvg,nought"],
        ["--recipe", "pca", "--recipe", "hvg", "--recipe", "nought"],
        ["--recipe", "pca,hvg", "--recipe", "nought"],
    ],
)
def test_several_values_are_joined_or_repeated(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of them is one value: the one that does not exist is named alone."""
    assert main(["run", *words]) == 2
    assert "recipe: 'nought' is not known" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--recipe", "pca", "hvg"], ["--protocol", "inductive", "thined", "cells.h5ad"]]
)
def test_a_stray_value_is_never_the_input(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A second value without a comma is not read as a file's name."""
    assert main(["run", *words]) == 2
    assert f"type {words[0]} {words[1]},{words[2]}" in capsys.readouterr().err


@pytest.mark.skipif(not BASH, reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("scbaseline tr", {"train"}),
        ("scbaseline run --min-", {"--min-genes", "--min-cells", "--min-cells-per-label"}),
        ("scbaseline run --label-origin same", {"same-counts"}),
    ],
)
def test_bash_completes(typed: str, offered: set[str], tmp_path: Path) -> None:
    """The script that ``--install-completion`` writes completes commands, options and choices."""
    script = tmp_path / "completion.bash"
    install = ["--install-completion", "--shell", "bash", "--output", str(script)]
    home = os.environ | {"HOME": str(tmp_path)}
    subprocess.run(
        [sys.executable, "-m", "scbaseline", *install], env=home, check=True, capture_output=True
    )
    ask = (
        f"source {script}; COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); "
        f'COMP_LINE="{typed}"; COMP_POINT=${{#COMP_LINE}}; _scbaseline; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    answer = subprocess.run([BASH, "-c", ask], capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) == offered
