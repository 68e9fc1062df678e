"""Vector addition against NumPy."""

import numpy as np
import pytest

import pmpp
from pmpp.vector import vector_add

SIZES = (0, 1, 31, 32, 33, 255, 256, 257, 511, 512, 513, 2047, 2048, 2049, 4099)
VARIANTS = pmpp.variants(vector_add)


def inputs(n, dtype):
    rng = np.random.default_rng(n)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, np.finfo(dtype).tiny / 2, np.finfo(dtype).max], dtype)
    a, b = rng.standard_normal((2, n)).astype(dtype)
    a[: len(special)] = special[:n]
    b[: len(special)] = special[::-1][:n]
    return a, b


def test_the_ladder_is_in_the_textbooks_order():
    assert VARIANTS == ("thread_per_element", "grid_stride", "vectorized")


@pytest.mark.parametrize("variant", ["auto", *VARIANTS])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", SIZES)
def test_equals_numpy(n, dtype, variant):
    a, b = inputs(n, dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(vector_add(a, b, variant=variant), a + b, strict=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_million(variant):
    a, b = inputs(2**20 + 3, np.float32)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(vector_add(a, b, variant=variant), a + b)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offsets", [(0, 0, 0), (1, 1, 1), (3, 3, 3), (0, 1, 2), (2, 2, 0)])
def test_misaligned_device_memory(offsets, dtype, variant):
    n, item = 1000, np.dtype(dtype).itemsize
    whole = [pmpp.DeviceArray.from_numpy(x) for x in (*inputs(n + 8, dtype), np.full(n + 8, 7.0, dtype))]
    parts = [
        pmpp.DeviceArray.borrow(array.pointer + offset * item, (n,), array.dtype, array)
        for array, offset in zip(whole, offsets, strict=True)
    ]
    with np.errstate(all="ignore"):
        expected = parts[0].numpy() + parts[1].numpy()
    assert vector_add(parts[0], parts[1], out=parts[2], variant=variant) is parts[2]
    np.testing.assert_array_equal(parts[2].numpy(), expected)
    rest = np.delete(whole[2].numpy(), np.s_[offsets[2] : offsets[2] + n])
    np.testing.assert_array_equal(rest, 7.0)


def test_shapes_and_strides():
    a, b = np.arange(24.0).reshape(4, 6)[::2, ::-1], np.ones((6, 2)).T[:, :6]
    np.testing.assert_array_equal(vector_add(a, b), a + b)
    out = np.zeros((4, 6))[::2]
    assert vector_add(a, b, out=out) is out
    np.testing.assert_array_equal(out, a + b)


def test_in_place_and_on_a_stream():
    stream = pmpp.Stream()
    host = np.arange(1000.0)
    a = pmpp.DeviceArray.from_numpy(host)
    for _ in range(3):
        vector_add(a, a, out=a, stream=stream)
    np.testing.assert_array_equal(a.numpy(stream=stream), 8 * host)


F32 = np.zeros(3, np.float32)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: vector_add([1.0], F32), TypeError, "a: got list"),
        (lambda: vector_add(F32.astype("i4"), F32), TypeError, "a: got dtype int32; float32 and float64 are accepted"),
        (lambda: vector_add(F32.astype(">f4"), F32), TypeError, "a: got dtype >f4"),
        (lambda: vector_add(F32.astype("O"), F32), TypeError, "a: got dtype object"),
        (lambda: vector_add(F32, F32.astype("f8")), TypeError, "b: got dtype float64; float32"),
        (lambda: vector_add(F32, F32[:2]), ValueError, r"b: got shape \(2,\); a has \(3,\)"),
        (lambda: vector_add(F32, F32, variant="fast"), ValueError, "variant: got 'fast'; vector_add has auto, thread_per"),
        (lambda: vector_add(F32, F32, out=F32[:2].copy()), ValueError, r"out: got shape \(2,\)"),
        (lambda: vector_add(F32, F32, out=F32.astype("f8")), TypeError, "out: got dtype float64"),
        (lambda: vector_add(F32, F32, stream="x"), TypeError, "stream: got str"),
        (lambda: vector_add(F32, pmpp.DeviceArray.from_numpy(F32)), TypeError, "b: it lies in device memory"),
        (lambda: vector_add(F32, F32, out=pmpp.DeviceArray.from_numpy(F32)), TypeError, "out: it lies in device memory"),
    ],
)
def test_bad_input_is_explained(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_a_read_only_result_is_refused():
    out = F32.copy()
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out: it is read-only"):
        vector_add(F32, F32, out=out)


def test_a_result_upon_part_of_an_input_is_refused():
    a = pmpp.DeviceArray.from_numpy(np.zeros(100, np.float32))
    first = pmpp.DeviceArray.borrow(a.pointer, (50,), a.dtype, a)
    upon = pmpp.DeviceArray.borrow(a.pointer + 100, (50,), a.dtype, a)
    with pytest.raises(ValueError, match="shares memory"):
        vector_add(first, first, out=upon)
