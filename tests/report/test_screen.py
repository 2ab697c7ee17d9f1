"""The screen: findings as a person reads them in a terminal or in a pipe."""

import pytest

from scbaseline.report.finding import Cell, Finding, Table
from scbaseline.report.screen import Screen

TABLE = Table(
    ("recipe", "accuracy"),
    ((Cell("pca"), Cell("0.900", "[0.874, 0.924]")), (Cell("majority"), Cell("0.215"))),
)


def shown(capsys: pytest.CaptureFixture[str], *findings: Finding, **options: int) -> list[str]:
    """Return the lines that a screen prints."""
    Screen(**options).show(*findings)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_finding_is_title_table_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    """In this order, with intervals beside their values."""
    lines = shown(capsys, Finding("Scores", ("All is well.",), TABLE))
    assert lines == [
        "Scores",
        "recipe    accuracy",
        "pca       0.900 [0.874, 0.924]",
        "majority  0.215",
        "All is well.",
    ]


def test_intervals_stand_below_where_there_is_no_room(capsys: pytest.CaptureFixture[str]) -> None:
    """No column is left out or cut on a terminal of 80 columns."""
    wide = Table(
        ("recipe", "a", "b", "c"), ((Cell("pca"), *[Cell("0.900", "[0.874, 0.924]")] * 3),)
    )
    wider = Table((*wide.columns, "d"), ((*wide.rows[0], Cell("0.900", "[0.874, 0.924]")),))
    lines = shown(capsys, Finding("", table=wide), Finding("", table=wider), width=80)
    assert (
        lines.count("pca     0.900 [0.874, 0.924]  0.900 [0.874, 0.924]  0.900 [0.874, 0.924]") == 1
    )
    assert "pca     0.900           0.900           0.900           0.900" in lines
    assert lines[-1].split("  ")[-1] == "[0.874, 0.924]"


def test_details_are_for_those_who_ask(capsys: pytest.CaptureFixture[str]) -> None:
    """A detail is shown with --verbose alone."""
    detail = Finding("Time", ("1 s",), detail=True)
    assert shown(capsys, detail) == []
    assert shown(capsys, detail, verbose=True) == ["Time", "1 s"]


def test_quiet_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither findings nor notices."""
    screen = Screen(quiet=True)
    screen.emphasise("Embedded data")
    screen.show(Finding("Scores", ("All is well.",), TABLE))
    assert capsys.readouterr().out == ""


def test_sentences_are_wrapped_and_paths_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    """A line holds at most its columns, unless a word is longer."""
    path = "/a" * 60
    lines = shown(capsys, Finding("Files", ("so " * 50, path)), width=80)
    assert path in lines
    assert all(len(line) <= 80 for line in lines if line != path)


def test_brackets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    """What looks like rich's markup is a user's text."""
    assert shown(capsys, Finding("[bold]x[/bold]", ("[red]y",))) == ["[bold]x[/bold]", "[red]y"]
