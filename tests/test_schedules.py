"""Every kernel of the library gives the same result whatever the schedule, and no checker finds anything in it.

50 seeds of the software GPU are compared bit by bit.

The data are small integers, so that sums of floats are exact in every order.
"""

import ast
import ctypes
import doctest
import functools
import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest

import pmpp

ROOT = Path(__file__).resolve().parents[1]
SEEDS = 50
SIZE = 5000
"""Elements: several tiles of every kernel, several blocks of most."""


def whole(*shape, dtype=np.int32, seed=0):
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(dtype)


def volume():
    return whole(3, 40, 35, dtype=np.float32), np.outer(whole(4), whole(3, seed=1)).astype(np.float32)[None]


INPUTS = {
    "convolution.convolve3d": volume,
    "convolution.correlate3d": volume,
    "convolution.convolve2d": lambda: (whole(70, 45, dtype=np.float32), np.outer(whole(5), whole(5, seed=1)).astype(np.float32)),
    "convolution.correlate2d": lambda: (whole(70, 45, dtype=np.float32), np.outer(whole(5), whole(5, seed=1)).astype(np.float32)),
    "histogram.bincount": lambda: (abs(whole(SIZE)),),
    "matmul.matmul": lambda: (whole(70, 50, dtype=np.float16), whole(50, 40, dtype=np.float16, seed=1)),
    "scan.segmented_scan": lambda: (whole(SIZE), np.random.default_rng(1).random(SIZE) < 0.01),
    "vector.vector_add": lambda: (whole(SIZE, dtype=np.float32), whole(SIZE, dtype=np.float32, seed=1)),
}
"""Arguments by function. One that is not listed is called with `PARAMETERS`, or else as the example of its docstring does."""
PARAMETERS = {"x": lambda: whole(SIZE), "keys": lambda: whole(SIZE), "values": lambda: np.arange(SIZE, dtype=np.int32)}
"""Arrays by the name of the parameter, for functions that need no others."""


def functions():
    """The functions that have variants and the parameters that they need, from the stubs of all modules."""
    for stub in sorted((ROOT / "pmpp").rglob("*.pyi")):
        module = stub.relative_to(ROOT / "pmpp").with_suffix("")
        for node in ast.parse(stub.read_text()).body:
            if isinstance(node, ast.FunctionDef) and "variant" in [argument.arg for argument in node.args.kwonlyargs]:
                needed = [argument.arg for argument in node.args.args][: len(node.args.args) - len(node.args.defaults)]
                yield ".".join((*module.parts, node.name)), needed


def resolve(name):
    module, _, function = name.rpartition(".")
    module = importlib.import_module(f"pmpp.{module}")
    return module, getattr(module, function)


def cases():
    for name, _ in functions():
        for variant in pmpp.variants(resolve(name)[1]):
            yield pytest.param(name, variant, id=f"{name}-{variant}")


def run(name, variant, monkeypatch):
    """The results of a call with a variant."""
    module, function = resolve(name)
    if name in INPUTS:
        return [function(*INPUTS[name](), variant=variant)]
    if all(parameter in PARAMETERS for parameter in dict(functions())[name]):
        return [function(*(PARAMETERS[parameter]() for parameter in dict(functions())[name]), variant=variant)]
    results = []

    @functools.wraps(function)
    def recorded(*args, **kwargs):
        results.append(function(*args, **{**kwargs, "variant": variant}))
        return results[-1]

    names = {"np": np, "pmpp": pmpp, **vars(module), function.__name__: recorded}
    with monkeypatch.context() as patch:
        patch.setattr(module, function.__name__, recorded)
        for example in doctest.DocTestParser().get_examples(inspect.getdoc(function)):
            exec(compile(example.source, name, "single"), names)
    assert results, f"the docstring of {name} has no example that calls it, and INPUTS has no arguments"
    return results


def bits(results):
    arrays = [array for result in results for array in (result if isinstance(result, tuple) else (result,))]
    return b"".join(np.asarray(array).tobytes() for array in arrays)


@pytest.fixture
def simulator():
    if pmpp.device() != "sim":
        pytest.skip("schedules can be chosen on the software GPU only")
    # The library that pmpp has loaded, under the name that its kernels are linked against.
    library = ctypes.CDLL("libpmpp_simt.so")
    library.pmpp_simt_set_seed.argtypes = [ctypes.c_uint64]
    threads = library.pmpp_simt_threads()
    yield library
    library.pmpp_simt_set_seed(0)
    library.pmpp_simt_set_threads(threads)


@pytest.mark.parametrize(("name", "variant"), list(cases()))
def test_every_schedule_gives_the_same_result(name, variant, simulator, monkeypatch):
    expected = None
    for seed in range(SEEDS):
        simulator.pmpp_simt_set_seed(seed)
        simulator.pmpp_simt_set_threads(1 + seed % 2)
        got = bits(run(name, variant, monkeypatch))
        expected = got if expected is None else expected
        assert got == expected, f"PMPP_SIM_SEED={seed} gives another result than seed 0"


@pytest.mark.parametrize(("name", "variant"), list(cases()))
def test_the_checkers_find_nothing(name, variant, findings, monkeypatch):
    assert findings(lambda: run(name, variant, monkeypatch)) == []


def test_functions_that_are_listed_exist():
    assert set(INPUTS) <= set(dict(functions()))


def test_examples_stand_in_for_arguments(monkeypatch, simulator):
    name = "vector.vector_add"
    monkeypatch.delitem(INPUTS, name)
    assert run(name, pmpp.variants(resolve(name)[1])[-1], monkeypatch)
