"""The forms that nvcc 13.0 makes of ordinary CUDA code, in forms.txt: each is executed by a test that compares its result.

test_differential.py executes all of FORMS, test_block_cases.py all of block_cases.txt, test_atomics.py every atomic,
test_textures.py texture reads.
"""

from pathlib import Path

import test_atomics
import test_textures
from lane_forms import FORMS
from test_block_cases import CASES, instructions

LISTED = (Path(__file__).parent / "forms.txt").read_text().split()


def executed() -> set[str]:
    """The forms that the tests of this folder execute, as PTX writes them."""
    found = {form.name for form in FORMS}
    for case in CASES:
        found |= instructions(case.ptx("sm_90"))
    for name in test_atomics.known():
        kind = name.split(".")[1]
        for space in test_atomics.SPACES:
            found |= instructions(test_atomics.kernel("sm_90", name, kind, space))
    for form in test_textures.FORMS:
        found |= instructions(test_textures.kernel("sm_90", form))
    return found


def test_every_form_of_nvcc_is_executed():
    assert len(LISTED) == len(set(LISTED)) == 354
    assert sorted(set(LISTED) - executed()) == []


def test_forms_have_names_of_their_own():
    names = [form.name for form in FORMS]
    assert len(names) == len(set(names))
