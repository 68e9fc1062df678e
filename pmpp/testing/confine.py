"""Shuts a process in before code that nobody vouches for runs in it: system calls, files, other processes, limits.

Standard library only: child.py imports it by its path, in a Python without site-packages. A process that runs a learner's
code may not start processes, signal or trace others, or use the network; it ends with its parent. Where submissions are
graded (`strict`), it also sees no file but those that it is given, and may use only the system calls that a solution needs.
For compilers this file is a program of its own: ``python -I -S confine.py JSON -- command``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct
import sys

#: The folder of the submission that is graded; None where a learner's own file is tested. A process that grades sets it.
strict: str | None = None

#: Numbers of system calls: x86-64, aarch64; None where there is no such call.
_CALLS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67), "close": (3, 57),
    "fstat": (5, 80), "newfstatat": (262, 79), "lseek": (8, 62), "openat": (257, 56), "readlinkat": (267, 78),
    "faccessat": (269, 48), "faccessat2": (439, 439), "getcwd": (79, 17), "mmap": (9, 222), "mprotect": (10, 226),
    "munmap": (11, 215), "mremap": (25, 216), "madvise": (28, 233), "brk": (12, 214), "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132), "futex": (202, 98),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "getrandom": (318, 278), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101), "gettimeofday": (96, 169),
    "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "exit": (60, 93), "exit_group": (231, 94), "set_robust_list": (273, 99),
    "rseq": (334, 293), "uname": (63, 160), "sysinfo": (99, 179), "getrusage": (98, 165), "times": (100, 153),
    "restart_syscall": (219, 128), "set_tid_address": (218, 96), "membarrier": (324, 283), "getcpu": (309, 168),
    "readlink": (89, None), "access": (21, None), "stat": (4, None), "lstat": (6, None), "time": (201, None),
    # Looked at with their arguments, or refused with an error.
    "clone": (56, 220), "clone3": (435, 435), "kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261),
    "setrlimit": (160, 164),
    # The end of a process that asks for one of these.
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438),
    "setsid": (112, 157), "setpgid": (109, 154), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40),
    "umount2": (166, 39), "chroot": (161, 51), "bpf": (321, 280), "perf_event_open": (298, 241), "io_uring_setup": (425, 425),
    "userfaultfd": (323, 282), "open_by_handle_at": (304, 265), "init_module": (175, 105), "finit_module": (313, 273),
    "kexec_load": (246, 104), "reboot": (169, 142), "add_key": (248, 217), "keyctl": (250, 219), "socket": (41, 198),
}  # fmt: skip
_NAMES = list(_CALLS)
_NEEDED = _NAMES[: _NAMES.index("clone")]
_FATAL = _NAMES[_NAMES.index("fork") :]
_MACHINE = os.uname().machine
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_KILL, _ALLOW, _ERROR = 0x80000000, 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_OF, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_CLONE_THREAD = 0x10000
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC  # how the software GPU opens a file of findings

_READ, _READ_DIR, _WRITE, _EXECUTE, _TRUNCATE, _DEVICE = 1 << 2, 1 << 3, 1 << 1, 1 << 0, 1 << 14, 1 << 15
_libc = ctypes.CDLL(None, use_errno=True)


class Closed(Exception):  # noqa: N818 - not an error of a program
    """The kernel refused to shut the process in."""


def landlock() -> int:
    """Return the version of the kernel's Landlock; 0: it has none."""
    return max(0, _libc.syscall(ctypes.c_long(444), ctypes.c_void_p(), ctypes.c_size_t(0), ctypes.c_uint32(1)))


def seccomp() -> bool:
    """Tell whether the kernel filters system calls, and this file knows their numbers on this processor."""
    ctypes.set_errno(0)
    # Asks for the action "end the process"; it exists wherever filters do.
    action = ctypes.c_uint32(_KILL)
    known = _libc.syscall(ctypes.c_long(_seccomp_number()), ctypes.c_uint(2), ctypes.c_uint(0), ctypes.byref(action))
    return _MACHINE in _ARCHITECTURES and known == 0


def missing(*, driver: bool = False) -> list[str]:
    """Return a sentence for each protection that there is not, for want of the kernel's or because of NVIDIA's driver."""
    sentences = []
    if driver:
        sentences.append(
            "NVIDIA's driver needs most system calls and /proc: a submission has them too. The software GPU does without: "
            "PMPP_DEVICE=sim."
        )
    if not seccomp():
        sentences.append(
            f"This kernel ({_MACHINE}, {os.uname().release}) does not filter system calls: a submission can start "
            "processes, signal others and use the network."
        )
    if not landlock():
        sentences.append(
            "This kernel has no Landlock: a submission can read and write every file that you can. Grade in a container "
            "that holds nothing else, or on Linux 5.13 or newer."
        )
    return sentences


def _seccomp_number() -> int:
    return 277 if _MACHINE == "aarch64" else 317


def shut(
    *, strict: bool, driver: bool = False, files: dict[str, int] | None = None, processes: bool = False, parent: int = 0
) -> None:
    """Shut this process in, with all that it will start.

    Parameters
    ----------
    strict
        Only the files that are given, and only the system calls that a solution needs.
    driver
        NVIDIA's driver works in this process, which needs system calls of all kinds, before its first work above all: calls are
        filtered only where `strict`, and it is told no where others would be ended.
    files
        Path -> rights, for `strict`; see `readable` and `writable`.
    processes
        It may start processes: a compiler.
    parent
        The process ends together with this one, its parent; 0: it does not.
    """
    _libc.prctl(38, 1, 0, 0, 0)  # no new privileges
    if parent:
        _libc.prctl(1, 9, 0, 0, 0)  # SIGKILL when the parent ends
        if os.getppid() != parent:
            os._exit(1)
    if strict and landlock():
        _hide(files or {})
    if not processes and (strict or not driver) and seccomp():
        try:
            _filter_calls(_program(strict, driver))
        except Closed:
            if strict:
                raise  # a learner's own code may run where the kernel changes its mind


