"""The fixture of the end-to-end tests: a world of real processes, all of them gone when the test is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.harness import LEVEL, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a folder with the test's own strategies in it; end every process that was started there."""
    (tmp_path / "level.py").write_text(LEVEL)
    made = World(tmp_path)
    yield made
    made.close()
