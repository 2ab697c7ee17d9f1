"""Claims about runs of arrays that are read past HDF5: they are what HDF5 reads."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbaseline.data.stretches import Stretches, stretches_of

VALUES = np.arange(1000, dtype=np.float32) ** 2


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of one array in several forms; chunks of ``mixed`` lie in no order."""
    path = tmp_path_factory.mktemp("arrays") / "arrays.h5"
    with h5py.File(path, "w") as file:
        file["whole"] = VALUES
        file.create_dataset("chunks", data=VALUES, chunks=(37,), maxshape=(None,))
        mixed = file.create_dataset("mixed", shape=(1000,), chunks=(64,), dtype="f4")
        for start in np.random.default_rng(0).permutation(np.arange(0, 1000, 64)):
            mixed[start : start + 64] = VALUES[start : start + 64]
        file.create_dataset("packed", data=VALUES, chunks=(37,), compression="gzip")
        file.create_dataset("turned", data=VALUES.astype(">f4"), chunks=(37,))
        file.create_dataset("holes", shape=(1000,), chunks=(64,), dtype="f4")[100:200] = 1
        file.create_dataset("unwritten", shape=(1000,), dtype="f4")
        file.create_dataset("flags", data=VALUES > 9)
        file.create_dataset("two", data=VALUES.reshape(10, 100))
        file.create_dataset("none", data=VALUES[:0], chunks=(37,), maxshape=(None,))
    return path


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["whole", "chunks", "mixed"]),
    first=st.integers(0, 1010),
    last=st.integers(0, 1010),
)
def test_a_run_is_what_hdf5_reads(arrays: Path, name: str, first: int, last: int) -> None:
    """Of one piece, of chunks in order, and of chunks in no order."""
    with h5py.File(arrays) as file:
        read = stretches_of(file[name])
        assert isinstance(read, Stretches)
        np.testing.assert_array_equal(read[first:last], file[name][first:last])


@pytest.mark.parametrize("name", ["packed", "turned", "holes", "unwritten", "flags", "two", "none"])
def test_other_arrays_are_left_to_hdf5(arrays: Path, name: str) -> None:
    """Compressed, of another machine's numbers, not written as a whole, or no plain numbers."""
    with h5py.File(arrays) as file:
        assert isinstance(stretches_of(file[name]), h5py.Dataset)


def test_a_file_that_was_closed_or_cut_is_not_read(arrays: Path, tmp_path: Path) -> None:
    """What would be read then is another file, or nothing."""
    with h5py.File(arrays) as file:
        read: Any = stretches_of(file["whole"])
    with pytest.raises(ValueError, match="closed"):
        read[:5]
    path = tmp_path / "cut.h5"
    path.write_bytes(arrays.read_bytes())
    with h5py.File(path) as file:
        read = stretches_of(file["whole"])
        with path.open("r+b") as other:
            other.truncate(1000)
        with pytest.raises(OSError, match="ends within"):
            read[:]
