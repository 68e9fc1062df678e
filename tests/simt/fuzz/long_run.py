"""Coverage-guided fuzzing with libFuzzer, for as long as wanted: ``python tests/simt/fuzz/long_run.py TARGET SECONDS``.

TARGET is ``ptx`` or ``fatbin``. Needs clang with its sanitizer runtimes (Debian: clang libclang-rt-14-dev). The corpus that
grows, and every input that crashes or hangs, stay in build/fuzz/TARGET; a crash that was mended belongs into corpus/TARGET.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
ROOMS = {"ptx": ("simt/ptx",), "fatbin": ("simt/fatbin", "simt/ptx")}


def seeds(target):
    """Return name and bytes of each seed; those that are not text are kept in hexadecimal."""
    for path in sorted((HERE / "corpus" / target).iterdir()):
        content = path.read_text()
        yield path.stem, bytes.fromhex(content) if target == "fatbin" else content.encode()


def main(target, seconds):
    """Build the target and run it."""
    folder = ROOT / "build" / "fuzz" / target
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, content in seeds(target):
        (corpus / name).write_bytes(content)
    sources = [path for room in ROOMS[target] for path in sorted((ROOT / room).glob("*.cpp"))]
    binary = folder / "fuzzer"
    flags = ["-std=c++20", "-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined", f"-I{ROOT}"]
    subprocess.run(["clang++", *flags, HERE / f"fuzz_{target}.cpp", *sources, "-ldl", "-o", binary], check=True)
    options = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={folder}/"]
    if target == "ptx":
        options.append(f"-dict={write_dictionary(folder)}")
    return subprocess.run([binary, *options, corpus], check=False).returncode


def write_dictionary(folder):
    """Write the words of the seeds as libFuzzer's dictionary."""
    words = sorted({word for _, content in seeds("ptx") for word in content.decode().split() if len(word) < 30})
    path = folder / "dictionary"
    path.write_text("".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"\n' for word in words if word.isascii() and word.isprintable()))
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
