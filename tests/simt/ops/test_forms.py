"""The forms that nvcc 13.0 makes of ordinary CUDA code, in forms.txt: every lane-wise one is tested."""

from pathlib import Path

from lane_forms import FORMS

# Opcodes that touch memory, other lanes, control flow or special registers: tested where they are implemented.
ELSEWHERE = set(
    "activemask atom bar barrier bra call cp cvta exit ld ldmatrix mapa match mbarrier membar mma nanosleep redux ret "
    "shfl st tex trap vote wmma".split()
)


def test_lanewise_forms_of_nvcc_are_tested():
    listed = (Path(__file__).parent / "forms.txt").read_text().split()
    assert len(listed) > 300
    lanewise = {form for form in listed if form.split(".")[0] not in ELSEWHERE}
    assert len(lanewise) > 180
    # test_differential runs all of FORMS, so what is in there is executed and compared with the reference.
    assert sorted(lanewise - {form.name for form in FORMS}) == []


def test_forms_have_names_of_their_own():
    names = [form.name for form in FORMS]
    assert len(names) == len(set(names))
