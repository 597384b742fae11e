"""What the bot of today does badly: one sentence for each day, and the findings that show it, as patterns.

A day that stands here must go wrong in exactly this way. When the bot is mended its test fails and says so: take the
entry out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weakness:
    """One sentence that says what goes wrong, and a pattern for each finding."""

    sentence: str
    findings: Sequence[str]


_SHORT = r"b: OUT0: it sold 10 and 0 were there"

KNOWN_WEAK: Mapping[str, Weakness] = {
    "owner_trade_unseen": Weakness(
        "The owner's sale is not seen before the next reconcile, and the bot sells the same shares again: a short.",
        (_SHORT,),
    ),
    "move_shares_unseen": Weakness(
        "Shares have left the account without an order, and before the next reconcile the bot sells them: a short.",
        (_SHORT,),
    ),
    "reset_account_unseen": Weakness(
        "Between two reconciles the bot trades a new account with the memory of the old one: it sells short.",
        (
            r"b: (REST|OUT0): it sold 10 and 0 were there",
            r"c: \w+: not explained: an order sent before the restart may still arrive",
            r"e: exit codes \[0\]",
            r"e: the output never says 'the account'",
        ),
    ),
    "positions_empty_lasting": Weakness(
        "An empty position list that lasts three position lags is believed: the bot thinks itself flat and buys twice.",
        (r"a: (CALM|IN0): 20 held", r"d: (CALM|IN0) traded otherwise"),
    ),
    "owner_cancel": Weakness(
        "The owner cancels an entry of the bot's by hand, and the next bar sends it again.",
        (r"d: IN0 was bought again: 4 entries",),
    ),
    "delist_symbol": Weakness(
        "Five refused orders push every booked one out of the file, and the next reconcile books the old fills twice.",
        (r"c: OUT0: the file says 20, the broker 10", r"c: OUT0: the file says a profit", r"c: OUT0: not explained"),
    ),
}
