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
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib would cost its import
import confine  # type: ignore[import-not-found]

LOADING, PREPARING, CALLING, COLLECTING, DONE = 1, 2, 3, 4, 5
NO_FUNCTION, NO_MEMORY, NOT_LOADED, RACE_FAILED = 101, 102, 103, 104
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
    memory[8 : 16 + length] = bytes(8 + length)  # the code that will run here is not to read it

    def at(stage: int, case: int = 0) -> None:
        struct.pack_into("<II", memory, 0, stage, case)

    for name in plan["preload"]:  # what the library needs, so that afterwards no other file has to be open to it
        try:
            loaded = ctypes.CDLL(name, mode=ctypes.RTLD_LOCAL)
        except OSError:
            continue
        if hasattr(loaded, "pmpp_simt_threads"):
            loaded.pmpp_simt_threads()  # reads its settings, which the code could change otherwise
    if plan["rules"]["driver"]:
        wake_the_driver()
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
    counts = plan["counts"]
    if counts >= 0:
        library.pmpp_simt_counted.restype = ctypes.c_char_p
    if plan["race"]:
        at(CALLING, 0)
        race(library, function, plan, base)
        end(at, 1, plan["secret"])

    for number, case in enumerate(plan["cases"]):
        at(PREPARING, number)
        record = case["record"]
        arguments, arrays = arrange(library, plan, case, base)
        library.pmpp_probe_begin(ctypes.c_void_p(base + record), case["fail_malloc"])
        if counts >= 0:
            library.pmpp_simt_count(1)
        at(CALLING, number)
        returned = function(*arguments) or 0
        at(COLLECTING, number)
        failed = library.pmpp_probe_end()
        if counts >= 0:
            library.pmpp_simt_count(0)
            tell(counts, plan["secret"], library.pmpp_simt_counted())
        struct.pack_into("<qi", memory, record + 160, returned, failed)
        if returned and plan["returns"]:
            struct.pack_into("32s", memory, record + 208, probe_text(returned) or b"")
        if failed:
            struct.pack_into("32s", memory, record + 176, probe_text(failed) or b"")
            if not returned:  # an error that the code did not notice; one that it returned may be the expected one
                break
        fetch(library, arrays, base)
    end(at, len(plan["cases"]), plan["secret"])


def wake_the_driver():
    """Let NVIDIA's driver do first what it cannot do once the process is shut in: its start, and the device's context.

    If that fails the code that is tested meets the same error, in a call that has a name.
    """
    driver, context = ctypes.CDLL("libcuda.so.1"), ctypes.c_void_p()
    if driver.cuInit(0) == 0:
        driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0)


def tell(fd, secret, text):
    """Report to the parent; what does not come with the secret was written by the code that runs here."""
    os.write(fd, secret + struct.pack("<I", len(text)) + text)


def end(at, case, secret):
    """Say that everything was done, and leave before anything else can go wrong."""
    at(DONE, case)
    ctypes.CDLL(None).fflush(None)
    os.write(int(sys.argv[2]), secret)
    os._exit(0)


def race(library, function, plan, base):
    """Time the learner's function beside others on the first case, in rounds in which each is called once.

    The file of results gets one number a call, in seconds, and one for the copies of the arrays, if they lie on the device.
    """
    settings, case = plan["race"], plan["cases"][0]
    arguments, arrays = arrange(library, plan, case, base)
    on_host = [
        CTYPES[code](value) if code != "P" else ctypes.c_void_p(base + value if size >= 0 else 0)
        for code, value, size in case["arguments"]
    ]
    runners = [(library, function, arguments)]
    for path, name in settings["others"]:
        other = ctypes.CDLL(path, mode=ctypes.RTLD_LOCAL)
        other[name].restype = function.restype
        # One without a probe is plain C++: nothing to wait for, and memory of the host.
        runners.append((other, other[name], arguments) if hasattr(other, "pmpp_probe_wait") else (None, other[name], on_host))
    first_values = [(base + offset, ctypes.string_at(base + offset, size)) for offset, size in settings["restored"]]

    def restore():
        for address, value in first_values:
            ctypes.memmove(address, value, len(value))
        for (pointer, offset, size), written in zip(arrays, settings["written"], strict=True):
            if written:
                copy(library.pmpp_probe_upload, pointer.value, base + offset, size)

    def clock(owner, called, given):
        elapsed = ctypes.c_float()
        events = owner is not None and settings["events"]
        if events:
            owner.pmpp_probe_start(ctypes.c_size_t(settings["flushed"]))
        began = time.perf_counter()
        returned = called(*given)
        failed = 0
        if events:
            failed = owner.pmpp_probe_stop(ctypes.byref(elapsed))
        elif owner is not None:
            failed = owner.pmpp_probe_wait()
        seconds = elapsed.value / 1e3 if events else time.perf_counter() - began
        if failed or (returned and plan["returns"]):
            os.write(2, library.pmpp_probe_error_name(failed or returned) or b"an error")
            os._exit(RACE_FAILED)
        return seconds

    def carry():
        """Time the copies of all arrays to the device, and of what is written there back."""
        began = time.perf_counter()
        for (pointer, offset, size), written in zip(arrays, settings["written"], strict=True):
            if written:
                copy(library.pmpp_probe_download, base + offset, pointer.value, size)
            else:
                copy(library.pmpp_probe_upload, pointer.value, base + offset, size)
        return time.perf_counter() - began

    deadline = time.perf_counter() + settings["seconds"]
    for runner in runners:  # the first call of each also loads its kernels
        restore()
        clock(*runner)
    done = 0
    while done < settings["rounds"][0] or (done < settings["rounds"][1] and time.perf_counter() < deadline):
        row = []
        for runner in runners:
            restore()
            row.append(clock(*runner))
        restore()
        row.append(carry())
        tell(settings["results"], plan["secret"], struct.pack(f"{len(row)}d", *row))
        done += 1
    restore()
    clock(*runners[0])
    fetch(library, arrays, base)


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
