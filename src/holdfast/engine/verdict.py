"""A rehearsal in words: tables for a terminal, lines for a pipe, data for machines, and one line of verdict. Pure."""

from collections.abc import Iterator
from typing import Any

from holdfast.domain.decimals import plain
from holdfast.domain.order import OrderView
from holdfast.domain.state import Status, SymbolState
from holdfast.engine import findings
from holdfast.engine.findings import Section, left_alone, seconds
from holdfast.engine.memory import Missing
from holdfast.engine.rehearsal import Before, Outcome, Rehearsal, Word

_OUT_OF_DATE = "the running bot wrote this file meanwhile: type holdfast drill again"


def verdict(rehearsal: Rehearsal) -> str:
    """Return the one line that says it all: what a restart would correct, whom it would keep waiting, what it sends."""
    corrected = len({symbol for symbol, _one in rehearsal.findings.corrections})
    parts = ["archive this memory, which is another account's, and start fresh"] if rehearsal.is_archived else []
    parts += [f"correct {_count(corrected, 'symbol')}" if corrected else "correct nothing"]
    after = [one.after for one in rehearsal.outcomes if one.after]
    waits = [one.wait_s for one in rehearsal.outcomes if one.wait_s is not None]
    if waits:
        parts.append(f"keep {len(waits)} waiting for up to {seconds(max(waits))}")
    for status in (Status.HALTED, Status.QUARANTINED, Status.SUSPENDED):
        count = sum(one.status is status for one in after)
        parts += [f"keep {count} {status.value}"] if count else []
    failed = sum(one.after is None for one in rehearsal.outcomes)
    parts += [f"fail to start {failed}"] if failed else []
    sent = len(rehearsal.withheld)
    parts.append(f"send {_count(sent, 'request')}" if sent else "send nothing")
    return f"a restart now would {', '.join(parts[:-1])}{',' if len(parts) > 2 else ''} and {parts[-1]}"  # noqa: PLR2004 - a list of two needs no comma


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def sections(rehearsal: Rehearsal) -> Iterator[Section]:
    """Return the tables: every symbol, then what would be corrected, the open orders, and what is left alone."""
    columns = ("symbol", "on file", "after", "status", "waits up to", "why")
    yield _without_empty(Section("A restart now", columns, tuple(_cells(one) for one in rehearsal.outcomes)))
    told = [one for one in findings.sections(rehearsal.findings, is_dry=True) if one.title != findings.STANDINGS]
    words = tuple((one.symbol, *_word_cells(word)) for one in rehearsal.outcomes for word in one.words)
    if words:
        told.insert(1, Section("Open orders", ("symbol", "order", "is to", "on file", "the broker's word"), words))
    yield from told


def _without_empty(section: Section) -> Section:
    """Leave out the columns in which nobody has anything to say."""
    kept = [number for number in range(len(section.columns)) if any(row[number] for row in section.rows)]
    columns, *rows = (tuple(cells[number] for number in kept) for cells in (section.columns, *section.rows))
    return Section(section.title, columns, tuple(rows))


def _cells(one: Outcome) -> tuple[str, ...]:
    if one.after is None:
        return (one.symbol, _held(one.before), "", "failed", "", one.failed or "")
    wait = "" if one.wait_s is None else seconds(one.wait_s)
    why = _OUT_OF_DATE if one.is_out_of_date else one.after.status_reason or ""
    return (one.symbol, _held(one.before), _held(one.after), one.after.status.value, wait, why)


def _held(state: Before) -> str:
    if isinstance(state, SymbolState):
        extra = state.position.unmanaged_quantity
        return plain(state.position.quantity) + (f" (+{plain(extra)} unmanaged)" if extra else "")
    return "no file" if isinstance(state, Missing) else "unreadable file"


def _word_cells(word: Word) -> tuple[str, str, str, str]:
    order = word.order
    filled = f", {plain(order.filled_quantity)} filled" if order.filled_quantity else ""
    status = f"{order.status.value}{filled}" if word.is_on_file else "not known"
    return (order.client_order_id, f"{order.side.value} {plain(order.quantity)}", status, _said(word))


def _said(word: Word) -> str:
    if word.trouble is not None:
        return f"no answer: {word.trouble}"
    if word.view is not None:
        return _seen(word.view)
    if word.order.broker_order_id is None:
        return "unknown; a restart waits, then settles it as never arrived"
    return "unknown, although it was accepted; a restart waits, then halts the symbol"


def _seen(view: OrderView) -> str:
    price = f" at {plain(view.filled_average_price)}" if view.filled_average_price else ""
    return f"{view.status.value}, {plain(view.filled_quantity)} filled{price}"


def lines(rehearsal: Rehearsal) -> Iterator[str]:
    """Say the same, one thing in one line; the verdict is not among them."""
    for one in rehearsal.outcomes:
        symbol, before, after, status, wait, why = _cells(one)
        reason = f": {why}" if why else ""
        waits = f" (waits up to {wait})" if wait else ""
        on_file = f"{before} on file" if isinstance(one.before, SymbolState) else before
        yield f"{symbol}: {on_file}, {after or 'unknown'} after: {status}{reason}{waits}"
    for symbol, correction in rehearsal.findings.corrections:
        yield findings.told(symbol, correction, is_dry=True)
    for one in rehearsal.outcomes:
        for order, purpose, status, said in map(_word_cells, one.words):
            yield f"{one.symbol}: order {order} to {purpose}: {status} on file; the broker: {said}"
    yield from left_alone(rehearsal.findings.unmanaged)


def ending(rehearsal: Rehearsal) -> Iterator[str]:
    """Return the last lines: what was kept from being sent, the counts, and the verdict."""
    yield from (f"would {request}" for request in rehearsal.withheld)
    yield f"{rehearsal.calls} broker calls, all of them reads, in {rehearsal.seconds:.2f} s"
    yield verdict(rehearsal)


def as_data(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return the same for machines; what a reconcile tells is spelled as `holdfast reconcile --json` spells it."""
    return {
        "verdict": verdict(rehearsal),
        "is_clean": rehearsal.is_clean,
        "is_archived": rehearsal.is_archived,
        "symbols": {one.symbol: _outcome_data(one) for one in rehearsal.outcomes},
        **findings.as_data(rehearsal.findings),
        "would_send": list(rehearsal.withheld),
        "broker_calls": rehearsal.calls,
        "duration_s": round(rehearsal.seconds, 3),
    }


def _outcome_data(one: Outcome) -> dict[str, Any]:
    return {
        "before": _state_data(one.before) if isinstance(one.before, SymbolState) else None,
        "after": _state_data(one.after) if one.after else None,
        "failed": one.failed,
        "seconds_left": one.wait_s and round(one.wait_s, 1),
        "out_of_date": one.is_out_of_date,
        "orders": [_word_data(word) for word in one.words],
    }


def _state_data(state: SymbolState) -> dict[str, Any]:
    return {
        "quantity": plain(state.position.quantity),
        "unmanaged_quantity": plain(state.position.unmanaged_quantity),
        "status": state.status.value,
        "status_reason": state.status_reason,
    }


def _word_data(word: Word) -> dict[str, Any]:
    view = word.view
    price = view.filled_average_price if view else None
    return {
        "client_order_id": word.order.client_order_id,
        "side": word.order.side.value,
        "quantity": plain(word.order.quantity),
        "status": word.order.status.value if word.is_on_file else None,
        "broker": None if view is None else {
            "status": view.status.value,
            "filled_quantity": plain(view.filled_quantity),
            "filled_average_price": None if price is None else plain(price),
        },
        "no_answer": word.trouble,
    }  # fmt: skip
