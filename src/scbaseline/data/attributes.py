"""Turns the header of an HDF5 object into where the texts of its attributes are said to lie.

h5py gives an attribute only as a whole, by following its pointers. Headers of the newest form
have checksums, by which HDF5 sees their damage itself; here are those of the first form.
"""

import mmap
import struct
from collections.abc import Iterator

_ATTRIBUTE, _CONTINUED = 0x0C, 0x10  # types of a header's messages
_VARIABLE_LENGTH = 9  # class of a type
_MOST_BLOCKS = 64  # of one header: a damaged one may lead round in a circle


def pointers_of_attributes(content: mmap.mmap, at: int) -> Iterator[bytes]:
    """Yield the pointers of an object's attributes that hold texts, as they stand in the file.

    Parameters
    ----------
    content
        The file.
    at
        Where the object's header begins.
    """
    if content[at : at + 1] != b"\x01":
        return
    blocks = [(at + 16, int.from_bytes(content[at + 8 : at + 12], "little"))]
    for start, size in blocks:  # it grows as the header is found to go on elsewhere
        place, end = start, min(start + size, len(content))
        while place + 8 <= end:
            kind, length = struct.unpack_from("<HH", content, place)
            message = content[place + 8 : place + 8 + length]
            if kind == _CONTINUED and len(message) >= 16 and len(blocks) < _MOST_BLOCKS:
                onward, onward_size = struct.unpack_from("<QQ", message)
                if onward < len(content):
                    blocks.append((onward, onward_size))
            if kind == _ATTRIBUTE and len(message) > 9:
                yield _pointers(message)
            place += 8 + length


def _pointers(message: bytes) -> bytes:
    """Return the pointers in an attribute's message; none, where it holds no texts."""
    version, flags, n_name, n_type, n_space = struct.unpack_from("<BBHHH", message)
    if version not in (1, 2, 3) or (version > 1 and flags):
        return b""
    padded = [(n + 7) // 8 * 8 if version == 1 else n for n in (n_name, n_type, n_space)]
    at_type = (9 if version == 3 else 8) + padded[0]
    if at_type >= len(message) or message[at_type] & 0x0F != _VARIABLE_LENGTH:
        return b""
    return message[at_type + padded[1] + padded[2] :]
