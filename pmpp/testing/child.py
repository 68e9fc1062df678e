"""Runs a learner's library in a process of its own: inputs in, output bytes out, through memory shared with the parent.

Started by runner.py as ``python -I -S child.py MEMORY_FD DONE_FD``; imports little, knows no expected value and gives
no verdict. The layout of the memory is described in runner.py.
"""

import ctypes
import marshal
import mmap
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib would cost its import
import confine  # type: ignore[import-not-found]

LOADING, PREPARING, CALLING, COLLECTING, DONE = 1, 2, 3, 4, 5
NO_FUNCTION, NO_MEMORY, NOT_LOADED = 101, 102, 103
CTYPES = {
    "f": ctypes.c_float,
    "d": ctypes.c_double,
    "i": ctypes.c_int32,
    "I": ctypes.c_uint32,
    "q": ctypes.c_int64,
    "Q": ctypes.c_uint64,
    "B": ctypes.c_uint8,
    "P": ctypes.c_void_p,
}


def main() -> None:
    """Load the library and make every call of the plan, noting in the shared memory how far it came."""
    memory = mmap.mmap(int(sys.argv[1]), 0)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    (length,) = struct.unpack_from("<Q", memory, 8)
    plan = marshal.loads(memory[16 : 16 + length])

    def at(stage: int, case: int = 0) -> None:
        struct.pack_into("<II", memory, 0, stage, case)

    for name in plan["preload"]:  # what the library needs, so that afterwards no other file has to be open to it
        try:  # noqa: SIM105 - contextlib would cost its import
            ctypes.CDLL(name, mode=ctypes.RTLD_LOCAL)
        except OSError:
            pass
    confine.limit(**plan["limits"])
    confine.shut(**plan["rules"])
    at(LOADING)
    try:
        library = ctypes.CDLL(plan["library"], mode=ctypes.RTLD_LOCAL)
    except OSError as error:
        os.write(2, str(error).encode())
        os._exit(NOT_LOADED)
    probe_text = library.pmpp_probe_error_name
    probe_text.restype = ctypes.c_char_p
    try:
        function = library[plan["function"]]
    except AttributeError:
        os._exit(NO_FUNCTION)
    function.restype = ctypes.c_int if plan["returns"] else None

    for number, case in enumerate(plan["cases"]):
        at(PREPARING, number)
        record = case["record"]
        arguments, arrays = arrange(library, plan, case, base)
        library.pmpp_probe_begin(ctypes.c_void_p(base + record), case["fail_malloc"])
        at(CALLING, number)
        returned = function(*arguments) or 0
        at(COLLECTING, number)
        failed = library.pmpp_probe_end()
        struct.pack_into("<qi", memory, record + 160, returned, failed)
        if returned and plan["returns"]:
            struct.pack_into("32s", memory, record + 208, probe_text(returned) or b"")
        if failed:
            struct.pack_into("32s", memory, record + 176, probe_text(failed) or b"")
            if not returned:  # an error that the code did not notice; one that it returned may be the expected one
                break
        fetch(library, arrays, base)
    at(DONE, len(plan["cases"]))
    ctypes.CDLL(None).fflush(None)
    os.write(int(sys.argv[2]), b"d")
    os._exit(0)


def arrange(library, plan, case, base):
    """Return the arguments of one call, and the device arrays to fetch afterwards."""
    arguments, arrays, spacers = [], [], []
    guard = plan["guard"]
    for code, value, size in case["arguments"]:
        if code != "P":
            arguments.append(CTYPES[code](value))
        elif not plan["device_memory"]:
            arguments.append(ctypes.c_void_p(base + value))
        elif size < 0 or size == 0:  # the stream
            arguments.append(ctypes.c_void_p(0))
        else:
            pointer = allocate(library, size + 2 * guard)
            if not guard:  # keeps neighbours apart, so that a read past the end is a fault and not the next array
                spacers.append(allocate(library, 256))
            copy(library.pmpp_probe_upload, pointer.value, base + value - guard, size + 2 * guard)
            arguments.append(ctypes.c_void_p(pointer.value + guard))
            arrays.append((pointer, value - guard, size + 2 * guard))
    for spacer in spacers:
        library.pmpp_probe_free(spacer)
    return arguments, arrays


def allocate(library, size):
    """Allocate device memory; the process ends where there is none."""
    pointer = ctypes.c_void_p()
    error = library.pmpp_probe_alloc(ctypes.byref(pointer), ctypes.c_size_t(size))
    if error:
        os.write(2, f"{library.pmpp_probe_error_name(error).decode()} for {size} bytes\n".encode())
        os._exit(NO_MEMORY)
    return pointer


def copy(function, to, source, size):
    """Copy between host and device."""
    function(ctypes.c_void_p(to), ctypes.c_void_p(source), ctypes.c_size_t(size))


def fetch(library, arrays, base):
    """Bring the arrays, inputs among them, back into the shared memory, and free them."""
    for pointer, offset, size in arrays:
        copy(library.pmpp_probe_download, base + offset, pointer.value, size)
        library.pmpp_probe_free(pointer)


if __name__ == "__main__":
    main()
