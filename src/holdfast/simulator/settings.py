"""What a simulator is told when it starts, and where it then can be reached."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

from holdfast.simulator.splits import PlannedSplit

ACCOUNT_CASH_USD = Decimal(100_000)
MULTIPLIER = 4
PARTICIPATION = Decimal("0.25")
REQUEST_LIFETIME_S = 2
LISTING_LAG_S = 1
POSITION_LAG_S = 1


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """How the simulator runs.

    `speed` is the most simulated seconds in a real one; None is without a bound, and then the market waits for
    a client in lockstep. `lockstep` demands one from the start. `sessions` ends the market after so many of
    them, None goes on while there are prices. `port` 0 takes a free one. `key` and `secret` None accept any
    pair. `new_account` sets the data folder's account aside. `splits` are arranged at the start. `bad_day` is a
    seed: every session then has faults drawn from it, on `bad_day_symbols` or, if there are none, on all that is
    listed. `participation` is the part of a bar's volume that the account's orders may take, None without a bound;
    `multiplier` is a new account's buying power in times of its equity: 1, 2 or 4.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    speed: Decimal | None = Decimal(60)
    cash: Decimal = ACCOUNT_CASH_USD
    sessions: int | None = None
    lockstep: bool = False
    key: str | None = None
    secret: str | None = None
    new_account: bool = False
    bad_day: int | None = None
    bad_day_symbols: tuple[str, ...] = ()
    splits: tuple[PlannedSplit, ...] = ()
    participation: Decimal | None = PARTICIPATION
    multiplier: int = MULTIPLIER


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a running simulator can be reached."""

    url: str
    trading_stream: str
    data_stream: str
    crypto_stream: str

    def as_dict(self) -> dict[str, str]:
        """Return the line that `holdfast simulate` prints."""
        return asdict(self)


def endpoints_of(host: str, port: int) -> Endpoints:
    """Return the addresses of a simulator that listens on `host` and `port`."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    socket = f"ws://{place}"
    return Endpoints(f"http://{place}", f"{socket}/stream", f"{socket}/v2/iex", f"{socket}/v1beta3/crypto/us")
