"""Turns a list of texts into one array of letters, so that all are asked one question at once.

A file names some 30,000 genes, each in two ways. To ask each name by itself takes longer than
to read the counts of some thousand cells. The answers here are exact where they say so; else
they say which names must be asked by themselves.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

_END = 10  # of a text: the byte of a new line
_LISTS = 6  # of which the letters are kept
_MOST = 2**22  # bytes of such a list: what is found in it takes several times its room
_FEW = 3  # letters that are compared at all places; the rest where these are


class Letters:
    """Texts as one array of the bytes of UTF-8, with a new line after each.

    Parameters
    ----------
    content
        The bytes; each text ends with its new line and holds no other.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._bytes = np.frombuffer(content, dtype=np.uint8)
        ends_n = np.flatnonzero(self._bytes == _END)
        self._starts_n = np.concatenate([[0], ends_n[:-1] + 1]) if len(ends_n) else ends_n
        self._lengths_n = ends_n - self._starts_n

    @cached_property
    def _first_n(self) -> "list[npt.NDArray[np.uint8]]":
        """The first four letters of each text; that of a new line where one is shorter."""
        return [
            self._bytes[self._starts_n + np.minimum(self._lengths_n, place)] for place in range(4)
        ]

    @cached_property
    def _pair_n(self) -> "npt.NDArray[np.intp]":
        """The first two letters of each text, small, as one number."""
        first_n, second_n = (_SMALL[letter_n] for letter_n in self._first_n[:2])
        return (first_n << 8) | second_n

    @cached_property
    def _text_n(self) -> "npt.NDArray[np.int32]":
        """Of each letter, the number of its text."""
        return np.repeat(np.arange(len(self._lengths_n), dtype=np.int32), self._lengths_n + 1)

    @cached_property
    def small(self) -> bytes:
        """The same bytes with small letters for capital ones, as far as they are of ASCII."""
        return self.content.lower()

    def having(self, letters: Iterable[str], *, place: int = 0) -> Mask:
        """Say which texts have one of some ASCII letters at a place; a shorter text does not.

        Parameters
        ----------
        letters
            Any of these.
        place
            0 for the first letter of a text, to 3 for the fourth.
        """
        return _table(letters)[self._first_n[place]]

    def beginning_small(self, starts: Iterable[str]) -> Mask:
        """Say which texts begin with one of some single ASCII letters, or pairs of them.

        They are given in small letters; those of the texts may be small or capital.
        """
        table = np.zeros((256, 256), dtype=bool)
        for start in starts:
            table[tuple(start.encode())] = True
        found_n: Mask = table.ravel()[self._pair_n]
        return found_n

    def holding(self, text: str, *, small: bool = False) -> "npt.NDArray[np.int32]":
        """Return the numbers of the texts that hold a text of ASCII letters, in order.

        With ``small``, whether letters are small or capital makes no difference; ``text``
        is then in small ones. To compare all places at once takes half the time of a search
        from place to place.
        """
        wanted = text.encode()
        letters_n = np.frombuffer(self.small if small else self.content, dtype=np.uint8)
        n_places = max(len(letters_n) - len(wanted) + 1, 0)
        is_here = letters_n[:n_places] == wanted[0]
        for place in range(1, min(len(wanted), _FEW)):
            is_here &= letters_n[place : place + n_places] == wanted[place]
        places = np.flatnonzero(is_here)
        for place in range(_FEW, len(wanted)):
            places = places[letters_n[places + place] == wanted[place]]
        texts_n = self._text_n[places]
        return texts_n[np.diff(texts_n, prepend=-1) > 0]

    @cached_property
    def is_plain_id(self) -> Mask:
        """Which texts are ``ENS``, capital letters that end in ``G``, and digits.

        All of these are ids of Ensembl, and of those only the ones with a version or with digits
        of another script are not among these.
        """
        begins_n: Mask = np.logical_and.reduce(
            [self.having(letter, place=place) for place, letter in enumerate("ENS")]
        )
        if not begins_n.any():
            return begins_n
        is_digit, is_capital = self._bytes - ord("0") < 10, self._bytes - ord("A") < 26
        is_end = self._bytes == _END
        is_wrong = ~(is_digit | is_capital | is_end)
        # Each letter beside the one before it: digits begin behind a G, and end the text.
        is_wrong[1:] |= is_digit[:-1] & is_capital[1:]
        is_wrong[1:] |= is_digit[1:] & ~is_digit[:-1] & (self._bytes[:-1] != ord("G"))
        is_wrong[1:] |= is_end[1:] & ~is_digit[:-1]
        is_plain: Mask = begins_n & ~np.logical_or.reduceat(is_wrong, self._starts_n)
        return is_plain


class _Recent:
    """The letters of the lists that were asked about last: one is asked about several times.

    To compare two lists of the same texts takes a quarter of the time of a hash of all texts.
    """

    def __init__(self) -> None:
        self.cache_clear()

    def cache_clear(self) -> None:
        """Forget all."""
        self._lists: tuple[tuple[list[str], Letters], ...] = ()

    def of(self, texts: list[str]) -> Letters:
        """Return the letters of texts."""
        found = next((known for known in self._lists if known[0] == texts), None)
        if found is None:
            found = (texts, _letters(texts))
            if len(found[1].content) > _MOST:
                return found[1]
        others = [known for known in self._lists if known is not found]
        self._lists = (*others[1 - _LISTS :], found)
        return found[1]


_recent = _Recent()


def letters_of(texts: Sequence[str]) -> Letters:
    """Return the letters of texts.

    A new line within a text becomes a byte that no name holds.
    """
    return _recent.of(list(texts))


def _letters(texts: list[str]) -> Letters:
    joined = "\n".join(texts)
    if joined.count("\n") != max(len(texts) - 1, 0):
        joined = "\n".join([text.replace("\n", "\0") for text in texts])
    return Letters((joined + "\n" if texts else "").encode("utf-8", "surrogatepass"))


def _table(letters: Iterable[str]) -> Mask:
    """Return for each byte whether it is one of some ASCII letters."""
    table = np.zeros(256, dtype=bool)
    table[[ord(letter) for letter in letters]] = True
    return table


_SMALL = np.frombuffer(bytes(range(256)).lower(), dtype=np.uint8).astype(np.intp)
