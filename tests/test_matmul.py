"""matmul against NumPy in a wider type: every variant and dtype, on shapes, strides and values that break matrix products.

An element is a sum of k products. A fused multiply-add a product, in order: the error is at most k roundings of the sum of the
magnitudes, one more for the result's dtype, and where products are denormal half of the smallest number for each. Tensor
cores add up 16 exact products and the sum so far, and cut off: 17 additions for 16 products, of twice the rounding each.
"""

import ctypes

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import pmpp
from pmpp.matmul import matmul

VARIANTS = pmpp.variants(matmul)
IN_ORDER = tuple(name for name in VARIANTS if name != "tensor_core")
DTYPES = ("float32", "float64", "float16", "bfloat16")
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
SIZES = (0, 1, 31, 33, 128, 129)


def dtype_of(name):
    return BFLOAT16 if name == "bfloat16" else np.dtype(name)


def able(dtype):
    """The variants that take a dtype."""
    return ("auto", *(VARIANTS if dtype_of(dtype).itemsize == 2 else IN_ORDER))


def exact(a, b):
    """The product and the bound's sum of magnitudes, in a type whose own rounding does not count."""
    wide = np.longdouble if a.dtype == np.float64 else np.float64
    with np.errstate(all="ignore"):
        return a.astype(wide) @ b.astype(wide), np.abs(a.astype(wide)) @ np.abs(b.astype(wide))


