"""Which block and thread computes an output element, and where in the output it lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Index = tuple[int, ...]


@dataclass(frozen=True)
class Launch:
    """Grid and block of a kernel launch, as the probe saw it."""

    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared: int = 0

    @property
    def threads(self) -> int:
        """Threads in a block."""
        return self.block[0] * self.block[1] * self.block[2]

    @property
    def total(self) -> int:
        """Threads in the grid."""
        return self.threads * self.grid[0] * self.grid[1] * self.grid[2]

    def __str__(self) -> str:
        """Write it as the code does."""
        return f"<<<{_dim(self.grid)}, {_dim(self.block)}>>>"


def _dim(dim: tuple[int, ...]) -> str:
    used = 3 if dim[2] > 1 else 2 if dim[1] > 1 else 1
    return str(dim[0]) if used == 1 else "(" + ", ".join(map(str, dim[:used])) + ")"


@dataclass(frozen=True)
class Owned:
    """The thread that computes an element; ``None`` where the grid has no such block."""

    block: Index
    thread: Index
    exists: bool = True

    def __str__(self) -> str:
        """Name the thread and its block."""
        block, thread = (str(i[0]) if len(i) == 1 else "(" + ", ".join(map(str, i)) + ")" for i in (self.block, self.thread))
        return f"thread {thread} of block {block}"


@dataclass(frozen=True)
class Owner:
    """How elements are dealt to threads.

    Attributes
    ----------
    find
        Index of an element, launch -> the thread that owns it.
    tile
        Launch -> shape of the part of the output that one block computes, as an index shape; None: no such shape.
    by_place
        Whether the place of an element says who computes it; if not, a pattern of wrong places says nothing about threads.
    """

    find: Callable[[Index, tuple[int, ...], Launch], Owned]
    tile: Callable[[Launch], tuple[int, ...] | None]
    by_place: bool = True


def _flat(index: Index, shape: tuple[int, ...]) -> int:
    flat = 0
    for i, extent in zip(index, shape, strict=True):
        flat = flat * extent + i
    return flat


def linear(per_thread: int = 1) -> Owner:
    """Threads are numbered through all blocks; each owns ``per_thread`` neighbouring elements."""

    def find(index: Index, shape: tuple[int, ...], launch: Launch) -> Owned:
        worker = _flat(index, shape) // per_thread
        block, thread = divmod(worker, launch.threads)
        return Owned((block,), (thread,), block < launch.grid[0])

    return Owner(find, lambda launch: (launch.threads * per_thread,))


def strided() -> Owner:
    """Grid-stride loop: the grid's threads walk through the elements together."""

    def find(index: Index, shape: tuple[int, ...], launch: Launch) -> Owned:
        worker = _flat(index, shape) % (launch.threads * launch.grid[0])
        block, thread = divmod(worker, launch.threads)
        return Owned((block,), (thread,))

    return Owner(find, lambda launch: None)


class _Anybody(Owned):
    def __str__(self) -> str:
        return "no thread alone"


def anybody() -> Owner:
    """Any thread may write any element, as into a histogram or when sorting."""
    return Owner(lambda index, shape, launch: _Anybody((), ()), lambda launch: None, by_place=False)


def image(tile: tuple[int, int] | None = None) -> Owner:
    """X is the column and y the row; a block computes ``tile`` (rows, columns), by default as many as it has threads.

    With a tile smaller than the block the threads around it only load the halo.
    """

    def shape_of(launch: Launch) -> tuple[int, int]:
        return tile or (launch.block[1], launch.block[0])

    def find(index: Index, shape: tuple[int, ...], launch: Launch) -> Owned:
        rows, columns = shape_of(launch)
        halo = ((launch.block[1] - rows) // 2, (launch.block[0] - columns) // 2) if tile else (0, 0)
        block = (index[1] // columns, index[0] // rows)
        thread = (index[1] % columns + max(halo[1], 0), index[0] % rows + max(halo[0], 0))
        return Owned(block, thread, block[0] < launch.grid[0] and block[1] < launch.grid[1])

    return Owner(find, shape_of)


def volume() -> Owner:
    """X is the column, y the row and z the layer; a block computes as many elements as it has threads."""

    def find(index: Index, shape: tuple[int, ...], launch: Launch) -> Owned:
        block, thread = zip(*(divmod(i, b) for i, b in zip(reversed(index), launch.block, strict=True)), strict=True)
        return Owned(block, thread, all(b < g for b, g in zip(block, launch.grid, strict=True)))

    return Owner(find, lambda launch: launch.block[::-1])


def where(index: Index, shape: tuple[int, ...], tile: tuple[int, ...] | None, radius: int) -> list[str]:
    """Say in words where an element lies: on an edge, next to a tile's border, in the last, partly filled tile."""
    words = []
    sides = _SIDES.get(len(shape), ())
    if len(shape) == 1 and index[0] in (0, shape[0] - 1):
        words.append("the first element" if index[0] == 0 else "the last element")
    touched = [
        first if i < max(radius, 1) else last
        for i, extent, (first, last) in zip(index, shape, sides, strict=False)
        if i < max(radius, 1) or i >= extent - max(radius, 1)
    ]
    if touched:
        words.append("on the " + " ".join(touched) + (" corner" if len(touched) > 1 else " edge"))
    if tile is None or len(tile) != len(shape):
        return words
    if radius and any(
        (i % t < radius and i >= radius) or (i % t >= t - radius and i < extent - radius)
        for i, t, extent in zip(index, tile, shape, strict=True)
    ):
        words.append("beside a tile's border, where it needs the halo")
    if any(extent % t and i >= extent - extent % t for i, t, extent in zip(index, tile, shape, strict=True)) and any(
        extent > t for t, extent in zip(tile, shape, strict=True)
    ):
        words.append("in the last tile, which is only partly filled")
    return words


_SIDES = {
    2: [("top", "bottom"), ("left", "right")],
    3: [("front", "back"), ("top", "bottom"), ("left", "right")],
}
