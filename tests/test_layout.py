"""Holds the tree to its layout: twins, rooms, imports, the registry. Every rule is shown to fail on a made-up tree.

Only files that git tracks count, and exercises are read from the index: what a learner writes or copies changes nothing.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 800
LONGEST_CYTHON_MODULE = 80
ROOT_FILES = {
    ".clang-format", ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in",
    "README.md", "chapters.toml", "pyproject.toml", "setup.py",
}  # fmt: skip
ROOMS = {
    ".ci": {"", ".py"},
    "benchmarks": {".py", ".sh", ".md", ".json", ".txt", ".cu", ".cpp"},
    "build_support": {".py"},
    "cuda_src": {".cu", ".cuh", ".h"},
    "docs": {".md", ".py", ".svg", ".toml", ".png"},
    "exercises": {".cpp", ".cu", ".cuh", ".h", ".md", ".py", ".toml"},
    "pmpp": {".py", ".pyi", ".pyx", ".pxd", ".typed", ".cpp", ".h", ".css", ".js"},
    "simt": {".cpp", ".hpp", ".h", ".def", ".map", ".toml"},
    "tests": {".py", ".cu", ".cuh", ".ptx", ".cpp", ".h", ".hpp", ".txt", ".json"},
}
"""The rooms, and the kinds of files that belong in each."""
ARROWS = {
    "pmpp": {"pmpp.testing", "pmpp.cli", "exercises", "tests", "build_support", "benchmarks"},
    "pmpp/testing": {"pmpp.cli", "exercises", "tests", "build_support", "benchmarks"},
    "pmpp/cli": {"exercises", "tests", "build_support", "benchmarks"},
    "exercises": {"pmpp.cli", "pmpp._runtime", "tests", "build_support", "benchmarks"},
    "build_support": {"pmpp", "exercises", "tests", "benchmarks"},
}
"""What the Python of a room must not import; of two rooms the deeper one counts."""
INCLUDES = {"simt": ("simt/",), "cuda_src": ("cuda_src/",)}
"""Where a room's quoted includes may lead."""


class Tree:
    """The tracked files of a repository."""

    def __init__(self, files: dict[str, Callable[[], str]]) -> None:
        self._files = files
        self.paths = sorted(PurePosixPath(name) for name in files)

    @classmethod
    def of_repository(cls, root: Path) -> "Tree":
        """Everything that git tracks below `root`."""
        names = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
        return cls({name: cls._reader(root, name) for name in names.split("\0") if name})

    @staticmethod
    def _reader(root: Path, name: str) -> Callable[[], str]:
        def committed() -> str:
            command = ["git", "show", f":{name}"]
            return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout

        return committed if name.startswith("exercises/") else lambda: (root / name).read_text(errors="replace")

    @classmethod
    def made_up(cls, files: dict[str, str]) -> "Tree":
        """A tree that exists nowhere."""
        return cls({name: lambda text=text: text for name, text in files.items()})

    def __contains__(self, path: object) -> bool:
        return str(path) in self._files

    def read(self, path: PurePosixPath | str) -> str:
        """The text of a file."""
        return self._files[str(path)]()

    def room(self, name: str, *suffixes: str) -> list[PurePosixPath]:
        """The files of a room with one of the suffixes, or all."""
        below = [path for path in self.paths if path.is_relative_to(name)]
        return [path for path in below if not suffixes or path.suffix in suffixes]

    @cached_property
    def modules(self) -> dict[str, list[PurePosixPath]]:
        """Every module of cuda_src with its .cu files; a module that outgrew its file is a folder of the same name."""
        modules: dict[str, list[PurePosixPath]] = {}
        for source in self.room("cuda_src", ".cu"):
            key = source.relative_to("cuda_src").with_suffix("")
            owners = [name for name in (key, *key.parents) if f"pmpp/{name}.pyx" in self]
            if not key.is_relative_to("common"):
                modules.setdefault(str(owners[0] if owners else key), []).append(source)
        return modules

    @cached_property
    def chapters(self) -> list[dict]:
        """The registry."""
        return tomllib.loads(self.read("chapters.toml")).get("chapter", []) if "chapters.toml" in self else []


RULES: list[Callable[[Tree], Iterator[str]]] = []


def rule(check: Callable[[Tree], Iterator[str]]) -> Callable[[Tree], Iterator[str]]:
    """Register a function that yields a sentence for each file that breaks a rule."""
    RULES.append(check)
    return check


