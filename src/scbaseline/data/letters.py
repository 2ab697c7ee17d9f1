"""Turns a list of texts into one array of letters, so that all are asked one question at once.

A file names some 30,000 genes, each in two ways. To ask each name by itself takes longer than
to read the counts of some thousand cells. The answers here are exact where they say so; else
they say which names must be asked by themselves.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

_END = 10  # of a text: the byte of a new line
_MOST = 0x3000000  # bytes of a list that is kept: one is asked about several times


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
    def small(self) -> bytes:
        """The same bytes with small letters for capital ones, as far as they are of ASCII."""
        return self.content.lower()

    def beginning(self, firsts: Iterable[str]) -> Mask:
        """Say which texts begin with one of some ASCII letters; an empty text does not."""
        return _table(firsts)[self._letter(0)]

    def beginning_small(self, pairs: Iterable[str]) -> Mask:
        """Say which texts begin with one of some pairs of ASCII letters, small or capital."""
        of_first: dict[str, list[str]] = {}
        for pair in pairs:
            of_first.setdefault(pair[0], []).append(pair[1])
        first_n, second_n = self._letter(0), self._letter(1)
        found_n = np.zeros(len(first_n), dtype=bool)
        for first, seconds in of_first.items():
            of_both_n = _table(first + first.upper())[first_n]
            found_n |= of_both_n & _table("".join(seconds) + "".join(seconds).upper())[second_n]
        return found_n

    def holding(self, text: str, *, small: bool = False) -> list[int]:
        """Return the numbers of the texts that hold a text of ASCII letters, in order.

        With ``small``, whether letters are small or capital makes no difference; ``text``
        is then in small ones.
        """
        content, wanted = self.small if small else self.content, text.encode()
        places: list[int] = []
        if len(wanted) == 1:
            places = np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == wanted[0]).tolist()
        else:
            at = content.find(wanted)
            while at >= 0:
                places.append(at)
                at = content.find(wanted, at + len(wanted))
        rows: list[int] = np.unique(np.searchsorted(self._starts_n, places, side="right")).tolist()
        return [row - 1 for row in rows]

    @cached_property
    def is_plain_id(self) -> Mask:
        """Which texts are ``ENS``, capital letters that end in ``G``, and digits.

        All of these are ids of Ensembl, and all such ids but those with a version or with
        digits of another script are among these.
        """
        if not len(self._lengths_n):
            return np.zeros(0, dtype=bool)
        head_n = np.ones(len(self._lengths_n), dtype=bool)
        for place, letter in enumerate("ENS"):
            head_n &= self._letter(place) == ord(letter)
        if not head_n.any():
            return head_n
        capital = (self._bytes >= ord("A")) & (self._bytes <= ord("Z"))
        digit = (self._bytes >= ord("0")) & (self._bytes <= ord("9"))
        n_capital_n, n_digit_n, n_back_n, n_start_n = (
            np.add.reduceat(what.view(np.uint8), self._starts_n, dtype=np.int64)
            for what in (
                capital,
                digit,
                np.append(digit[:-1] & capital[1:], False),
                np.append((self._bytes[:-1] == ord("G")) & digit[1:], False),
            )
        )
        only_these_n = n_capital_n + n_digit_n == self._lengths_n
        plain_n: Mask = head_n & only_these_n & (n_back_n == 0) & (n_start_n == 1)
        return plain_n

    def _letter(self, place: int) -> "npt.NDArray[np.uint8]":
        """Return one byte of each text; that of a new line where it is shorter."""
        at_n = self._starts_n + np.minimum(self._lengths_n, place)
        letter_n: npt.NDArray[np.uint8] = self._bytes[at_n]
        return letter_n


def letters_of(texts: Sequence[str]) -> Letters:
    """Return the letters of texts.

    A new line within a text becomes a byte that no name holds.
    """
    joined = "\n".join(texts)
    if joined.count("\n") != max(len(texts) - 1, 0):
        joined = "\n".join([text.replace("\n", "\0") for text in texts])
    content = joined + "\n" if len(texts) else ""
    return (_kept if len(content) < _MOST else _letters)(content)


def _letters(content: str) -> Letters:
    return Letters(content.encode("utf-8", "surrogatepass"))


_kept = lru_cache(maxsize=6)(_letters)


def _table(letters: Iterable[str]) -> Mask:
    """Return for each byte whether it is one of some ASCII letters."""
    table = np.zeros(256, dtype=bool)
    table[[ord(letter) for letter in letters]] = True
    return table
