"""The command line: parses, calls one function, prints. Heavy libraries are loaded by commands."""

from scbaseline.cli import (
    audit,
    datasets,
    doctor,
    evaluate,
    export,
    models,
    predict,
    recipes,
    run,
    show,
    train,
)
from scbaseline.cli.app import app, main

__all__ = [
    "app",
    "audit",
    "datasets",
    "doctor",
    "evaluate",
    "export",
    "main",
    "models",
    "predict",
    "recipes",
    "run",
    "show",
    "train",
]
