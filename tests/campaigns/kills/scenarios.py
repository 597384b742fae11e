"""The table of scenarios: each is a few minutes of one bot's life in which something is under way at every call.

The strategy is long while a bar closes at 100 or above. `REST` holds five shares all the time and is nobody's business.
"""

import errno
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from campaigns.kills.calls import ON_DISK, Kind
from campaigns.kills.tracer import POST

REST, REST_HOLDS = "REST", 5
DELETE = "DELETE /v2/orders/*"


@dataclass(frozen=True, slots=True)
class Aim:
    """The `nth` of a call that is aimed at, and how many calls from there on the last kill comes."""

    call: str
    calls: int
    nth: int = 1


# One save has seven calls. An order is saved three times: before it leaves, when it is answered, when it has filled.
_SAVING = "open state/.AAA.json.tmp"
SAVE, SETTLE = Aim(_SAVING, 8), Aim(_SAVING, 8, nth=3)
SEND, ANSWER, CANCEL = Aim(f"send {POST}", 17), Aim(f"recv {POST}", 1), Aim(f"send {DELETE}", 4)
_CANCELS, _UNHEARD = (CANCEL, SETTLE, CANCEL, CANCEL), (ANSWER,)
Damage = Callable[[Path], None]
_POST = {"method": "POST", "path": "/v2/orders"}


@dataclass(frozen=True)
class Scenario:
    """One row.

    `closes` are the bars of each symbol, `quantities` what config says of it. The bot has lived through `lived`
    instants (one per bar, and one before the first; none: an empty folder) when `damage` is done to its state folder
    (the files of the first of these lives stand in `older`), `faults` are ordered and the traced life begins. It is
    killed before a call from 1 to `calls`, then `while_down` is ordered (`clears`: all faults end), and it lives again:
    killed again before a call from 1 to `again`, or to its end. `ends` are the positions that each symbol may have
    then; None where the account alone decides. `aims` are what is aimed at. A pass tries each call `times` times.
    """

    name: str
    sentence: str
    closes: Mapping[str, tuple[int, ...]]
    ends: Mapping[str, frozenset[int] | None]
    calls: int
    again: int = 110
    lived: tuple[int, ...] = (1,)
    quantities: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Mapping[str, Any], ...] = ()
    damage: Damage | None = None
    removed: str = ""
    while_down: tuple[Mapping[str, Any], ...] = ()
    clears: bool = False
    terminated_at: str = ""
    error: int = 0
    failing: frozenset[Kind] = ON_DISK
    in_a_row: int = 1
    loses_memory: bool = False
    times: int = 1
    aims: tuple[Aim, ...] = (SEND, SAVE, ANSWER, SETTLE)

    @property
    def is_ours_alone(self) -> bool:
        """Whether the orders on file must explain what is held: nobody else trades, and no memory is lost."""
        return not self.loses_memory and not self.while_down

    @property
    def configured(self) -> dict[str, int]:
        """What config.yaml says before anything is removed."""
        return {symbol: self.quantities.get(symbol, 10) for symbol in self.closes} | {REST: REST_HOLDS}


def _row(name: str, sentence: str, closes: tuple[int, ...], ends: tuple[int, ...], calls: int, **more: Any) -> Scenario:  # noqa: ANN401 - the row's own fields
    allowed = {"AAA": frozenset(ends) if ends else None}
    if "quantity" in more:
        more["quantities"] = {"AAA": more.pop("quantity")}
    return Scenario(name, sentence, {"AAA": closes}, allowed, calls, **more)


def _lose(state: Path) -> None:
    (state / "AAA.json").unlink()


def _lose_backup_too(state: Path) -> None:
    (state / "AAA.json").unlink()
    (state / ".holdfast" / "backups" / "AAA.json").unlink()


def _corrupt(state: Path) -> None:
    content = (state / "AAA.json").read_bytes()
    (state / "AAA.json").write_bytes(content.replace(b'"quantity": "10"', b'"quantity": "99"'))


def _put_back(state: Path) -> None:
    (state / "AAA.json").write_bytes((state.parent / "older" / "AAA.json").read_bytes())


def _spoil_many(state: Path) -> None:
    for name in ("AAA", "BBB"):
        (state / f"{name}.json").unlink()
    for name in ("CCC", "DDD"):
        (state / f"{name}.json").write_bytes(b"")
    for name in ("EEE", "FFF"):
        (state / f"{name}.json").write_bytes((state.parent / "older" / f"{name}.json").read_bytes())


_UP = (99, 101, 101, 101, 101)
_MANY = dict.fromkeys(("AAA", "BBB", "CCC", "DDD", "EEE", "FFF"), (99, 101, 101, 101))

