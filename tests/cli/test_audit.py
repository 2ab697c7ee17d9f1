"""Claims about ``scbaseline audit``, the lists, and the command line as a whole."""

import gc
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from commands import FLAGS

from scbaseline.cli import main
from scbaseline.learn.recipes import RECIPES
from scbaseline.report.save_audit import check_audit_outputs

pytestmark = pytest.mark.xdist_group("cli")  # its session fixtures are costly


def test_recipes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each name of the table, and what it is."""
    assert main(["recipes"]) == 0
    printed = capsys.readouterr().out
    for recipe in RECIPES.values():
        assert recipe.name in printed
        assert recipe.title in printed


def test_datasets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each name of the table, and where it is found."""
    assert main(["datasets"]) == 0
    printed = capsys.readouterr().out
    assert "pbmc3k" in printed
    assert "embedded" in printed


def test_help_loads_no_heavy_library() -> None:
    """Neither torch nor scanpy, nor what draws figures."""
    script = """
import sys
from scbaseline.cli import main
main(["run", "--help"])
loaded = {"torch", "scanpy", "anndata", "matplotlib", "sklearn"} & set(sys.modules)
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_main_leaves_the_collector_alone() -> None:
    """Whoever calls it keeps their own threshold; a process of our own sets it."""
    before = gc.get_threshold()
    main(["recipes"])
    assert gc.get_threshold() == before


def test_an_audit_writes_its_evidence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figure, scores, suspects and a paragraph; the settings repeat it."""
    out = folder / "audit"
    words = ["audit", str(folder / "cells.h5ad"), "--recipe", "pca", "--folds", "3", *FLAGS]
    assert main([*words, "--null-draws", "2", "--out", str(out)]) == 0
    check_audit_outputs(out)  # a second audit may replace what the first one wrote
    printed = " ".join(capsys.readouterr().out.split())
    for words_said in ("percentage points", "Structure", "pca", "null-thinned"):
        assert words_said in printed
    content = json.loads((out / "audit.json").read_text())
    rows = pd.DataFrame(content["results"])
    assert not rows.duplicated(["protocol", "recipe", "metric", "label"]).any()
    assert {"published", "inductive", "half", "thinned", "null-thinned"} <= set(rows["protocol"])
    assert rows["about"].ne("").all()
    assert (out / "methods.txt").read_text().startswith("Classifiers of Leiden clusters")
    assert {"cell_id", "label", "suggested"} <= set(pd.read_csv(out / "suspects.csv").columns)
    assert (out / "figures/how_much_is_real.png").stat().st_size > 10_000
    again = folder / "audit again"
    settings = ["--config", str(out / "audit.toml"), "--out", str(again), "-q"]
    assert main(["audit", str(folder / "cells.h5ad"), *settings]) == 0
    assert (again / "audit.json").read_bytes() == (out / "audit.json").read_bytes()
