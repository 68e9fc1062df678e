"""Coverage-guided fuzzing with libFuzzer, for as long as wanted: ``python tests/simt/fuzz/long_run.py TARGET SECONDS``.

TARGET is ``fatbin``, ``ptx`` or ``lower``. Needs clang with its sanitizer runtimes (Debian: clang libclang-rt-14-dev). The corpus
that grows, and every input that crashes or hangs, stay in build/fuzz/TARGET; a crash that was mended belongs into corpus/TARGET.
"""

import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import sanitized  # noqa: E402  (found beside this folder)

from build_support.cache import compile_all  # noqa: E402

ROOT = sanitized.ROOT
ROOMS = {
    "fatbin": ("simt/fatbin", "simt/ptx"),
    "ptx": ("simt/ptx",),
    "lower": tuple(f"simt/{room}" for room in ("ptx", "ir", "ops", "exec", "jit", "memory", "observers", "model")),
}
"""Where the code lies that a target needs."""
CORPUS = {"fatbin": ("fatbin",), "ptx": ("ptx",), "lower": ("ptx", "lower")}
"""The folders of a target's seeds."""
FLAGS = ("-fsanitize=fuzzer-no-link,address,undefined", "-fno-sanitize-recover=undefined", "-Wno-unknown-pragmas")


def sources(target):
    """Return the files that a target is made of, without a driver."""
    return [*sorted(path for room in ROOMS[target] for path in (ROOT / room).rglob("*.cpp")), HERE / f"fuzz_{target}.cpp"]


def seeds(target):
    """Return name and bytes of each seed; those that are not text are kept in hexadecimal.

    A found.txt has the short ones that earlier runs came upon and that reach something new, divided by lines of =====.
    """
    for folder in CORPUS[target]:
        for path in sorted((HERE / "corpus" / folder).iterdir()):
            for number, content in enumerate(path.read_text().split("\n=====\n")):
                yield f"{folder}-{path.stem}-{number}", bytes.fromhex(content) if target == "fatbin" else content.encode()


def main(target, seconds):
    """Build the target and run it."""
    folder = ROOT / "build" / "fuzz" / target
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, content in seeds(target):
        (corpus / name).write_bytes(content)
    compiler = shutil.which("clang++") or sys.exit("There is no clang++ on PATH (Debian: apt install clang libclang-rt-14-dev).")
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    parts = sanitized.objects(compiler, version, FLAGS, sources(target))
    compile_all(parts)
    binary = folder / "fuzzer"
    link = [compiler, "-fsanitize=fuzzer,address,undefined", *(part.path for part in parts), "-pthread", "-ldl", "-o", binary]
    subprocess.run(link, check=True)
    options = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=3072", "-print_final_stats=1", "-close_fd_mask=1",
               f"-artifact_prefix={folder}/"]  # fmt: skip
    if target != "fatbin":
        options.append(f"-dict={write_dictionary(folder)}")
    before = processor_seconds()
    status = subprocess.run([binary, *options, corpus], check=False).returncode
    print(f"{target}: {(processor_seconds() - before) / 60:.1f} minutes of processor time")
    return status


def processor_seconds():
    """Return the processor time of all that was run so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write_dictionary(folder):
    """Write libFuzzer's dictionary: the words of the seeds, and every instruction form that a test of the opcodes knows."""
    text = "\n".join(content.decode() for _, content in seeds("lower"))
    forms = (HERE.parent / "ops" / "forms.txt").read_text() + (HERE.parent / "ops" / "cases.txt").read_text()
    words = {word for word in text.split() if len(word) < 30} | set(re.findall(r"^[a-z]+[0-9]*(?:\.\w+)+", forms, re.MULTILINE))
    path = folder / "dictionary"
    lines = [
        '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"\n'
        for word in sorted(words)
        if word.isascii() and word.isprintable()
    ]
    path.write_text("".join(lines))
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
