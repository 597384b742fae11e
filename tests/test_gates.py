"""The gates: lint, format, types and layers hold. One test each, with the tool's own words when one does not."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent
GATES = {
    "ruff check": ["ruff", "check", "--no-cache", "--output-format", "concise"],
    "ruff format": ["ruff", "format", "--check", "--no-cache", "src", "tests"],
    "mypy": ["mypy"],
    "lint-imports": ["lint-imports", "--no-cache"],
}


def ran(command: list[str], folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run one of the environment's tools."""
    tool = TOOLS / command[0]
    if not tool.exists():
        pytest.skip(f"{command[0]} is not installed here: pip install -e '.[dev]'")
    return subprocess.run([tool, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("gate", GATES)
def test_the_gate_is_open(gate: str) -> None:
    """The whole project passes the tool as configured in pyproject.toml."""
    result = ran(GATES[gate])
    if result.returncode:
        pytest.fail(f"{gate} found:\n{result.stdout}{result.stderr}", pytrace=False)


@pytest.mark.parametrize(
    ("command", "source"),
    [
        (["ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml")], "import os\n"),
        (["ruff", "format", "--check", "--no-cache"], "x  =  1\n"),
        (["mypy", "--strict", "--config-file", ""], "def f(x: int) -> str:\n    return x\n"),
    ],
)
def test_a_gate_can_close(command: list[str], source: str, tmp_path: Path) -> None:
    """A file with a fault of the tool's kind does not pass."""
    (tmp_path / "faulty.py").write_text(source)
    result = ran([*command, "faulty.py"], tmp_path)
    assert result.returncode == 1, result.stderr
    assert "faulty.py" in result.stdout + result.stderr
