"""vector_add against NumPy: every variant, on sizes and values that break vector additions."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pmpp
from pmpp._runtime import core
from pmpp.vector import vector_add

VARIANTS = pmpp.variants(vector_add)
INTEGERS = tuple(f"{sign}int{bits}" for bits in (8, 16, 32, 64) for sign in ("", "u"))
DTYPES = (*INTEGERS, "float16", ml_dtypes.bfloat16, "float32", "float64")
TILE = 256 * 2 * 4  # float32 elements of a block of the vectorised kernel
SIZES = (0, 1, 2, 3, 4, 5, 31, 32, 33, 255, 256, 257, 1021, TILE - 1, TILE, TILE + 1, 4099, 4 * TILE - 1, 4 * TILE + 1)


def values(kind: str, n: int, dtype: str) -> np.ndarray:
    """Return inputs that are not alike at any two places, or are special at some."""
    rng, dtype = np.random.default_rng(n), np.dtype(dtype)
    if dtype.name in INTEGERS:
        info = np.iinfo(dtype)
        x = rng.integers(info.min, info.max, n, dtype, endpoint=True)
        return x if kind == "random" else rng.permutation(np.resize(np.array([info.min, info.max, 0, 1], dtype), n))
    x = rng.standard_normal(n).astype(dtype)
    if kind == "special":
        info = ml_dtypes.finfo(dtype)
        pool = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, info.smallest_subnormal, -info.tiny, info.max], dtype)
        x = rng.permutation(np.resize(pool, n))
    return x


def same_bits(got: np.ndarray, expected: np.ndarray) -> None:
    """Equal to the bit, but for the bits of a NaN."""
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    numbers = expected == expected  # whatever the dtype, only NaN is not
    np.testing.assert_array_equal(got == got, numbers)
    bits = f"u{got.dtype.itemsize}"
    np.testing.assert_array_equal(got[numbers].view(bits), expected[numbers].view(bits))


def put(array: pmpp.DeviceArray, host: np.ndarray) -> None:
    """Copy into an array that exists, wherever it starts."""
    core.copy_to_device(array.pointer, host.ctypes.data, host.nbytes)


def test_ladder_is_listed_from_naive_to_best():
    assert VARIANTS == ("thread_per_element", "grid_stride", "vectorized")


@pytest.mark.parametrize("kind", ["random", "special"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", ("auto", *VARIANTS))
def test_equals_numpy_at_every_size(variant, dtype, kind):
    for n in SIZES:
        a, b = values(kind, n, dtype), values(kind, n + 1, dtype)[1:]
        with np.errstate(all="ignore"):
            same_bits(vector_add(a, b, variant=variant), a + b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_million_and_three(variant, dtype):
    a, b = values("random", 2**20 + 3, dtype), values("random", 2**20 + 4, dtype)[1:]
    same_bits(vector_add(a, b, variant=variant), a + b)


@pytest.mark.parametrize("shape", [(), (7,), (3, 5), (2, 3, 4), (0, 4)])
def test_any_shape(shape):
    a = values("random", int(np.prod(shape)), "float32").reshape(shape)
    same_bits(np.asarray(vector_add(a, a)), np.asarray(a + a))


@given(
    n=st.integers(0, 300),
    step_a=st.sampled_from([1, 2, 3, -1]),
    step_b=st.sampled_from([1, 2, -1]),
    variant=st.sampled_from(VARIANTS),
)
@settings(max_examples=100, deadline=None)
def test_arrays_that_are_not_contiguous(n, step_a, step_b, variant):
    a, b = (values("random", n * abs(step), "float32")[::step] for step in (step_a, step_b))
    same_bits(vector_add(a, b, variant=variant), a + b)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("offsets", [(0, 0, 0), (1, 1, 1), (3, 3, 3), (1, 0, 0), (0, 2, 1)])
def test_bases_off_the_16_byte_boundary(variant, offsets):
    # The same offset in all three has a head before the first boundary; different ones never meet at a boundary.
    n = 2 * TILE + 13
    a, b = values("random", n, "float32"), values("random", n + 1, "float32")[1:]
    places = [pmpp.DeviceArray((n + 8,), "float32") for _ in offsets]
    views = [
        pmpp.DeviceArray.borrow(place.pointer + 4 * offset, (n,), place.dtype, place)
        for place, offset in zip(places, offsets, strict=True)
    ]
    guard = np.full(n + 8, -7, np.float32)
    for place in places:
        put(place, guard)
    put(views[0], a)
    put(views[1], b)
    assert vector_add(views[0], views[1], out=views[2], variant=variant) is views[2]
    whole = places[2].numpy()
    same_bits(whole[offsets[2] : offsets[2] + n], a + b)
    assert (whole[: offsets[2]] == -7).all()
    assert (whole[offsets[2] + n :] == -7).all()


def test_out_may_be_an_input_on_either_side():
    a, b = values("random", 1000, "float64"), values("random", 1001, "float64")[1:]
    expected = a + b
    x, y = pmpp.DeviceArray.from_numpy(a), pmpp.DeviceArray.from_numpy(b)
    assert vector_add(x, y, out=y) is y
    same_bits(y.numpy(), expected)
    assert vector_add(a, b, out=a) is a
    same_bits(a, expected)


def test_out_of_host_memory_may_have_gaps():
    a = values("random", 33, "float32")
    out = np.zeros(66, np.float32)
    vector_add(a, a, out=out[::2])
    same_bits(out[::2], a + a)
    assert not out[1::2].any()


def test_out_that_partly_overlaps_is_refused():
    x = pmpp.DeviceArray.from_numpy(values("random", 100, "float32"))
    low = pmpp.DeviceArray.borrow(x.pointer, (99,), x.dtype, x)
    high = pmpp.DeviceArray.borrow(x.pointer + 4, (99,), x.dtype, x)
    with pytest.raises(ValueError, match="out: it shares memory with an input"):
        vector_add(low, low, out=high)


def test_host_out_that_partly_overlaps_is_safe():
    a = values("random", 100, "float32")
    expected = a[:-1] + a[:-1]
    same_bits(vector_add(a[:-1], a[:-1], out=a[1:]), expected)


def test_device_arrays_stay_on_the_device_and_on_the_stream():
    a = values("random", 257, "float32")
    stream = pmpp.Stream()
    x = pmpp.DeviceArray.from_numpy(a, stream=stream)
    total = vector_add(vector_add(x, x, stream=stream), x, stream=stream)
    assert isinstance(total, pmpp.DeviceArray)
    same_bits(total.numpy(stream=stream), a + a + a)


def test_arguments_are_left_alone():
    a, b = values("random", 100, "float32"), values("random", 101, "float32")[1:]
    before = a.copy(), b.copy()
    a.flags.writeable = False
    vector_add(a, b)
    same_bits(a, before[0])
    same_bits(b, before[1])


X = np.zeros(4, np.float32)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"a": X.astype(np.complex64)}, TypeError, r"a: got dtype complex64; int8, uint8, .*float32 and float64 are accepted"),
        ({"a": X.astype(">f4")}, TypeError, r"a: got dtype >f4 \(swapped bytes\)"),
        ({"a": [1.0, 2.0]}, TypeError, r"a: got list; an array is accepted \(numpy.asarray\(a\) makes one\)"),
        ({"a": None}, TypeError, r"a: got NoneType; an array is accepted"),
        ({"b": X.astype(np.float64)}, TypeError, r"b: got dtype float64; float32 are accepted"),
        ({"b": X[:3]}, ValueError, r"b: got shape \(3,\); a has \(4,\)"),
        ({"b": X[:1]}, ValueError, r"b: got shape \(1,\); a has \(4,\)"),
        ({"out": np.zeros(3, np.float32)}, ValueError, r"out: got shape \(3,\); the result has \(4,\)"),
        ({"out": np.zeros(4)}, TypeError, r"out: got dtype float64; the result has float32"),
        ({"out": np.broadcast_to(np.float32(0), 4)}, ValueError, r"out: it is read-only"),
        (
            {"variant": "fastest"},
            ValueError,
            r"variant: got 'fastest'; vector_add has auto, thread_per_element, grid_stride, vectorized",
        ),
        ({"variant": None}, ValueError, r"variant: got None"),
        ({"stream": "default"}, TypeError, r"stream: got str; None, a pmpp.Stream"),
        ({"stream": -1}, TypeError, r"stream: got int"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        vector_add(**{"a": X, "b": X} | arguments)


def test_two_memories_do_not_mix():
    on_device = pmpp.DeviceArray.from_numpy(X)
    with pytest.raises(TypeError, match="b: it lies in device memory, a in host memory"):
        vector_add(X, on_device)
    with pytest.raises(TypeError, match="out: it lies in host memory, a in device memory"):
        vector_add(on_device, on_device, out=X.copy())