SCENARIOS: tuple[Scenario, ...] = (
    _row("entry", "The bot buys.", _UP, (10,), 210),
    _row("exit", "The bot sells what it holds.", (101, 99, 99, 99, 99), (0,), 210),
    _row("round_trip", "It buys, and sells with the next bar.", (99, 101, 99, 99, 99), (0,), 250),
    _row(
        "partial_entry", "An entry fills over three bars.",
        (99, 101, 101, 101, 101, 101, 101), (600,), 255, quantity=600,
    ),
    _row(
        "partial_exit", "An exit fills over three bars.",
        (101, 101, 101, 99, 99, 99, 99, 99), (0,), 250, quantity=600, lived=(3,),
    ),
    _row(
        "expiry", "An entry is still not filled when the market closes, and expires with what it has.",
        (99, 101, 101), (), 212, quantity=900,
    ),
    _row(
        "cancel", "A part of an entry has filled when the signal turns: the rest is canceled, the part sold.",
        (99, 101, 99, 99, 99, 99, 99), (0,), 335, quantity=600, aims=_CANCELS,
    ),
    _row(
        "fill_beats_cancel", "The entry fills at the moment of its cancel.",
        (99, 101, 99, 99, 99, 99), (0,), 275, faults=({"kind": "fill_beats_cancel", "count": 1},), aims=_CANCELS,
    ),
    _row(
        "stuck_cancel", "A cancel stays pending until the bot is down, and the order fills then.",
        (99, 101, 99, 99, 99, 99), (0, 10), 275, clears=True,
        faults=({"kind": "hold_fills", "count": 1}, {"kind": "stuck_cancel", "count": 1}), aims=_CANCELS,
    ),
    _row(
        "fills_while_down", "An entry works and fills while the bot is down.",
        _UP, (0, 10), 212, clears=True, faults=({"kind": "hold_fills", "count": 1},),
    ),
    _row(
        "rejected", "An accepted entry is rejected after all.",
        _UP, (0,), 210, faults=({"kind": "reject_accepted", "count": 1},),
    ),
    _row(
        "refused", "The entry is refused with 403; killed before it writes that down, the bot tries again.",
        _UP, (0, 10), 220, aims=_UNHEARD,
        faults=({"kind": "answer_status", "status": 403, "match": _POST, "count": 1},),
    ),
    _row(
        "lost_answer", "The entry is accepted and its answer lost.",
        _UP, (10,), 215, faults=({"kind": "drop_connection", "match": _POST, "count": 1},),
    ),
    _row(
        "lost_request", "The entry never arrives, and nobody says so.",
        _UP, (10,), 262, faults=({"kind": "answer_status", "status": 500, "match": _POST, "count": 1},), aims=_UNHEARD,
    ),
    _row(
        "late_request", "The entry arrives 0.6 s late: after the next start has asked for the orders.",
        _UP, (10,), 212, faults=({"kind": "request_late", "delay_s": 0.6, "count": 1},), aims=_UNHEARD,
    ),
    _row(
        "lost_file", "The file is gone and the position is to be sold.",
        (101, 99, 99, 99, 99), (0,), 225, damage=_lose, loses_memory=True,
    ),
    _row(
        "lost_memory", "The file and its backup are gone and the strategy wants what is held already.",
        (101, 101, 101, 101), (10,), 170, damage=_lose_backup_too, loses_memory=True, aims=(SAVE,), times=2,
    ),
    _row(
        "corrupt_file", "The file claims what its checksum denies, and the position is to be sold.",
        (101, 99, 99, 99, 99), (0,), 228, damage=_corrupt, loses_memory=True,
    ),
    _row(
        "older_file", "A file from before the entry is put back.",
        (99, 101, 101, 101, 101), (10,), 158, lived=(1, 2), damage=_put_back, loses_memory=True, aims=(SAVE,),
    ),
    _row(
        "removed", "The symbol is taken out of config.yaml while it holds a position.",
        (101, 99, 99, 99), (10,), 148, removed="AAA", aims=(SAVE,),
    ),
    _row(
        "removed_working", "The symbol is taken out of config.yaml while its entry works.",
        (99, 101, 101, 101, 101), (), 150, quantity=600, lived=(2,), removed="AAA", aims=(SAVE,),
    ),
    _row(
        "terminated", "SIGTERM comes when the order is about to leave.",
        _UP, (10,), 150, terminated_at="send POST /v2/orders",
    ),
    Scenario(
        "interleaved", "One symbol buys and another sells on the same bar.",
        {"AAA": _UP, "BBB": (101, 99, 99, 99, 99)}, {"AAA": frozenset({10}), "BBB": frozenset({0})}, 275,
    ),
    _row(
        "owner_sells", "The owner sells four shares while the bot is down.",
        (101, 101, 101, 101, 101), (6, 10), 157,
        while_down=({"kind": "owner_trade", "match": {"symbol": "AAA"}, "side": "sell", "qty": "4"},), aims=(SAVE,),
    ),
    Scenario(
        "many_corrections", "Six files of six are lost, empty or too old.",
        _MANY, dict.fromkeys(_MANY, frozenset({10})), 330, again=200, lived=(1, 2), damage=_spoil_many,
        loses_memory=True, aims=(SAVE,),
    ),
    _row("first_start", "The folder is empty.", (101, 101, 101, 101), (10,), 305, lived=()),
    _row(
        "disk_full", "The disk is full for six calls on it.",
        _UP, (0, 10), 88, error=errno.ENOSPC, in_a_row=6, times=2,
    ),
    _row(
        "disk_breaks", "One fsync fails.",
        _UP, (0, 10), 20, error=errno.EIO, failing=frozenset({Kind.FSYNC}), times=8,
    ),
)  # fmt: skip
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