@rule
def no_stray_file(tree: Tree) -> Iterator[str]:
    for path in tree.paths:
        room = path.parts[0]
        if len(path.parts) == 1 and room not in ROOT_FILES:
            yield f"{path}: no such file belongs in the root"
        elif len(path.parts) > 1 and room not in ROOMS:
            yield f"{path}: there is no room {room}/"
        elif len(path.parts) > 1 and path.suffix not in ROOMS[room]:
            yield f"{path}: {room}/ has no {path.suffix or 'files without a suffix'}"


@rule
def no_missing_twin(tree: Tree) -> Iterator[str]:
    for module in tree.modules:
        path = PurePosixPath(module)
        test = f"tests/{path.with_name(f'test_{path.name}.py')}"
        several = [other for other in tree.room(f"tests/{module}", ".py") if other.name.startswith("test_")]
        headers = (f"cuda_src/{module}.h", f"cuda_src/{module}/{path.name}.h")
        if not any(header in tree for header in headers):
            yield f"cuda_src/{module}: there is no {headers[0]}"
        for twin in (f"pmpp/{module}.pyx", f"pmpp/{module}.pyi"):
            if twin not in tree:
                yield f"cuda_src/{module}: there is no {twin}"
        if test not in tree and not several:
            yield f"cuda_src/{module}: there is no {test} and no tests/{module}/test_*.py"
        if not any(module in chapter.get("modules", ()) for chapter in tree.chapters):
            yield f"cuda_src/{module}: no chapter of chapters.toml lists it"


@rule
def no_twin_of_nothing(tree: Tree) -> Iterator[str]:
    kernels = {str(path) for path in tree.room("cuda_src", ".cu")}
    for header in tree.room("cuda_src", ".h"):
        common = header.is_relative_to("cuda_src/common")
        if not common and str(header.with_suffix(".cu")) not in kernels and header.stem != header.parent.name:
            yield f"{header}: there is no {header.with_suffix('.cu')}"
    included = " ".join(tree.read(path) for path in tree.room("cuda_src"))
    for header in tree.room("cuda_src", ".cuh"):
        if f'"{header}"' not in included:
            yield f'{header}: no file of cuda_src includes "{header}"'
    for stub in tree.room("pmpp", ".pyi"):
        if stub.with_suffix(".pyx") not in tree:
            yield f"{stub}: there is no {stub.with_suffix('.pyx')}"
    for source in tree.room("pmpp", ".pyx"):
        module = str(source.relative_to("pmpp").with_suffix(""))
        if source.with_suffix(".pyi") not in tree:
            yield f"{source}: there is no {source.with_suffix('.pyi')}"
        if not source.is_relative_to("pmpp/_runtime") and module not in tree.modules:
            yield f"{source}: there is no cuda_src/{module}.cu"


@rule
def cython_modules_are_thin(tree: Tree) -> Iterator[str]:
    """Outside of the runtime: arguments are checked, C is called; nothing else. Docstrings may be as long as they have to be."""
    for path in tree.room("pmpp", ".pyx"):
        if path.is_relative_to("pmpp/_runtime"):
            continue
        code = re.sub(r'""".*?"""', "", tree.read(path), flags=re.DOTALL)
        lines = sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in code.splitlines())
        if lines > LONGEST_CYTHON_MODULE:
            yield f"{path}: {lines} lines of code; {LONGEST_CYTHON_MODULE} are enough to check arguments and call C"


def _imports(path: PurePosixPath, text: str) -> Iterator[str]:
    """The absolute names that a Python or Cython file imports, relative imports resolved."""
    package = list(path.parts[:-1])
    if path.suffix in (".pyx", ".pxd"):
        for match in re.finditer(r"^\s*(?:from\s+([\w.]+)\s+c?import\s+([\w, ]+)|c?import\s+([\w.]+))", text, re.MULTILINE):
            base = match[1] or match[3]
            yield base
            yield from (f"{base}.{name.strip()}" for name in (match[2] or "").split(",") if name.strip())
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], node.module or ""]) if node.level else node.module
            yield base.rstrip(".")
            yield from (f"{base.rstrip('.')}.{alias.name}" for alias in node.names)


