"""Reading YAML: what is refused, and where; whatever the bytes, the answer is a config or a report."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast.config.load import load_config
from holdfast.config.problems import ConfigError
from holdfast.config.tree import Faults, Mapping, Scalar
from holdfast.config.yaml_source import SIZE_MAX, parse

AAPL = b"symbols: [{symbol: AAPL, qty: 10}]\n"


def report(folder: Path, content: bytes) -> str:
    """Return the report on a file that must not load, without its path."""
    path = folder / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value).replace(f"{path}:", "")


def test_scalars_stay_text() -> None:
    """The tree holds what is written; nothing is a number, a date or a truth value yet."""
    root = parse("{a: 9:30, 1E5: ON, b: 'x', c: 2024-01-02}", Faults())
    assert isinstance(root, Mapping)
    values = {key: entry.value for key, entry in root.entries.items()}
    assert [each.text for each in values.values() if isinstance(each, Scalar)] == ["9:30", "ON", "x", "2024-01-02"]
    assert list(values) == ["a", "1E5", "b", "c"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: [1\nb: 2\n", "2:2: not valid YAML: expected ',' or ']', but got ':'"),
        (b"broker: sim\n\tbot: x\n", "2:1: a tab; YAML indents with spaces"),
        (b"broker: \xff\n", "1:9: byte 0xff is not UTF-8: save the file as UTF-8"),
        (b"bot: a\nbroker: \x1b[31m\n", "2:9: the character '\\x1b' is not allowed in YAML"),
        (b'bot: "\\UFFFFFFFF"\n', "1:9: an escape or a number here is out of range"),
        (b"", "1:1: the file must hold keys"),
        (b"# only a comment\n", "1:1: the file must hold keys"),
        (b"- a\n- b\n", "1:1: the file must hold keys"),
        (b"just text", "1:1: the file must hold keys"),
        (AAPL + b"---\nbroker: sim\n", "2:1: a second document starts here; Holdfast reads one"),
        (AAPL + b"broker: !!str sim\n", "2:9: broker: YAML tags (!name) are not read here; remove it"),
        (AAPL + b"broker: !!python/object:os.system x\n", "2:9: broker: YAML tags (!name)"),
        (AAPL + b"broker: &b sim\n", "2:9: broker: YAML anchors (&name) are not read here; remove it"),
        (AAPL + b"broker: *b\n", "2:9: broker: YAML aliases (*name) are not read here; write the value out"),
        (AAPL + b"<<: {broker: sim}\n", "2:1: YAML merge keys (<<) are not read here; write the keys out"),
        (AAPL + b"? [a]\n: b\n", "2:3: a key must be a plain word"),
        (AAPL + AAPL, "2:1: symbols: duplicate key; it stands on line 1 already"),
        (AAPL + b"sim: {seed: 1, seed: 2}\n", "2:16: sim.seed: duplicate key; it stands on line 2 already"),
        (AAPL + b"sim: " + b"[" * 13 + b"]" * 13, "nested deeper than 12 levels"),
        (b"[" * SIZE_MAX, "nested deeper than 12 levels"),
        (b"#" * (SIZE_MAX + 1), "1:1: the file is larger than 256 KB"),
    ],
)
def test_what_is_not_plain_yaml_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    """Each trick of YAML, and each broken file, is one problem with its place."""
    assert report(tmp_path, content).startswith(expected) or expected in report(tmp_path, content)


def test_an_anchors_bomb_is_refused_without_growing(tmp_path: Path) -> None:
    """Nine levels of nine aliases are a report, not a billion nodes."""
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "YAML anchors" in report(tmp_path, "\n".join(["a0: &a0 [x]", *levels]).encode())


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    """A file saved by a Windows editor loads."""
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + AAPL.replace(b"\n", b"\r\n"))
    assert load_config(path).symbols[0].symbol == "AAPL"


def test_a_long_line_is_quoted_in_part(tmp_path: Path) -> None:
    """A problem far to the right shows its neighbourhood, with the caret under the place."""
    quoted = report(tmp_path, b"{bot: b," + b" " * 5000 + b"symbols: [{symbol: B, qty: 1, qyt: 1}]}").splitlines()
    line, caret = quoted[-2:]
    assert len(line) < 110
    assert line[caret.index("^") :].startswith("qyt")


def test_many_problems_are_counted_not_printed(tmp_path: Path) -> None:
    """After fifty problems the report only says how many more there are."""
    assert report(tmp_path, b"".join(b"k%d: 1\n" % n for n in range(60)) + AAPL).endswith("... and 10 more problems")


FRAGMENTS = st.sampled_from(
    [
        "symbols:",
        "- ",
        "symbol: ",
        "AAPL",
        "qty: ",
        "1",
        "{",
        "}",
        "[",
        "]",
        ": ",
        ", ",
        "sim:",
        "&a ",
        "*a",
        "!t ",
        "|",
        ">",
        '"',
        "'",
        "\\U",
        "\\0",
        "strategy: ",
        "use: ",
        "x.py:X",
        "name: ",
        "sma_cross",
        "~",
        "<<: ",
        "? ",
        "#",
        "defaults:",
        "---",
        "%YAML 1.1",
        "bars: ",
        "speed: ",
        "url: ",
        "http://[",
        "1e9",
        "é",
        "  ",
    ],
)
BREAKS = st.sampled_from(["\n", "\t", "\u2028", "\n  "])


@given(
    content=st.one_of(st.binary(max_size=300), st.lists(FRAGMENTS | BREAKS, max_size=40).map("".join).map(str.encode))
)
@example(content=b"%YAML " + b"9" * 5000 + b".1\n---\na: 1")
@example(content=b'"\\ud800": 1')
@example(content=b"symbols: [{symbol: A, qty: 1e9999999999}]")
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_a_config_or_a_report(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No content of the file raises anything but `ConfigError`, and every report can be printed."""
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(content)
    with contextlib.suppress(ConfigError):
        try:
            load_config(path)
        except ConfigError as error:
            str(error).encode()
            raise
