"""Journal lines: what saves have written adds up to the file, and what is torn or damaged is passed over."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_record, a_state, at
from holdfast.adapters.journal_lines import WHOLE_EVERY, fold, parse_line, save_line, statuses, versions
from holdfast.adapters.state_codec import document_of
from holdfast.domain.state import Status

Document = dict[str, Any]


def documents(count: int, first: int = 1) -> list[Document]:
    """Return the documents of so many saves, each changing something."""
    states = [
        a_state(number, *([a_record(minute=number)] if number % 3 else []), sequence=number, saved_at=at(number))
        for number in range(first, first + count)
    ]
    return [document_of(state) for state in states]


def lines_of(saved: Sequence[Document]) -> list[bytes]:
    """Return the lines that a journal holds after these saves."""
    return [save_line(document, before) for document, before in zip(saved, [None, *saved], strict=False)]


def test_the_first_line_is_whole_and_the_next_ones_say_what_changed() -> None:
    """A line holds the fields that a save changed, and only those."""
    first, second = documents(2)
    whole, delta = (json.loads(line) for line in lines_of([first, second]))
    assert whole["document"] == first
    assert "document" not in delta
    assert set(delta["set"]) == {"position", "target", "orders", "saved_at", "sequence", "checksum"}
    assert (delta["kind"], delta["sequence"], delta["at"]) == ("save", 2, second["saved_at"])


@given(st.integers(1, 30), st.integers(1, 1000))
def test_the_lines_add_up_to_the_file(count: int, first: int) -> None:
    """After any number of saves the journal gives the newest document, and each one in between."""
    saved = documents(count, first)
    lines = lines_of(saved)
    assert fold(lines) == saved[-1]
    assert [version.document for version in versions(lines)] == saved


def test_a_whole_document_comes_now_and_then() -> None:
    """A damaged line costs at most the saves until the next whole document."""
    lines = lines_of(documents(WHOLE_EVERY + 5))
    assert [version.sequence for version in versions(lines) if version.is_whole] == [1, WHOLE_EVERY]
    lines[WHOLE_EVERY - 5] = b"garbage"
    assert fold(lines[: WHOLE_EVERY - 2]) == fold(lines[: WHOLE_EVERY - 5])
    assert (fold(lines) or {})["sequence"] == WHOLE_EVERY + 5


@pytest.mark.parametrize("gap", [2, 0, -3])
def test_a_save_that_does_not_follow_is_written_whole(gap: int) -> None:
    """Where numbers do not go up by one, nothing is left to be worked out."""
    first = documents(1, 10)[0]
    other = documents(1, 10 + gap)[0]
    assert "document" in json.loads(save_line(other, first))


@given(st.integers(0, 11), st.data())
def test_any_damaged_byte_of_a_line_is_noticed(number: int, data: st.DataObject) -> None:
    """A line with another byte is passed over, or says just what it said: no wrong version is ever given."""
    saved = documents(12)
    lines = lines_of(saved)
    line = bytearray(lines[number])
    line[data.draw(st.integers(0, len(line) - 2))] = data.draw(st.integers(0, 255))
    lines[number] = bytes(line)
    for version in versions(lines):
        assert version.document is None or version.document == saved[version.sequence - 1]


@pytest.mark.parametrize("length", [0, 1, 40, -2])
def test_a_torn_last_line_is_passed_over(length: int) -> None:
    """What a crash has cut off counts for nothing, and all before it counts."""
    saved = documents(5)
    lines = lines_of(saved)
    assert fold([*lines[:-1], lines[-1][:length]]) == saved[-2]


def test_foreign_lines_harm_nothing() -> None:
    """Notes for people, empty lines and garbage stand between the saves."""
    saved = documents(3)
    foreign = [b"", b"\xff\xfe", b"[]", b"7", b'{"kind": "fill"}', b'{"kind": "save"}', b"[" * 5000, b"{" * 9]
    mixed = [line for one in lines_of(saved) for line in (*foreign, one)]
    assert fold(mixed) == saved[-1]
    assert fold(foreign) is None
    assert parse_line(b'{"kind": "fill"}') == {"kind": "fill"}


def test_a_missing_line_hides_what_follows_it_until_the_next_whole_document() -> None:
    """Without a save in between, later changes are known and the document after them is not."""
    first, second, third, fourth = documents(4)
    lines = [save_line(first, None), save_line(third, second), save_line(fourth, None)]
    found = list(versions(lines))
    assert [version.document for version in found] == [first, None, fourth]
    assert found[1].changed["position"] == third["position"]


def test_the_newest_status_comes_first() -> None:
    """The status lines are told backwards, so that the first that makes sense is the newest."""
    lines = [
        json.dumps({"kind": "status", "status": status, "reason": None}).encode()
        for status in (Status.PAUSED.value, "sleepy")
    ]
    assert list(statuses([*lines, b'{"kind": "status"}'])) == [("sleepy", None), ("paused", None)]
