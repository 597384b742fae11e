"""Tables on a terminal: text is shown as it is, and a narrow terminal cuts no number."""

import pytest

from holdfast.cli.tables import draw_sections
from holdfast.engine.findings import Section


def test_what_looks_like_markup_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A reason that came from outside can neither style nor hide anything."""
    draw_sections([Section("Corrected [1]", ("symbol", "why"), (("AAPL", "[red]sold[/red] by hand"),))])
    shown = capsys.readouterr().out
    assert "Corrected [1]\n" in shown
    assert "[red]sold[/red] by hand" in shown


def test_reasons_give_way_and_numbers_do_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On 40 columns the reason is folded to its last word, and the quantity stands whole."""
    monkeypatch.setenv("COLUMNS", "40")
    draw_sections([Section("Corrected", ("quantity", "why"), (("1234567.123456789", "sold by hand " * 5 + "end"),))])
    shown = capsys.readouterr().out
    assert "1234567.123456789" in shown
    assert "end" in shown