def check(got, reference, dtype, k, variant):
    """Within the bound where the exact product is finite and fits the dtype, equal where it does not."""
    product, magnitude = reference
    info, sums = ml_dtypes.finfo(dtype), np.finfo(np.float64 if dtype == np.float64 else np.float32)
    assert got.dtype == dtype
    assert got.shape == product.shape
    got = got.astype(product.dtype)
    chopped = variant == "tensor_core" or (variant == "auto" and dtype.itemsize == 2)
    additions, unit = (k + k // 16 + 1, sums.eps) if chopped else (k, sums.eps / 2)
    with np.errstate(all="ignore"):
        summed = additions * unit * (1 + additions * unit) * magnitude + k * float(sums.smallest_subnormal)
        bound = summed + (np.abs(product) + summed) * float(info.eps) / 2 + float(info.smallest_subnormal)
        fits = np.isfinite(product) & (np.abs(product) + bound < float(info.max))
        too_large = np.isfinite(product) & (np.abs(product) - bound > float(info.max) * (1 + float(info.eps) / 2))
        wrong = ~(np.abs(got - product) <= bound)
    assert not wrong[fits].any(), f"{variant}: {wrong[fits].sum()} of {fits.sum()} elements are beyond the bound"
    np.testing.assert_array_equal(got[~np.isfinite(product)], product[~np.isfinite(product)])
    np.testing.assert_array_equal(got[too_large], np.sign(product[too_large]) * np.inf)


def same_bits(got, expected):
    """Equal to the bit, but for the bits of a NaN."""
    numbers = ~np.isnan(expected.astype(np.float64))
    np.testing.assert_array_equal(np.isnan(got.astype(np.float64)), ~numbers)
    bits = f"u{got.dtype.itemsize}"
    np.testing.assert_array_equal(got[numbers].view(bits), expected[numbers].view(bits))


def test_the_ladder_is_in_the_textbooks_order():
    assert VARIANTS == (
        "naive", "coalesced", "tiled", "coarsened", "register_tiled", "vectorized", "pipelined", "tensor_core",
    )  # fmt: skip


def operands(adversarial, kind, dtype, m, n, k):
    return (
        adversarial.make(kind, dtype, m * k).reshape(m, k),
        adversarial.make(kind, dtype, k * n, seed=1).reshape(k, n),
    )


def every_variant(a, b):
    """All variants are within the bound, and those that go in order agree with each other to the bit."""
    reference = exact(a, b)
    first = matmul(a, b, variant="naive")
    for variant in able(a.dtype.name):
        got = matmul(a, b, variant=variant)
        check(got, reference, a.dtype, a.shape[-1], variant)
        if variant in IN_ORDER:
            same_bits(got, first)


@pytest.mark.parametrize("m", SIZES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sizes(dtype, m, adversarial):
    for i, n in enumerate(SIZES):
        for j, k in enumerate(SIZES):
            kind = adversarial.kinds[(m + i + 2 * j) % len(adversarial.kinds)]
            every_variant(*operands(adversarial, kind, dtype_of(dtype), m, n, k))


@pytest.mark.parametrize("dtype", DTYPES)
def test_values(dtype, adversarial):
    for kind in adversarial.kinds:
        for m, n, k in ((32, 127, 130), (67, 131, 15)):
            every_variant(*operands(adversarial, kind, dtype_of(dtype), m, n, k))


@pytest.mark.parametrize("dtype", DTYPES)
def test_large(dtype, adversarial):
    for m, n, k in ((263, 389, 211), (3, 5, 30011), (1031, 1021, 3)):  # several tiles, a long sum, a million of sums
        every_variant(*operands(adversarial, "random", dtype_of(dtype), m, n, k))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("variant", IN_ORDER)
def test_products_are_taken_up_in_order_with_one_rounding_each(variant, dtype):
    dtype = dtype_of(dtype)
    large = 2.0**53 if dtype == np.float64 else 2.0**24
    if dtype == np.float16:
        a, b = np.array([[4096, 1, 1, -4096]], dtype), np.array([[4096], [1], [1], [4096]], dtype)
    else:
        a, b = np.array([[large, 1, 1, -large]], dtype), np.ones((4, 1), dtype)
    assert matmul(a, b, variant=variant)[0, 0] == 0  # 2 in another order
    if dtype.itemsize > 2:  # with 16-bit elements a product is exact anyway
        u = 2.0**-27 if dtype == np.float64 else 2.0**-12
        a, b = np.array([[-(1 + 2 * u), 1 + u]], dtype), np.array([[1], [1 + u]], dtype)
        assert matmul(a, b, variant=variant)[0, 0] == u * u  # 0 if the product is rounded before it is added


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_halves_are_summed_in_float32_and_rounded_to_even(variant, dtype):
    dtype = dtype_of(dtype)
    step = float(ml_dtypes.finfo(dtype).eps)
    # 1 plus a half, one and a half, and a bit more than a half of a step.
    a = np.array([[1, step / 2, 0], [1, step, step / 2], [1, step / 2, step * step]], dtype)
    got = matmul(a, np.ones((3, 1), dtype), variant=variant)[:, 0].astype(np.float64)
    np.testing.assert_array_equal(got, [1, 1 + 2 * step, 1 + step])


class Problem(ctypes.Structure):
    """pmpp_matmul_problem."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("a", "b", "out")),
        *((name, ctypes.c_size_t) for name in "mnk"),
        *((name, ctypes.c_ssize_t) for name in ("a_row", "a_col", "b_row", "b_col")),
        ("batch_ndim", ctypes.c_int),
        ("batch", ctypes.c_size_t * 62),
        ("a_batch", ctypes.c_ssize_t * 62),
        ("b_batch", ctypes.c_ssize_t * 62),
        ("dtype", ctypes.c_int),
    ]


def strided(whole_a, a, whole_b, b, variant):
    """Multiply views of arrays as they lie, through the C interface; what surrounds the result must stay as it is."""
    numbers = {"float16": 9, "bfloat16": 10, "float32": 11, "float64": 12}
    places = [pmpp.DeviceArray.from_numpy(whole) for whole in (whole_a, whole_b)]
    item, size = a.itemsize, a.shape[0] * b.shape[1]
    out = pmpp.DeviceArray.from_numpy(np.full(size + 32, 7, a.dtype))
    at = [p.pointer + v.ctypes.data - w.ctypes.data for p, v, w in zip(places, (a, b), (whole_a, whole_b), strict=True)]
    steps = [step // item for view in (a, b) for step in view.strides]
    problem = Problem(*at, out.pointer + 16, a.shape[0], b.shape[1], a.shape[1], *steps, dtype=numbers[a.dtype.name])
    assert ctypes.CDLL("libpmpp_kernels.so").pmpp_matmul(ctypes.byref(problem), variant.encode(), None) == 0
    found, first = out.numpy(), 16 // item
    around = np.delete(found, np.s_[first : first + size])
    np.testing.assert_array_equal(around.astype(float), 7)
    return found[first : first + size].reshape(a.shape[0], b.shape[1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_operands_as_they_lie(dtype, adversarial):
    dtype = dtype_of(dtype)
    wide = adversarial.make("random", dtype, 330 * 336).reshape(330, 336)
    other = adversarial.make("random", dtype, 330 * 336, seed=1).reshape(330, 336)

    def views(whole, rows, cols):
        yield whole[:rows, :cols]  # longer rows than columns
        yield whole[:cols, :rows].T
        yield whole[3 : rows + 3, 16 : cols + 16]  # on a 16-byte boundary
        yield whole[1 : rows + 1, 1 : cols + 1]  # off it
        yield whole[5 : cols + 5, 3 : rows + 3].T
        yield whole[rows::-1, :cols][:rows]  # backwards
        yield whole[: 2 * rows : 2, : 2 * cols : 2]  # no neighbours
        yield np.broadcast_to(whole[0, :cols], (rows, cols))  # one row for all
        yield np.broadcast_to(whole[:rows, :1], (rows, cols))

    for m, n, k in ((64, 136, 40), (131, 67, 35)):
        pairs = [(a, b) for a in views(wide, m, k) for b in views(other, k, n)]
        for index, (a, b) in enumerate(pairs):
            reference = exact(a, b)
            # Each pair with two variants: every variant meets every view on either side.
            for variant in (able(dtype)[index % len(able(dtype))], able(dtype)[-1]):
                check(strided(wide, a, other, b, variant), reference, dtype, k, variant)


@pytest.mark.parametrize("dtype", DTYPES)
def test_device_arrays_transposed_and_sliced(dtype, adversarial):
    dtype = dtype_of(dtype)
    hosts = [adversarial.make("random", dtype, 2 * 140 * 144, seed).reshape(2, 140, 144) for seed in (0, 1)]
    devices = [pmpp.DeviceArray.from_numpy(host) for host in hosts]
    for take in (lambda x: x[0].T[:140], lambda x: x[1, 4:68, 8:], lambda x: x[:, :33].transpose(0, 2, 1), lambda x: x[:, 3::2]):
        for other in (lambda x: x, lambda x: x.transpose(*range(x.ndim - 2), -1, -2)):
            a, (x, y) = take(hosts[0]), (take(device) for device in devices)
            if other(x).shape[-1] != x.shape[-2]:
                continue
            b, y = other(take(hosts[1])), other(y)
            for variant in (able(dtype)[-1], "auto", "vectorized", "pipelined"):
                check(matmul(x, y, variant=variant).numpy(), exact(a, b), dtype, a.shape[-1], variant)


@given(shapes=hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=3, max_side=5), data=st.data())
@settings(max_examples=150, deadline=None)
def test_batches_broadcast_as_numpys(shapes, data):
    # Small integers: products and sums are exact.
    dtype = dtype_of(data.draw(st.sampled_from(DTYPES)))
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-3, 4, shape).astype(dtype) for shape in shapes.input_shapes)
    got = matmul(a, b, variant=data.draw(st.sampled_from(able(dtype))))
    np.testing.assert_array_equal(np.asarray(got, np.float64), np.matmul(a.astype(np.float64), b.astype(np.float64)))
    assert got.dtype == dtype


@pytest.mark.parametrize("variant", ("auto", *IN_ORDER))
def test_more_batches_than_a_grid_holds(variant):
    count = 65535 + 70 if variant == "coalesced" else 300
    a = np.random.default_rng(0).integers(-9, 9, (count, 1, 2)).astype(np.float32)
    np.testing.assert_array_equal(matmul(a, a.reshape(count, 2, 1), variant=variant), a @ a.reshape(count, 2, 1))


@pytest.mark.parametrize("variant", VARIANTS)
def test_batches_of_matrices_larger_than_a_tile(variant):
    rng = np.random.default_rng(0)
    a = rng.integers(-3, 4, (2, 1, 129, 33)).astype(np.float16)
    b = rng.integers(-3, 4, (3, 33, 140)).astype(np.float16)
    np.testing.assert_array_equal(matmul(a, b, variant=variant), (a.astype(np.float32) @ b.astype(np.float32)))


def test_out_and_device_arrays():
    a, b = np.float32([[1, 2], [3, 4]]), np.float32([[5, 6], [7, 8]])
    out = np.zeros((2, 4), np.float32)[:, ::2]
    assert matmul(a, b, out=out) is out
    np.testing.assert_array_equal(out, a @ b)
    stream = pmpp.Stream()
    x, y = (pmpp.DeviceArray.from_numpy(array, stream=stream) for array in (a, b))
    result = pmpp.DeviceArray((2, 2), "float32")
    assert matmul(matmul(x, y, stream=stream), y, out=result, stream=stream) is result
    np.testing.assert_array_equal(result.numpy(stream=stream), a @ b @ b)
    with pytest.raises(ValueError, match="out: it shares memory with an input"):
        matmul(x, y, out=x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_checkers_find_nothing(dtype, adversarial, findings):
    for m, n, k in ((131, 70, 45), (128, 128, 64), (136, 72, 40)):  # 16-byte accesses in none, in full tiles, beyond the edges
        a, b = operands(adversarial, "random", dtype_of(dtype), m, n, k)
        for order in ("C", "F"):
            for variant in able(dtype):
                given = np.asarray(a, order=order), np.asarray(b, order=order)
                assert findings(lambda given=given, v=variant: matmul(*given, variant=v)) == []


A = np.zeros((3, 4), np.float32)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"a": A.astype(int)}, TypeError, "a: got dtype int64; float16, bfloat16, float32 and float64 are accepted"),
        ({"b": A.T.astype(np.float64)}, TypeError, "b: got dtype float64; float32 are accepted"),
        ({"b": A}, ValueError, r"b: got shape \(3, 4\); a has \(3, 4\), so b needs 4 rows"),
        ({"b": A[0, :3]}, ValueError, r"b: got shape \(3,\); a has \(3, 4\), so b needs 4 rows"),
        ({"a": A[None][[0, 0]], "b": A.T[None][[0, 0, 0]]}, ValueError, r"b: .* do not broadcast with those of a, \(2, 3, 4\)"),
        ({"a": np.array(3, np.float32)}, ValueError, "a: got no dimensions"),
        ({"a": [[1.0]]}, TypeError, "a: got list"),
        ({"variant": "fast"}, ValueError, "variant: got 'fast'; matmul has auto, naive, coalesced"),
        (
            {"variant": "tensor_core"},
            ValueError,
            "'tensor_core' cannot do this input: it takes float16 and bfloat16, not float32",
        ),
        ({"out": np.zeros((3, 4), np.float32)}, ValueError, r"out: got shape \(3, 4\); the result has \(3, 3\)"),
        ({"a": np.broadcast_to(np.float32(0), (2**31, 0)), "b": A[:0]}, ValueError, "a matrix has at most 2147483519 rows"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        matmul(**{"a": A, "b": A.T} | arguments)
