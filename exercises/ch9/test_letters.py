"""How often each letter occurs in a text; the host's part too."""

import numpy as np

from pmpp.testing import Case, Problem, anybody

problem = Problem(
    title="The letters of a text",
    minutes=35,
    signature="int letters(const unsigned char* text, int n, unsigned* counts)",
    read=("9", "9.1 and 9.4"),
    memory="host",
    owner=anybody(),
    instructions={"atom.shared": "The result is right, but nothing is counted in shared memory: keep the block's copy there."},
)

#: Roughly how many of a thousand letters of English are a, b, c ... z.
OFTEN = (82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24, 67, 75, 19, 1, 60, 63, 91, 28, 10, 24, 2, 20, 1)


def _text(rng, letters):
    """Make up a text: words of letters as frequent as in English, some with a capital, some signs and umlauts between."""
    chosen = rng.choice(26, letters, p=np.array(OFTEN) / sum(OFTEN))
    words = np.split(chosen, np.sort(rng.integers(0, letters + 1, letters // 5)))
    written = []
    for word in words:
        text = "".join(chr(ord("a") + letter) for letter in word)
        written.append(text.capitalize() if rng.random() < 0.2 else text)
        written.append(str(rng.choice(["", ",", ".", " 1827", "ä", "é"])))
    return " ".join(written)


def _case(name, raw):
    data = np.frombuffer(raw, np.uint8).copy()
    of_value = np.bincount(data, minlength=256)
    upper, lower = of_value[65:91], of_value[97:123]
    suspects = {
        "Only small letters were counted: A counts as a.": lower,
        "Only capital letters were counted: a counts as A.": upper,
    }
    expect = {"counts": (upper + lower).astype(np.uint32)}
    inputs = {"text": data, "n": data.size}
    return Case(name, inputs, expect, suspects=suspects, min_launches=data.size > 0)


@problem.test("texts, and all bytes that are no letters", schedules=2)
def texts(rng):
    """Count a page, one letter, the signs beside the letters, every byte, nothing."""
    yield _case("a page", _text(rng, 2000).encode())
    yield _case("one letter", b"z")
    yield _case("the signs beside the letters", b"@[`{" * 100 + b"AZaz")
    yield _case("every byte, three times", bytes(range(256)) * 3)
    yield _case("no letters", b"3.14159 + 2.71828 = ?" * 20)
    yield _case("an empty text", b"")
    yield _case("a long text", _text(rng, 20_000).encode())
