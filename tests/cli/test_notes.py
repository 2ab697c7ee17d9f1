"""What is said of the counts, and what of it remains with --quiet."""

from types import SimpleNamespace

import pytest

from scbaseline.cli.notes import say_notes


@pytest.mark.parametrize("quiet", [True, False])
def test_quiet_leaves_warnings(capsys: pytest.CaptureFixture[str], quiet: bool) -> None:
    """Notes on what was done go; what was left out of the counts is said all the same."""
    stream = SimpleNamespace(notes=("symbols were taken", "rows were left out"),
                             caveats=("rows were left out",))  # fmt: skip
    say_notes(stream, quiet=quiet)
    said = capsys.readouterr().err
    assert "scbaseline: warning: rows were left out" in said
    assert ("scbaseline: note: symbols were taken" in said) != quiet
