"""Sorting records of 16 bytes by two keys."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="The sales of some shops: records by two keys",
    minutes=45,
    signature="int sort_records(const unsigned* sales, int n, unsigned* keys, unsigned* index,"
    " unsigned* scratch, unsigned* out)",
    read=("14", "13.3"),
    owner=anybody(),
    seconds=10,
)


def _case(name, shop, amount):
    n = shop.size
    sales = np.empty((n, 4), np.uint32)
    sales[:, 0] = shop.astype(np.int32).view(np.uint32)
    sales[:, 1] = amount.astype(np.float32).view(np.uint32)
    sales[:, 2] = np.arange(n) // 50 + 20_000
    sales[:, 3] = np.arange(n) + 100_001
    large_first = np.argsort(-amount, kind="stable")
    suspects = {
        "Within a shop the amounts rise: the largest comes first.": np.lexsort((amount, shop)),
        "The sales are in order by shop only: order by amount first.": np.argsort(shop, kind="stable"),
        "The sales are in order by amount only: then order by shop.": large_first,
        "The amount counts more than the shop here: the last sort decides.": np.lexsort((shop, -amount)),
        "Negative shops come last: their highest bit is set.": np.lexsort((-amount, shop.astype(np.int32).view(np.uint32))),
        "Equal sales have changed their order.": n - 1 - np.lexsort((-amount[::-1], shop[::-1])),
    }
    suspects = {text: sales[order] for text, order in suspects.items()}
    room = np.full((5, n), 0xA5A5A5A5, np.uint32)
    inputs = {"sales": sales, "n": n, "keys": room[0], "index": room[1], "scratch": room[2:].reshape(-1)}
    expect = {"out": sales[np.lexsort((-amount, shop))]}
    return Case(name, inputs, expect, suspects=suspects if n > 1 else {}, min_launches=n > 0)


def _amounts(rng, n):
    """Make up prices as shops have them: many are alike, a few are given back."""
    prices = rng.choice(np.array([0.99, 1.99, 4.95, 12.5, 20, 99.9, 1234.56], np.float32), n)
    return np.where(rng.random(n) < 0.1, -prices, prices).astype(np.float32)


@problem.test("sizes around a block, many equal keys")
def sizes(rng):
    """Sort sales of few shops and of many, with equal amounts and with different ones."""
    for n in (700, 256, 255, 257, 1, 2, 0):
        yield _case(f"n = {n:,}", rng.integers(-3, 9, n, np.int32), _amounts(rng, n))
    yield _case("one shop", np.full(300, 5, np.int32), rng.normal(0, 50, 300).astype(np.float32))
    yield _case("numbers of all sizes", rng.integers(-(2**31), 2**31, 300, np.int32), _amounts(rng, 300))
    yield _case("all equal", np.full(300, -7, np.int32), np.full(300, 9.5, np.float32))