def readable(*paths: object) -> dict[str, int]:
    """Return rights to read and execute what is at these paths."""
    return {str(path): _READ | _READ_DIR | _EXECUTE for path in paths}


def writable(*paths: object) -> dict[str, int]:
    """Return all rights at these paths."""
    return {str(path): ~0 for path in paths}


def limit(**limits: int) -> None:
    """Set limits of this process by the names of `resource`, in lower case: ``cpu=5``."""
    for name, value in limits.items():
        which = getattr(resource, f"RLIMIT_{name.upper()}")
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def _hide(files: dict[str, int]) -> None:
    version = landlock()
    handled = (1 << (13 if version == 1 else 14 if version == 2 else 15 if version < 5 else 16)) - 1
    # Version 4 also closes the network, version 6 signals and sockets that lead out.
    attributes = struct.pack("<QQQ", handled, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = _call(444, ctypes.c_char_p(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    for path, rights in files.items():
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # what is not there needs no rule
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib would cost its import
            rights &= _READ | _WRITE | _EXECUTE | _TRUNCATE | _DEVICE
        rule = struct.pack("<Qi", rights & handled, fd)
        _call(445, ctypes.c_int(rules), ctypes.c_int(1), ctypes.c_char_p(rule), ctypes.c_uint32(0))
        os.close(fd)
    _call(446, ctypes.c_int(rules), ctypes.c_uint32(0))
    os.close(rules)


def _call(number: int, *arguments: object) -> int:
    result = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise Closed(f"the kernel refused to shut the process in: {os.strerror(ctypes.get_errno())} (call {number})")
    return result


def _program(strict: bool, driver: bool) -> list[tuple[int, int, int, int]]:
    """Return the filter as instructions of the kernel's packet filter: code, jump if true, if false, operand."""
    column, architecture = _ARCHITECTURES[_MACHINE]
    code = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    if column == 0:
        code += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _KILL)]  # the same calls under other numbers

    def on(name: str, *then: tuple[int, int, int, int]) -> None:
        number = _CALLS[name][column]
        if number is not None:
            code.extend([(_EQUAL, 0, len(then), number), *then])

    def argument(index: int, high: bool = False) -> tuple[int, int, int, int]:
        return (_LOAD, 0, 0, 16 + 8 * index + 4 * high)

    allow, kill = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _KILL)
    refuse, absent = (_RETURN, 0, 0, _ERROR | errno.EPERM), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)
    on("clone", argument(0), (_ANY_OF, 0, 1, _CLONE_THREAD), allow, refuse if driver else kill)
    on("clone3", absent)  # glibc then takes clone, whose flags can be seen
    for name in ("kill", "tgkill"):
        on(name, argument(0), (_EQUAL, 0, 1, os.getpid()), allow, kill)
    on("prlimit64", argument(2), (_EQUAL, 0, 3, 0), argument(2, high=True), (_EQUAL, 0, 1, 0), allow, refuse)
    on("setrlimit", refuse)
    for name in _FATAL:
        on(name, refuse if driver and name in ("fork", "vfork", "execve", "socket") else kill)
    if strict and not driver:
        changing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
        appends = (_EQUAL, 0, 1, _APPEND)
        on("openat", argument(2), appends, allow, (_ANY_OF, 1, 0, changing), allow, (_RETURN, 0, 0, _ERROR | errno.EACCES))
        for name in _NEEDED:
            on(name, allow)
    code.append(absent if strict and not driver else allow)
    return code


def _filter_calls(code: list[tuple[int, int, int, int]]) -> None:
    instructions = b"".join(struct.pack("<HBBI", *instruction) for instruction in code)
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = struct.pack("@HP", len(code), ctypes.addressof(buffer))
    # For all threads of the process at once.
    if _call(_seccomp_number(), ctypes.c_uint(1), ctypes.c_uint(1), ctypes.c_char_p(program)):
        raise Closed("a thread of this process could not be shut in")


def main() -> None:
    """Run a compiler: in a group of its own, with limits, among the files that it is given; no process of it is left."""
    import contextlib
    import json
    import signal

    rules = json.loads(sys.argv[1])
    command = sys.argv[sys.argv.index("--") + 1 :]

    def end(*_: object) -> None:
        with contextlib.suppress(OSError):
            os.killpg(compiler, signal.SIGKILL)
        os._exit(124)

    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, end)
    _libc.prctl(1, signal.SIGTERM, 0, 0, 0)  # ends with its parent, after the compiler
    compiler = os.fork()
    if compiler == 0:
        for number in (signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        os.setpgid(0, 0)
        limit(**rules["limits"])
        shut(strict=True, files=rules["files"], processes=True)
        os.execv(command[0], command)
    with contextlib.suppress(OSError):
        os.setpgid(compiler, compiler)  # whoever of the two comes first: the group is there when it has to be ended
    if os.getppid() != rules["parent"]:
        end()
    signal.alarm(rules["seconds"])
    _, status = os.waitpid(compiler, 0)
    with contextlib.suppress(OSError):
        os.killpg(compiler, signal.SIGKILL)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main()
