"""Checked counts in; what was done to them, and what weakens them, on standard error out."""

from typing import TYPE_CHECKING

from scbaseline.cli.app import say

if TYPE_CHECKING:
    from scbaseline.data.stream import CountStream


def say_notes(stream: "CountStream", *, quiet: bool) -> None:
    """Print what weakens the counts as warnings and, unless quiet, the rest as notes."""
    for note in stream.notes:
        if note in stream.caveats:
            say("warning", note)
        elif not quiet:
            say("note", note)
