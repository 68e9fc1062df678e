"""The page of opcodes is what its generator makes of the tables."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def test_page_is_current():
    spec = importlib.util.spec_from_file_location("opcodes_page", DOCS / "opcodes.py")
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert sum(len(generator.rows(table)) for table in generator.TABLES) > 90
    assert set(generator.owners()) == set(generator.OWNERS)
    assert (DOCS / "opcodes.md").read_text() == generator.page(), "run python docs/opcodes.py"
