"""Claims about writing files."""

import os
from pathlib import Path

import pytest

from scbaseline.errors import OutputError
from scbaseline.files import (
    refuse_input_as_output,
    remove_temporary,
    staging,
    temporary_prefix,
    write_atomically,
)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """Neither half a file nor a temporary one is left, and the old content stays."""
    path = tmp_path / "a.csv"
    path.write_text("old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    """A file where a folder is needed gives one clear error."""
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out"):
        write_atomically(tmp_path / "out" / "a.csv", lambda p: p.write_text(""))


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Writing to a symbolic link changes what it points to, and leaves the link."""
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    write_atomically(link, lambda path: path.write_text("new"))
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    """A pipe, like /dev/stdout, is refused: moving a file over it would destroy it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="not an ordinary file"):
        write_atomically(pipe, lambda path: path.write_text("new"))
    assert pipe.is_fifo()


def test_a_file_of_an_input_folder_is_refused(tmp_path: Path) -> None:
    """An output may lie in an input folder, but not be one of its files."""
    (tmp_path / "barcodes.tsv").write_text("AAAC")
    refuse_input_as_output(tmp_path / "new.csv", tmp_path)
    with pytest.raises(OutputError, match="part of the input"):
        refuse_input_as_output(tmp_path / "barcodes.tsv", tmp_path)


def test_an_input_by_another_name_is_refused(tmp_path: Path) -> None:
    """A symbolic link to the input is the input."""
    given = tmp_path / "in.h5ad"
    given.write_text("cells")
    link = tmp_path / "out.h5ad"
    link.symlink_to(given)
    with pytest.raises(OutputError, match="is the input itself"):
        refuse_input_as_output(link, given)


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """Its temporary folders alone: neither files nor another process's."""
    with staging(tmp_path) as folder:
        (folder / "half.csv").write_text("half")
        (tmp_path / f"{temporary_prefix()}spill").mkdir()
        (tmp_path / "whole.csv").write_text("whole")
        remove_temporary(tmp_path, os.getpid() + 1)
        assert len([*tmp_path.iterdir()]) == 3
        remove_temporary(tmp_path, os.getpid())
        assert [path.name for path in tmp_path.iterdir()] == ["whole.csv"]
