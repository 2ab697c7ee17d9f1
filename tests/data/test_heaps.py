"""A heap of texts is sound where a walk through its objects, one by one, ends at its end."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scbaseline.data.heaps import _is_sound

_FREE = 0
_WORDS = 8
_LENGTHS = st.one_of(
    st.integers(0, 200), st.sampled_from([8, 15, 16, 17, 2**40, 2**63, 2**64 - 16, 2**64 - 1])
)
_OBJECTS = st.lists(st.tuples(st.sampled_from([_FREE, 1, 2, 2**16, 2**16 + 1]), _LENGTHS))


def _walked(words: "list[int]") -> bool:
    """Walk from object to object, as HDF5 does."""
    at, n = 2, len(words)
    while at < n - 1:
        number, length = words[at] & 0xFFFF, words[at + 1]
        if number == _FREE and length < 2 * _WORDS:
            return False  # for ever
        whole = length // _WORDS if number == _FREE else 2 + (length + 7) // _WORDS
        at += min(whole, 2**40)
    return n <= 3 or at in (n - 1, n)


def _heap(objects: "list[tuple[int, int]]", n_more: int) -> "list[int]":
    """Lay objects one behind the other, those that are not too long with their texts."""
    words = [0, 0]
    for number, length in objects:
        own = length // _WORDS if number & 0xFFFF == _FREE else 2 + (length + 7) // _WORDS
        words += [number, length, *[7] * max(min(own, 40) - 2, 0)]
    return words + [0] * n_more


@settings(max_examples=150, deadline=None)
@given(objects=_OBJECTS, n_more=st.integers(0, 3))
def test_a_heap_is_as_sound_as_a_walk_through_it_finds(
    objects: "list[tuple[int, int]]", n_more: int
) -> None:
    """Free space, lengths that wrap around, a rest of one word: whatever stands in it."""
    words = _heap(objects, n_more)
    assert _is_sound(np.array(words, dtype="<u8")) == _walked(words)


def test_a_heap_of_many_texts_is_sound() -> None:
    """More objects than one step of the walk passes."""
    words = _heap([(number, 20) for number in range(1, 1000)], 0)
    assert _is_sound(np.array(words, dtype="<u8"))
    assert not _is_sound(np.array([*words, 1, 1], dtype="<u8"))
