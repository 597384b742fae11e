"""`load_config`: from a path to a checked `Config`, or to one error that carries every problem."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

from holdfast.config.model import (
    BrokerName,
    ConfigFile,
    Direction,
    Feed,
    OnExternalChange,
    OnRemove,
    SimSection,
    SymbolSection,
)
from holdfast.config.problems import config_error
from holdfast.config.strategy_spec import StrategyReader, UserBuilder
from holdfast.config.symbol_checks import check_symbols
from holdfast.config.tree import NOWHERE, START, Fault, Faults, Mapping, Node, child, items_of, locate
from holdfast.config.validation import find_secrets, validate
from holdfast.config.yaml_source import SIZE_MAX, UnreadableError, decode, parse
from holdfast.domain.errors import UsageError
from holdfast.domain.timeframe import TIMEFRAMES, Timeframe
from holdfast.strategies.catalogue import CATALOGUE
from holdfast.strategies.spec import StrategySpec


@dataclass(frozen=True, slots=True)
class SymbolConfig:
    """One symbol with everything that config.yaml says about it, defaults applied; `line` is where it says so."""

    symbol: str
    quantity: Decimal
    timeframe: Timeframe
    strategy: StrategySpec
    direction: Direction
    on_remove: OnRemove
    on_external_change: OnExternalChange
    line: int


@dataclass(frozen=True, slots=True)
class Config:
    """A valid config.yaml. `path` is absolute; `digest` is the SHA-256 of its bytes, in hex."""

    path: Path
    digest: str
    broker: BrokerName
    bot: str
    sim: SimSection
    paper_url: str | None
    feed: Feed
    reconcile_every_s: float
    symbols: tuple[SymbolConfig, ...]

    @property
    def folder(self) -> Path:
        """The folder beside which paths, `.env` and the state folder are looked for."""
        return self.path.parent


def load_config(path: Path, build_user: UserBuilder | None = None) -> Config:
    """Read and check the file. `build_user` loads users' strategies; without it their code is not run.

    Raises:
        ConfigError: with all problems, each with its place.
    """
    raw = _read(path)
    text = raw[:SIZE_MAX].decode("utf-8-sig", errors="replace")
    faults = Faults()
    root = _tree(path, text, raw, faults)
    find_secrets(root, faults)
    check_symbols(root, faults)
    model = validate(root, faults)
    absolute = path.absolute()
    reader = StrategyReader(absolute.parent, faults, build_user)
    specs = _strategies(root, reader)
    if model is not None:
        _check_bars(root, model, absolute.parent, faults)
    if model is None or faults.found:
        raise config_error(str(path), text, faults.in_order())
    return _resolved(model, absolute, raw, root, specs)


def refuse_unbuilt(config: Config) -> None:
    """Stop a start that asks for what this version cannot do.

    Raises:
        UsageError: with every such wish at once: `broker: live`, a timeframe other than 1Min, `on_remove: close`.
    """
    found = []
    if config.broker == "live":
        found.append(
            f"{config.path}: broker: live is not enabled in this version; "
            "write 'broker: paper' (play money at Alpaca) or 'broker: sim' (no keys needed)"
        )
    for symbol in config.symbols:
        place = f"{config.path}:{symbol.line}: {symbol.symbol}"
        asked = {
            ("timeframe", symbol.timeframe.name, "1Min"),
            ("on_remove", symbol.on_remove, "keep"),
        }
        found += [
            f"{place}: {key}: {value} is not enabled in this version; write {built}"
            for key, value, built in sorted(asked)
            if value != built
        ]
    if found:
        raise UsageError("\n".join(found))


def _read(path: Path) -> bytes:
    """Return the file's bytes, at most one more than are allowed."""
    try:
        with path.open("rb") as file:
            return file.read(SIZE_MAX + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fault = Fault(NOWHERE, f"cannot be read: {reason}; name another file with --config FILE")
        raise config_error(str(path), "", [fault]) from None


def _tree(path: Path, text: str, raw: bytes, faults: Faults) -> Mapping:
    """Return the file's top mapping; whatever prevents that ends the load here."""
    try:
        root = parse(decode(raw), faults)
        if isinstance(root, Mapping):
            return root
        mark, message = START, "the file must hold keys, e.g. 'broker: sim' and a list of symbols"
    except UnreadableError as unreadable:
        mark, message = unreadable.mark, unreadable.message
    faults.add(mark, message)
    raise config_error(str(path), text, faults.in_order())


def _strategies(root: Mapping, reader: StrategyReader) -> list[StrategySpec | None]:
    """Return one spec per symbol; None where it could not be read. Defaults are read even when no one uses them."""
    default = child(child(root, "defaults"), "strategy")
    build_default: Callable[[], StrategySpec | None] = _built_in
    if default is not None:
        build_default = partial(reader.read, default, "defaults.strategy")
        if build_default() is None:
            build_default = _nothing
    return [_strategy_of(item, index, reader, build_default) for index, item in enumerate(_items(root))]


def _strategy_of(
    item: Node, index: int, reader: StrategyReader, build_default: Callable[[], StrategySpec | None]
) -> StrategySpec | None:
    """Return the spec of one entry; a default is built anew, so that no two symbols share a user's object."""
    own = child(item, "strategy")
    return build_default() if own is None else reader.read(own, f"symbols[{index}].strategy")


def _items(root: Mapping) -> list[Node]:
    return list(items_of(child(root, "symbols")))


def _nothing() -> None:
    """Stand in for a default that is wrong: its faults are recorded once."""


def _built_in() -> StrategySpec:
    """Return the strategy of a file that names none."""
    name = "sma_cross"
    return StrategySpec(name, (("fast", 10), ("slow", 30)), strategy=CATALOGUE[name](fast=10, slow=30))


def _check_bars(root: Mapping, model: ConfigFile, folder: Path, faults: Faults) -> None:
    """Add a fault when the simulator would look for its bars in a folder that is not there."""
    bars = model.sim.bars
    if model.broker != "sim" or model.sim.url or bars is None or (folder / bars).is_dir():
        return
    mark = locate(root, ["sim", "bars"], at_key=False)
    faults.add(mark, f"there is no folder {folder / bars}", "sim.bars")


def _resolved(model: ConfigFile, path: Path, raw: bytes, root: Mapping, specs: list[StrategySpec | None]) -> Config:
    """Return the config with defaults applied and paths absolute."""
    lines = [item.mark.line for item in _items(root)]
    bars = path.parent / model.sim.bars if model.sim.bars else None
    return Config(
        path=path,
        digest=hashlib.sha256(raw).hexdigest(),
        broker=model.broker,
        bot=model.bot,
        sim=model.sim.model_copy(update={"bars": bars}),
        paper_url=model.paper.url,
        feed=model.data.feed,
        reconcile_every_s=model.reconcile_every,
        symbols=tuple(
            _symbol(model, section, spec, line)
            for section, spec, line in zip(model.symbols, specs, lines, strict=True)
            if spec is not None
        ),
    )


def _symbol(model: ConfigFile, own: SymbolSection, spec: StrategySpec, line: int) -> SymbolConfig:
    """Return one symbol: what it says itself, else what the defaults say, else what is built in."""
    shared = model.defaults
    quantity = own.qty or shared.qty
    if quantity is None:
        raise AssertionError("check_symbols lets no symbol pass without a quantity")
    return SymbolConfig(
        symbol=own.symbol,
        quantity=quantity,
        timeframe=own.timeframe or shared.timeframe or TIMEFRAMES["1Min"],
        strategy=spec,
        direction=own.direction or shared.direction or "long",
        on_remove=own.on_remove or shared.on_remove or "keep",
        on_external_change=own.on_external_change or shared.on_external_change or "adopt",
        line=line,
    )
