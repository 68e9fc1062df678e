"""The first wrong element, its owner, where it lies, and the pattern that the wrong ones make."""

import numpy as np
import pytest

from pmpp.testing.compare import compare
from pmpp.testing.diagnose import Context, diagnose
from pmpp.testing.geometry import Launch, anybody, image, linear, strided, volume, where
from pmpp.testing.runner import sentinel

LINE = Launch((5, 1, 1), (256, 1, 1))
PLANE = Launch((3, 2, 1), (16, 16, 1))


def _kind(got, expected, **context):
    finding = _finding(got, expected, **context)
    return finding.kind if finding else None


def _finding(got, expected, *, launch=LINE, owner=None, inputs=None, suspects=None, radius=0, launches=1):
    got = np.asarray(got, np.float32)
    mismatch = compare("out", got, expected, 1e-5, 1e-6)
    assert mismatch is not None
    untouched = got.view(np.uint32) == sentinel(got.shape, got.dtype).view(np.uint32)
    return diagnose(
        Context(
            mismatch=mismatch,
            touched=~untouched,
            launch=launch if launches else None,
            launches=launches,
            owner=owner or (linear() if got.ndim == 1 else image()),
            inputs=inputs or {},
            suspects=suspects or {},
            radius=radius,
            rtol=1e-5,
            atol=1e-6,
        )
    )


@pytest.fixture
def line(rng):
    return rng.standard_normal(1100, dtype=np.float32)


@pytest.fixture
def plane(rng):
    return rng.standard_normal((30, 40), dtype=np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_nan_and_infinity_never_pass():
    expected = np.zeros(4, np.float32)
    for bad in (np.nan, np.inf, -np.inf):
        got = np.array([0, 0, bad, 0], np.float32)
        assert compare("out", got, expected, 1e-5, 1e-6).first == (2,)
    assert compare("out", expected, np.full(4, np.nan), 1e-5, 1e-6).count == 4


def test_tolerance_is_relative_and_absolute_and_integers_are_exact():
    one = np.array([1000.0, 0.0], np.float32)
    assert compare("out", one, one * (1 + 9e-6), 1e-5, 1e-6) is None
    assert compare("out", one, one + 0.1, 1e-5, 1e-6).count == 2
    assert compare("n", np.array([2**31 - 1], np.int32), np.array([2**31 - 2], np.int32), 1, 1).count == 1


def test_patterns_of_a_line(line, rng):
    assert _kind(sentinel(line.shape, line.dtype), line, launches=0) == "not launched"
    assert _kind(sentinel(line.shape, line.dtype), line) == "unwritten"
    assert _kind(np.zeros_like(line), line) == "all zero"
    assert _kind(np.where(np.arange(1100) < 256, line, 0), line) == "first block only"
    assert _kind(np.where(np.arange(1100) < 1024, line, 7), line) == "last tile"
    assert _kind(np.where(np.arange(1100) < 1099, line, 7), line) == "tail"
    assert _kind(np.where((np.arange(1100) < 1024) | (line < 0), line, 7), line) == "last tile"
    few = Launch((4, 1, 1), (256, 1, 1))
    assert _kind(np.where(np.arange(1100) < 1024, line, 7), line, launch=few) == "grid too small"
    assert _kind(np.where(np.arange(1100) < 700, line, 7), line) == "tail"
    assert _kind(np.where(np.arange(1100) % 2, 9, line), line) == "period"
    assert _kind(np.roll(line, 1), line) == "shifted"
    assert _kind(np.roll(line, -1), line) == "shifted"
    assert _kind(3 * line, line) == "scaled"
    assert _kind(np.where(line > 2, np.nan, line), line) == "nan"
    x = rng.standard_normal(1100, dtype=np.float32)
    assert _kind(x, line, inputs={"x": x}) == "copy"
    assert _kind(-line + 1, line, suspects={"x": -line + 1}) == "suspect"
    assert _kind(np.where(line > 2, 5, line), line) is None
    holes = np.where(np.arange(1100) % 7 == 3, sentinel(line.shape, line.dtype), line)
    assert _kind(holes, line) == "unwritten"


def test_places_say_nothing_where_any_thread_may_write(line):
    assert _kind(np.where(np.arange(1100) < 700, line, 7), line, owner=anybody()) is None
    assert _kind(np.where(np.arange(1100) % 2, 9, line), line, owner=anybody()) is None


def test_an_output_with_a_value_before_the_call_is_called_as_it_was(line):
    before = sentinel(line.shape, line.dtype)
    assert "no thread stored another value" in _finding(before, line, inputs={"out": before}).text
    part = np.where(line < 1, line, before)
    assert "are as they were before the call" in _finding(part, line, inputs={"out": before}).text
    assert "were never written" in _finding(part, line).text


def test_a_short_line_has_no_period(line):
    assert _kind(np.full(26, 9.0), line[:26]) is None


def test_patterns_of_a_plane(plane):
    def spoilt(where):
        return np.where(where, plane + 1, plane)

    row, column = np.indices(plane.shape)
    assert _kind(plane.T.reshape(plane.shape), plane, launch=PLANE) == "transposed"
    assert _kind(np.roll(plane, (1, -1), (0, 1)), plane, launch=PLANE) == "shifted"
    assert _kind(spoilt((row >= 16) | (column >= 16)), plane, launch=PLANE) == "first block only"
    assert _kind(spoilt((row >= 16) | (column >= 32)), plane, launch=PLANE) == "last tile"
    assert _kind(spoilt((row < 2) | (column == 39)), plane, launch=PLANE, radius=2) == "edge"
    assert _kind(spoilt(column % 16 == 15), plane, launch=PLANE, radius=2) == "halo"
    assert _kind(spoilt((row + column) % 5 == 0), plane, launch=PLANE, radius=2) is None


def test_constant_data_hide_no_shift():
    flat = np.ones(50, np.float32)
    assert _kind(2 * flat, flat) not in ("shifted", "scaled")


def test_owners():
    assert str(linear().find((300,), (1100,), LINE)) == "thread 44 of block 1"
    assert str(linear(2).find((513,), (1100,), LINE)) == "thread 0 of block 1"
    assert not linear().find((5 * 256,), (2000,), LINE).exists
    assert str(strided().find((5 * 256 + 3,), (9000,), LINE)) == "thread 3 of block 0"
    assert str(image().find((17, 34), (30, 40), PLANE)) == "thread (2, 1) of block (2, 1)"
    halo = Launch((3, 3, 1), (32, 32, 1))
    assert str(image(tile=(28, 28)).find((28, 0), (60, 60), halo)) == "thread (2, 2) of block (0, 1)"


def test_places_in_words():
    assert where((0,), (10,), (4,), 0) == ["the first element"]
    assert where((9,), (10,), (4,), 0) == ["the last element", "in the last tile, which is only partly filled"]
    assert where((0, 39), (32, 40), (16, 20), 1) == ["on the top right corner"]
    assert where((5, 16), (32, 48), (16, 16), 2) == ["beside a tile's border, where it needs the halo"]
    assert where((5, 5), (32, 48), (16, 16), 2) == []


def test_an_element_of_a_volume_belongs_to_its_block_and_thread():
    launch = Launch((2, 3, 4), (32, 4, 2))
    assert str(volume().find((5, 6, 40), (8, 12, 60), launch)) == "thread (8, 2, 1) of block (1, 1, 2)"
    assert not volume().find((8, 0, 0), (9, 12, 60), launch).exists
    assert volume().tile(launch) == (2, 4, 32)
