"""The command line: parses, calls one function, prints. Heavy libraries are loaded by commands."""

from scbaseline.cli import audit, data, models, run
from scbaseline.cli.app import app, main

__all__ = ["app", "audit", "data", "main", "models", "run"]
