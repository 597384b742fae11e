"""How the account and its symbols stand with the exchange: the account's terms, symbols halted or off the list."""

from dataclasses import dataclass, field
from datetime import datetime

from holdfast.exchange.margin import AccountTerms


@dataclass(slots=True)
class Standing:
    """What is not in the books and still outlives a restart; `halt_ends` are the moments at which halts end."""

    terms: AccountTerms = field(default_factory=AccountTerms)
    halted: set[str] = field(default_factory=set)
    halt_ends: dict[str, datetime] = field(default_factory=dict)
    delisted: set[str] = field(default_factory=set)
