"""Bars that are made when they are asked for: what every such sequence shares."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import overload

from holdfast.domain.bar import Bar


class LazyBars(Sequence[Bar]):
    """A sequence of bars that knows its length and how to make one."""

    @abstractmethod
    def make(self, index: int) -> Bar:
        """Make one bar; a negative index counts from the end.

        Raises:
            IndexError: there is none.
        """

    @overload
    def __getitem__(self, index: int) -> Bar: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Bar]: ...
    def __getitem__(self, index: int | slice) -> Bar | Sequence[Bar]:
        """Return one bar, or a list of them for a slice."""
        if isinstance(index, slice):
            return [self.make(each) for each in range(*index.indices(len(self)))]
        return self.make(index)