@rule
def imports_follow_the_arrows(tree: Tree) -> Iterator[str]:
    for room, forbidden in ARROWS.items():
        for path in tree.room(room, ".py", ".pyx", ".pxd"):
            deepest = max((name for name in ARROWS if path.is_relative_to(name)), key=len)
            for name in _imports(path, tree.read(path)) if deepest == room else ():
                if any(name == other or name.startswith(f"{other}.") for other in forbidden):
                    yield f"{path}: imports {name}, against the arrows"


@rule
def toolkit_needs_the_standard_library_only(tree: Tree) -> Iterator[str]:
    path = PurePosixPath("pmpp/_toolkit.py")
    for name in _imports(path, tree.read(path)) if path in tree else ():
        if name.split(".")[0] not in {*sys.stdlib_module_names, "__future__"}:
            yield f"{path}: imports {name}; the build loads this file before anything is installed"


@rule
def includes_stay_in_their_room(tree: Tree) -> Iterator[str]:
    for room, allowed in INCLUDES.items():
        for path in tree.room(room, ".cpp", ".hpp", ".h", ".cu", ".cuh", ".def"):
            for quote, name in re.findall(r'^\s*#\s*include\s*(["<])([^">]+)[">]', tree.read(path), re.MULTILINE):
                if quote == '"' and not name.startswith(allowed):
                    yield f'{path}: includes "{name}"; {room}/ includes {" or ".join(allowed)} and system headers'
                elif quote == '"' and name not in tree:
                    yield f'{path}: includes "{name}", which is not there'
                elif quote == "<" and (name.startswith(("simt/", "cuda_src/", "pmpp/")) or name == "Python.h"):
                    yield f"{path}: includes <{name}>"


