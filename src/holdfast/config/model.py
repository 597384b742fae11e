"""The shape of config.yaml as pydantic models: which keys there are, what each may be, and the defaults.

Values are read by `scalars`; strategies, which need the file's folder, are read by `strategy_spec`.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from holdfast.config import scalars
from holdfast.config.tree import Scalar
from holdfast.domain.order_id import BOT_NAME
from holdfast.domain.timeframe import TIMEFRAMES, Timeframe

QUANTITY_DECIMALS_MAX = 9
CENTS = 2
RECONCILE_EVERY_S_MIN = 10
SPEED_DECIMALS_MAX = 6

BrokerName = Literal["sim", "paper", "live"]
Feed = Literal["iex", "sip"]
Hours = Literal["regular", "extended", "always"]
Direction = Literal["long", "both"]
OnRemove = Literal["keep", "close"]
OnExternalChange = Literal["adopt", "leave", "halt"]


def _quantity(node: object) -> Decimal:
    return scalars.positive_of(node, QUANTITY_DECIMALS_MAX)


def _cash(node: object) -> Decimal:
    return scalars.positive_of(node, CENTS)


def _speed(node: object) -> float | Literal["max"]:
    if isinstance(node, Scalar) and node.text == "max":
        return "max"
    try:
        return float(scalars.positive_of(node, SPEED_DECIMALS_MAX))
    except ValueError as error:
        raise ValueError(f"{error}; or write max, for as fast as the bot keeps up") from None


def _reconcile_every_s(node: object) -> float:
    seconds = scalars.number_of(node)
    if seconds < RECONCILE_EVERY_S_MIN:
        raise ValueError(f"must be at least {RECONCILE_EVERY_S_MIN} seconds, not {seconds}")
    return float(seconds)


def _bot(node: object) -> str:
    text = scalars.text_of(node)
    if not BOT_NAME.fullmatch(text):
        raise ValueError(f"must be 1 to 6 lower-case letters or digits, not {scalars.shown(text)}")
    return text


def _timeframe(node: object) -> Timeframe:
    return TIMEFRAMES[scalars.choice(TIMEFRAMES)(node)]


def _path(node: object) -> Path:
    text = scalars.text_of(node)
    if not text.isprintable():
        raise ValueError(f"is not a path: {scalars.shown(text)}")
    return Path(text)


def _items(node: object) -> object:
    if isinstance(node, dict):
        raise ValueError("must be a list: write one '- symbol: AAPL' per line")  # noqa: TRY004 - pydantic's way
    return node


Quantity = Annotated[Decimal, BeforeValidator(_quantity)]
Symbol = Annotated[str, BeforeValidator(scalars.symbol_of)]


class Section(BaseModel):
    """A mapping whose keys are all known; a section with nothing in it has all defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _only_a_mapping(cls, node: object) -> object:
        if isinstance(node, Scalar) and node.is_empty:
            return {}
        if not isinstance(node, dict):
            raise ValueError(f"needs keys below it, e.g. {cls._example()}")  # noqa: TRY004 - pydantic's way
        return node

    @classmethod
    def _example(cls) -> str:
        return f"'{next(iter(cls.model_fields))}: ...'"


class SimSection(Section):
    """The simulated Alpaca: join one by its `url`, or start one with the rest.

    `bars`: a folder of CSV files instead of the synthetic market. `speed`: simulated seconds per real second,
    or ``max``. `cash`: USD of a new account. `universe`: symbols that exist besides the configured ones. `hours`:
    which part of the time is lived through; None leaves it to the universe. `bad_day`: a seed of faults for every
    session.
    """

    url: Annotated[str, BeforeValidator(scalars.url_of)] | None = None
    bars: Annotated[Path, BeforeValidator(_path)] | None = None
    seed: Annotated[int, BeforeValidator(scalars.whole_of)] = 7
    speed: Annotated[float | Literal["max"], BeforeValidator(_speed)] = 390.0
    cash: Annotated[Decimal, BeforeValidator(_cash)] = Decimal(100_000)
    universe: Annotated[tuple[Symbol, ...], Field(strict=False)] = ()
    bad_day: Annotated[int, BeforeValidator(scalars.whole_of)] | None = None
    hours: Annotated[Hours, BeforeValidator(scalars.choice(get_args(Hours)))] | None = None


class PaperSection(Section):
    """Where paper trading goes; `url` is for trying it against a simulator on this machine."""

    url: Annotated[str, BeforeValidator(scalars.loopback_url_of)] | None = None


class DataSection(Section):
    """Which of Alpaca's price feeds is read."""

    feed: Annotated[Feed, BeforeValidator(scalars.choice(("iex", "sip")))] = "iex"


class SymbolSettings(Section):
    """What can be said once under `defaults` and again for a symbol. `strategy` is read by `strategy_spec`."""

    qty: Quantity | None = None
    timeframe: Annotated[Timeframe, BeforeValidator(_timeframe)] | None = None
    strategy: Any = None
    direction: Annotated[Direction, BeforeValidator(scalars.choice(("long", "both")))] | None = None
    on_remove: Annotated[OnRemove, BeforeValidator(scalars.choice(("keep", "close")))] | None = None
    on_external_change: (
        Annotated[OnExternalChange, BeforeValidator(scalars.choice(("adopt", "leave", "halt")))] | None
    ) = None


class SymbolSection(SymbolSettings):
    """One entry of the list of symbols."""

    symbol: Symbol

    @classmethod
    def _example(cls) -> str:
        return "'- symbol: AAPL'"


class ConfigFile(Section):
    """The whole file."""

    broker: Annotated[BrokerName, BeforeValidator(scalars.choice(("sim", "paper", "live")))] = "sim"
    bot: Annotated[str, BeforeValidator(_bot)] = "main"
    sim: SimSection = SimSection()
    paper: PaperSection = PaperSection()
    data: DataSection = DataSection()
    reconcile_every: Annotated[float, BeforeValidator(_reconcile_every_s)] = 300.0
    defaults: SymbolSettings = SymbolSettings()
    symbols: Annotated[tuple[SymbolSection, ...], Field(strict=False), BeforeValidator(_items)]
