"""Claims about what the command line refuses, and in which words."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from commands import FLAGS

from scbaseline.cli import main

pytestmark = pytest.mark.xdist_group("cli")  # its session fixtures are costly


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["run", "pbmc3"], 1, "Did you mean pbmc3k"),
        (["run", "nowhere/x.h5ad"], 1, "nowhere/x.h5ad"),
        (["run", "{cells}", "--label-key", "cell_typ"], 1, "Did you mean cell_type"),
        (["run", "{cells}", "--min-genes", "-1"], 2, "min_genes: -1"),
        (["run", "{cells}", "--min-genes", "many"], 2, "--min-genes"),
        (["run", "{cells}", "--recipe", "hgv"], 2, "Did you mean hvg"),
        (["run", "{cells}", "--protocol", "inductve"], 2, "Did you mean inductive"),
        (["run", "{cells}", "--protocl", "x"], 2, "--protocol"),
        (["run", "{cells}", "--config", "none.toml"], 2, "none.toml"),
        (["run", "{cells}", "--config", "{bad}"], 2, "bad.toml"),
        (["run", "{cells}", "--config", "{unknown}"], 2, "Did you mean min_genes"),
        (["run", "{cells}", "--min-genes", "100000"], 1, "lower --min-genes"),
        (["run", "{cells}", "--out", "{cells}"], 1, "is a file; name a folder"),
        (["run", "{cells}", "--seed", "1.5"], 2, "1.5 is not a whole number"),
        (["run", "{cells}", "--seed", "4294967296"], 2, "0 to 2,147,483,647"),
        (["run", "{cells}", "--label-key", "total_counts"], 2, "give your labels another name"),
        (["run", "{cells}", "--config", "{table}"], 2, "run is not a setting"),
        (["runn"], 2, "run"),
        (["predict", "{cells}", "{cells}", "--out", "x.csv"], 1, "cannot be read as a model"),
        (["predict", "none.safetensors", "{cells}", "--out", "x.csv"], 1, "no such model file"),
        (
            ["train", "{cells}", "--label-key", "cell_type", "--out", "other.h5ad"],
            1,
            "a model's file ends in .safetensors; try --out other.safetensors",
        ),
        (
            ["train", "{cells}", "--label-key", "cell_type", "--out", "m.safetensors"]
            + ["--recipe", "pca", "--recipe", "hvg"],
            2,
            "2 were given (pca, hvg); a model is of one",
        ),
        (["run", "{cells}", "--markers", "none.csv"], 1, "--markers none.csv: no such file"),
        (
            ["predict", "none.safetensors", "{cells}", "--out", "x.parquet"]
            + ["--key-added", "cell_id"],
            2,
            "'cell_id' can name no column",
        ),
        (
            ["predict", "none.safetensors", "{cells}", "--out", "x.csv"]
            + ["--report", "{bad}/page.html"],
            1,
            "name another --report",
        ),
        (
            ["evaluate", "none.safetensors", "{cells}", "--label-key", "cell_type"]
            + ["--label-map-draft", "{folder}"],
            1,
            "name a file, e.g. --label-map-draft",
        ),
        (["predict", "pbmc", "{cells}", "--out", "x.csv", "--device", "gpu"], 2, "cuda"),
        (["train", "{cells}", "--out", "m.safetensors"], 2, "label_key: none was given"),
        (
            ["train", "{cells}", "--label-key", "cell_type", "--out", "m.safetensors"]
            + ["--checkpoint", "bad.toml"],
            2,
            "--checkpoint bad.toml: is a file; name a folder",
        ),
        (
            ["train", "{cells}", "--label-key", "cell_type", "--out", "m.safetensors"]
            + ["--checkpoint", "/proc/kept"],
            1,
            "(No such file or directory); name another --checkpoint folder",
        ),
        (
            ["train", "{cells}", "--label-key", "cell_type", "--out", "m.safetensors"]
            + ["--checkpoint", "kept", "--recipe", "logistic"],
            2,
            "recipe logistic has no epochs; leave --checkpoint out",
        ),
        (["show", "{cells}"], 1, "cannot be read as a model"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_ends_with_one_clear_line(
    words: list[str],
    status: int,
    says: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line on stderr, exit 1 for data and 2 for usage, nothing written."""
    monkeypatch.chdir(tmp_path)
    places = {"cells": folder / "cells.h5ad", "bad": tmp_path / "bad.toml"}
    places["folder"] = folder
    places["unknown"] = tmp_path / "unknown.toml"
    places["table"] = tmp_path / "table.toml"
    places["table"].write_text("[run]\nseed = 3")
    places["bad"].write_text("seed = = 3")
    places["unknown"].write_text("min_gens = 3")
    assert main([word.format(**places) for word in words]) == status
    printed = capsys.readouterr().err
    assert printed.startswith("scbaseline: error: ")
    assert printed.count("\n") == 1
    assert says in printed
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} == {
        "bad.toml",
        "unknown.toml",
        "table.toml",
    }


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_every_command_says_a_missing_gpu_in_the_same_words(
    folder: Path, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Predict and evaluate say it before they look at the input, train before the slow steps."""
    cells, out = str(folder / "cells.h5ad"), str(tmp_path / "out")
    for words in (
        ["train", cells, "--label-key", "cell_type", "--out", f"{out}.safetensors"],
        ["predict", str(trained), "none.h5ad", "--out", f"{out}.csv"],
        ["evaluate", str(trained), "none.h5ad", "--label-key", "cell_type", "--out", out],
    ):
        assert main([*words, "--quiet", "--device", "cuda"]) == 2
        assert capsys.readouterr().err == (
            f"scbaseline: error: device: cuda was given, but torch {torch.__version__} finds no "
            "GPU; use --device cpu or auto\n"
        )


def test_a_named_data_set_is_never_overwritten(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data set's name stands for its file: predictions do not replace the counts."""
    counts = tmp_path / "pbmc3k_raw.h5ad"
    counts.write_bytes(b"counts")
    monkeypatch.setenv("SCBASELINE_DATA_DIR", str(tmp_path))
    model = str(folder / "out/models/pca.safetensors")
    assert main(["predict", model, "pbmc3k", "--out", str(counts)]) == 1
    assert counts.read_bytes() == b"counts"


def test_an_input_is_never_overwritten(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run whose cells.h5ad would be its own input is refused before it starts."""
    cells = tmp_path / "cells.h5ad"
    cells.write_bytes((folder / "cells.h5ad").read_bytes())
    assert main(["run", str(cells), "--out", str(tmp_path)]) == 1
    assert "is the input itself" in capsys.readouterr().err
    assert cells.read_bytes() == (folder / "cells.h5ad").read_bytes()


def test_a_mistyped_path_starts_no_process() -> None:
    """It is answered before the libraries and the background processes of a run are loaded."""
    script = """
import sys
from scbaseline.cli import main
assert main(["run", "nowhere/x.h5ad"]) == 1
loaded = {"torch", "sklearn", "scbaseline.study.run", "joblib.externals.loky"} & set(sys.modules)
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_evaluate_refuses_the_file_that_a_model_was_trained_on(
    folder: Path, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own training data are no other study, read as training read them or in blocks."""
    words = ["evaluate", str(trained), str(folder / "cells.h5ad"), "--label-key", "cell_type"]
    assert main(words) == 1
    assert "training data" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("command", ["run", "audit"])
def test_protocols_without_a_meaning_are_refused_with_reasons(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing that was asked for can be run, each says why, before the slow steps."""
    words = [command, str(folder / "cells.h5ad"), "--label-key", "cell_type", *FLAGS]
    words += ["--protocol", "group", "--protocol", "thinned", "--out", str(folder / "none")]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "group: it needs the donor or batch of each cell; give --group-key" in said
    assert "thinned: it makes its labels anew" in said


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["run", "{cells}", "--label-key", "cell_type", "--out", "{out}"], "metrics.json"),
        (["run", "{cells}", "--label-key", "cell_type", "--out", "{out}"], "figures/qc.png"),
        (["audit", "{cells}", "--label-key", "cell_type", "--out", "{out}"], "suspects.csv"),
        (
            ["train", "{cells}", "--label-key", "cell_type", "--out", "{out}/m.safetensors"],
            "m.safetensors",
        ),
        (["predict", "{model}", "{cells}", "--out", "{out}/p.tsv.gz"], "p.tsv.gz"),
        (
            ["evaluate", "{model}", "{cells}", "--label-key", "cell_type", "--out", "{out}"],
            "confusion_matrix.png",
        ),
        (
            ["train", "{cells}", "--label-key", "cell_type", "--out", "{out}/m.safetensors"]
            + ["--report", "{out}/t.html"],
            "t.html",
        ),
        (
            ["predict", "{model}", "{cells}", "--out", "{out}/p.csv", "--report", "{out}/p.html"],
            "p.html",
        ),
        (
            ["evaluate", "{model}", "{cells}", "--label-key", "cell_type"]
            + ["--report", "{out}/e.htm"],
            "e.htm",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else value,
)
def test_a_strangers_file_is_kept(
    words: list[str],
    name: str,
    folder: Path,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each command says so before it reads a thing, and names --overwrite."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    places = {"cells": folder / "cells.h5ad", "model": trained, "out": tmp_path}
    assert main([word.format(**places) for word in words]) == 1
    assert "pass --overwrite" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert [p.name for p in path.parent.iterdir()] == [path.name]