@rule
def no_name_hides_a_submodule(tree: Tree) -> Iterator[str]:
    for init in [path for path in tree.room("pmpp", ".py") if path.name == "__init__.py"]:
        package = init.parent
        beside = {path.stem for path in tree.room(str(package)) if path.parent == package and path.suffix in (".py", ".pyx")}
        beside |= {path.relative_to(package).parts[0] for path in tree.room(str(package)) if path.parent != package}
        dotted = ".".join(package.parts)
        for node in ast.walk(ast.parse(tree.read(init))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in beside:
                yield f"{init}: {node.name} hides the submodule {dotted}.{node.name}"
            elif isinstance(node, ast.ImportFrom):
                source = (node.module or "") if node.level else (node.module or "").removeprefix(dotted)
                for alias in node.names:
                    bound = alias.asname or alias.name
                    if bound in beside and (source or alias.name != bound):
                        yield f"{init}: {bound} hides the submodule {dotted}.{bound}"


@rule
def registry_is_complete(tree: Tree) -> Iterator[str]:
    folders = [chapter.get("folder") for chapter in tree.chapters]
    for chapter in tree.chapters:
        folder, known = chapter.get("folder"), {"folder", "title", "edition5", "edition4", "modules", "exercises"}
        newest = chapter.get("edition5"), chapter.get("edition4")
        expected = f"ch{newest[0]}" if newest[0] else f"ed4_ch{newest[1]}"
        if folder != expected or folders.count(folder) > 1:
            yield f"chapters.toml: {folder} has the editions' numbers {newest}, so it should be {expected}, once"
        if not chapter.get("title") or set(chapter) - known:
            yield f"chapters.toml: {folder} needs a title and accepts {', '.join(sorted(known))}"
        for module in chapter.get("modules", ()):
            if module not in tree.modules:
                yield f"chapters.toml: {folder} lists the module {module}; there is no cuda_src/{module}.cu"
    for path in tree.room("exercises"):
        if len(path.parts) > 2 and path.parts[1] not in folders:
            yield f"{path}: chapters.toml has no {path.parts[1]}"


@rule
def exercises_are_complete(tree: Tree) -> Iterator[str]:
    for chapter in tree.chapters:
        home = PurePosixPath("exercises", chapter["folder"])
        names = chapter.get("exercises", [])
        if names and home / "README.md" not in tree:
            yield f"{home}: there is no README.md"
        if len(set(names)) < len(names):
            yield f"chapters.toml: {chapter['folder']} lists an exercise twice"
        expected = {"README.md"}
        for name in names:
            stub, mutants = f"stubs/{name}.cu", f"mutants/{name}.toml"
            parts = {f"{name}.cu", stub, f"test_{name}.py", f"hints/{name}.md", f"solutions/{name}.cu", mutants}
            expected |= parts
            yield from (f"{home}: there is no {part}" for part in sorted(parts) if home / part not in tree)
            if home / stub in tree and "TODO" not in tree.read(home / stub):
                yield f"{home / stub}: says nowhere what is TODO"
            wrong = len(tomllib.loads(tree.read(home / mutants))) if home / mutants in tree else 0
            if wrong < 4:
                yield f"{home}: {name} has {wrong} mutants, at least 4 are needed"
        tests = "".join(tree.read(home / f"test_{name}.py") for name in names if home / f"test_{name}.py" in tree)
        for path in tree.room(str(home)):
            # What a speedup is measured against is named where it is declared.
            compared = path.parent.name == "baselines" and f'"baselines/{path.name}"' in tests
            if str(path.relative_to(home)) not in expected and not compared:
                yield f"{path}: belongs to no exercise that chapters.toml lists"


@rule
def files_are_short_and_say_what_they_are(tree: Tree) -> Iterator[str]:
    comments = {".py": ('"""', "#", 'r"""'), ".pyx": ('"""', "#"), ".pxd": ('"""', "#"), ".pyi": ('"""', "#"), ".map": ("/*", "#")}
    code = {".cu", ".cuh", ".cpp", ".hpp", ".h", ".def", ".css", ".js", *comments}
    for path in tree.paths:
        if path.suffix not in code:
            continue
        text = tree.read(path)
        if text.count("\n") > LONGEST_FILE:
            yield f"{path}: {text.count(chr(10))} lines; a file has at most {LONGEST_FILE}"
        if text.strip() and not text.startswith(comments.get(path.suffix, ("//", "/*"))):
            yield f"{path}: its first line is no comment that says what it is"


@pytest.fixture(scope="module")
def repository() -> Tree:
    try:
        return Tree.of_repository(ROOT)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the layout is that of the files that git tracks, and this is no git checkout")


@pytest.mark.parametrize("check", RULES, ids=lambda check: check.__name__)
def test_tree_keeps(check, repository):
    assert list(check(repository)) == []


# Below: the checker itself, on made-up trees.

GOOD = {
    "README.md": "",
    "chapters.toml": '[[chapter]]\nfolder = "ch11"\ntitle = "Scan"\nedition5 = 11\nedition4 = 11\nmodules = ["scan", "sort/radix"]\n'
    'exercises = ["block_scan"]\n[[chapter]]\nfolder = "ed4_ch17"\ntitle = "MRI"\nedition4 = 17\n',
    "cuda_src/common/block.cuh": "// x\n",
    "cuda_src/scan.cu": '// x\n#include "cuda_src/scan.h"\n#include "cuda_src/common/block.cuh"\n#include <cuda_runtime.h>\n',
    "cuda_src/scan.h": "// x\n",
    "cuda_src/sort/radix/onesweep.cu": "// x\n",
    "cuda_src/sort/radix/radix.h": "// x\n",
    "pmpp/__init__.py": '"""x"""\nfrom pmpp._runtime.device import load\nfrom pmpp import scan\n',
    "pmpp/_toolkit.py": '"""x"""\nimport os\n',
    "pmpp/_runtime/__init__.py": "",
    "pmpp/_runtime/device.py": '"""x"""\nimport numpy\nfrom pmpp._toolkit import find_toolkit\n',
    "pmpp/scan.pyx": '"""x"""\nfrom pmpp._runtime.device cimport load\n',
    "pmpp/scan.pyi": '"""x"""\n',
    "pmpp/sort/__init__.py": '"""x"""\nfrom . import radix\n',
    "pmpp/sort/radix.pyx": '"""x"""\n',
    "pmpp/sort/radix.pyi": '"""x"""\n',
    "pmpp/testing/plugin.py": '"""x"""\nimport pmpp\nfrom .compare import equal\n',
    "tests/test_scan.py": '"""x"""\n',
    "tests/sort/radix/test_stability.py": '"""x"""\n',
    "simt/ptx/parser.hpp": "// x\n",
    "simt/ptx/parser.cpp": '// x\n#include "simt/ptx/parser.hpp"\n#include <vector>\n',
    "exercises/conftest.py": '"""x"""\n',
    "exercises/ch11/README.md": "",
    "exercises/ch11/block_scan.cu": "// x\n",
    "exercises/ch11/stubs/block_scan.cu": "// TODO (about 2 lines): x\n",
    "exercises/ch11/mutants/block_scan.toml": "[a]\n[b]\n[c]\n[d]\n",
    "exercises/ch11/test_block_scan.py": '"""x"""\nfrom pmpp.testing import Problem\n',
    "exercises/ch11/hints/block_scan.md": "",
    "exercises/ch11/solutions/block_scan.cu": "// x\n",
}
GONE = None
BREAKS = [
    (no_stray_file, {"notes.txt": ""}, "notes.txt: no such file"),
    (no_stray_file, {"src/x.cu": ""}, "no room src/"),
    (no_stray_file, {"cuda_src/scan.ptx": ""}, "cuda_src/ has no .ptx"),
    (no_missing_twin, {"cuda_src/scan.h": GONE}, "no cuda_src/scan.h"),
    (no_missing_twin, {"pmpp/scan.pyx": GONE}, "no pmpp/scan.pyx"),
    (no_missing_twin, {"pmpp/scan.pyi": GONE}, "no pmpp/scan.pyi"),
    (no_missing_twin, {"tests/test_scan.py": GONE}, "no tests/test_scan.py"),
    (no_missing_twin, {"tests/sort/radix/test_stability.py": GONE}, "no tests/sort/radix/test_*.py"),
    (no_missing_twin, {"cuda_src/merge.cu": "// x\n"}, "no pmpp/merge.pyx"),
    (no_missing_twin, {"chapters.toml": GONE}, "no chapter"),
    (no_twin_of_nothing, {"cuda_src/merge.h": "// x\n"}, "no cuda_src/merge.cu"),
    (no_twin_of_nothing, {"cuda_src/common/warp.cuh": "// x\n"}, "includes"),
    (no_twin_of_nothing, {"pmpp/merge.pyx": '"""x"""\n'}, "no pmpp/merge.pyi"),
    (no_twin_of_nothing, {"pmpp/merge.pyx": '"""x"""\n'}, "no cuda_src/merge.cu"),
    (no_twin_of_nothing, {"pmpp/merge.pyi": '"""x"""\n'}, "no pmpp/merge.pyx"),
    (cython_modules_are_thin, {"pmpp/scan.pyx": '"""x"""\n' + "x = 1\n" * 81}, "81 lines of code"),
    (imports_follow_the_arrows, {"pmpp/_runtime/device.py": "import pmpp.testing.plugin\n"}, "imports pmpp.testing"),
    (imports_follow_the_arrows, {"pmpp/__init__.py": "from pmpp import cli\n"}, "imports pmpp.cli"),
    (imports_follow_the_arrows, {"pmpp/__init__.py": "from . import testing\n"}, "imports pmpp.testing"),
    (imports_follow_the_arrows, {"pmpp/scan.pyx": "from pmpp.testing.compare cimport equal\n"}, "imports pmpp.testing"),
    (imports_follow_the_arrows, {"pmpp/scan.pyx": "from pmpp cimport testing\n"}, "imports pmpp.testing"),
    (imports_follow_the_arrows, {"pmpp/testing/plugin.py": "from ..cli import main\n"}, "imports pmpp.cli"),
    (imports_follow_the_arrows, {"exercises/conftest.py": "def f():\n    import pmpp._runtime\n"}, "imports pmpp._runtime"),
    (toolkit_needs_the_standard_library_only, {"pmpp/_toolkit.py": "import numpy\n"}, "imports numpy"),
    (toolkit_needs_the_standard_library_only, {"pmpp/_toolkit.py": "from pmpp import x\n"}, "imports pmpp"),
    (includes_stay_in_their_room, {"simt/ptx/parser.cpp": '#include "cuda_src/scan.h"\n'}, 'includes "cuda_src/scan.h"'),
    (includes_stay_in_their_room, {"simt/ptx/parser.cpp": '#include "parser.hpp"\n'}, 'includes "parser.hpp"'),
    (includes_stay_in_their_room, {"simt/ptx/parser.cpp": '#include "simt/ir/ir.hpp"\n'}, "which is not there"),
    (includes_stay_in_their_room, {"cuda_src/scan.cu": '#include "simt/ptx/parser.hpp"\n'}, 'includes "simt/ptx'),
    (includes_stay_in_their_room, {"cuda_src/scan.cu": "#include <Python.h>\n"}, "includes <Python.h>"),
    (no_name_hides_a_submodule, {"pmpp/sort/__init__.py": "def radix(keys): ...\n"}, "hides the submodule pmpp.sort.radix"),
    (no_name_hides_a_submodule, {"pmpp/sort/__init__.py": "from pmpp.sort.radix import radix\n"}, "pmpp.sort.radix"),
    (no_name_hides_a_submodule, {"pmpp/__init__.py": "from .scan import inclusive as scan\n"}, "pmpp.scan"),
    (no_name_hides_a_submodule, {"pmpp/__init__.py": "class sort: ...\n"}, "pmpp.sort"),
    (registry_is_complete, {"chapters.toml": '[[chapter]]\nfolder = "ch10"\ntitle = "Scan"\nedition5 = 11\n'}, "should be ch11"),
    (registry_is_complete, {"chapters.toml": '[[chapter]]\nfolder = "ch11"\nedition5 = 11\n'}, "needs a title"),
    (registry_is_complete, {"chapters.toml": '[[chapter]]\nfolder = "ch11"\ntitle = "S"\nedition5 = 11\nwords = 1\n'}, "accepts"),
    (registry_is_complete, {"cuda_src/scan.cu": GONE}, "no cuda_src/scan.cu"),
    (registry_is_complete, {"exercises/ch99/x.cu": "// x\n"}, "no ch99"),
    (exercises_are_complete, {"exercises/ch11/README.md": GONE}, "no README.md"),
    (exercises_are_complete, {"exercises/ch11/block_scan.cu": GONE}, "no block_scan.cu"),
    (exercises_are_complete, {"exercises/ch11/test_block_scan.py": GONE}, "no test_block_scan.py"),
    (exercises_are_complete, {"exercises/ch11/hints/block_scan.md": GONE}, "no hints/block_scan.md"),
    (exercises_are_complete, {"exercises/ch11/solutions/block_scan.cu": GONE}, "no solutions/block_scan.cu"),
    (exercises_are_complete, {"exercises/ch11/mutants/block_scan.toml": "[a]\n[b]\n[c]\n"}, "has 3 mutants"),
    (exercises_are_complete, {"exercises/ch11/mutants/block_scan.toml": GONE}, "has 0 mutants"),
    (exercises_are_complete, {"exercises/ch11/stubs/block_scan.cu": GONE}, "no stubs/block_scan.cu"),
    (exercises_are_complete, {"exercises/ch11/stubs/block_scan.cu": "// x\n"}, "TODO"),
    (exercises_are_complete, {"exercises/ch11/grid_scan.cu": "// x\n"}, "grid_scan.cu: belongs to no exercise"),
    (exercises_are_complete, {"exercises/ch11/baselines/slow.cpp": "// x\n"}, "slow.cpp: belongs to no exercise"),
    (files_are_short_and_say_what_they_are, {"pmpp/scan.pyx": "import numpy\n"}, "no comment"),
    (files_are_short_and_say_what_they_are, {"pmpp/pages/x.css": "a {}\n"}, "no comment"),
    (files_are_short_and_say_what_they_are, {"simt/ptx/parser.cpp": "#include <vector>\n"}, "no comment"),
    (files_are_short_and_say_what_they_are, {"simt/ptx/parser.cpp": "// x\n" + "\n" * 800}, "801 lines"),
]  # fmt: skip


@pytest.mark.parametrize("check", RULES, ids=lambda check: check.__name__)
def test_good_tree_passes(check):
    assert list(check(Tree.made_up(GOOD))) == []


@pytest.mark.parametrize(("check", "change", "complaint"), BREAKS)
def test_rule_fails(check, change, complaint):
    files = {name: text for name, text in {**GOOD, **change}.items() if text is not GONE}
    assert any(complaint in sentence for sentence in check(Tree.made_up(files)))


def test_every_rule_is_shown_to_fail():
    assert {check for check, _, _ in BREAKS} == set(RULES)


def test_files_that_git_does_not_track_do_not_count(tmp_path):
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    stub = tmp_path / "exercises" / "ch11" / "block_scan.cu"
    stub.parent.mkdir(parents=True)
    stub.write_text("// the stub\n")
    git("add", ".")
    git("commit", "-m", "x")
    stub.write_text("// solved\n")
    stub.with_name("block_scan copy.cu").write_text("// a copy\n")
    tree = Tree.of_repository(tmp_path)
    assert [str(path) for path in tree.paths] == ["exercises/ch11/block_scan.cu"]
    assert tree.read("exercises/ch11/block_scan.cu") == "// the stub\n"
