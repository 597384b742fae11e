"""(a) State files: any bytes are refused, or they are exactly a state that was once saved."""

import json
from random import Random

from builders import a_record, a_state
from campaigns.fuzz.mutators import changed_json, mangled
from campaigns.fuzz.targets import must
from holdfast.adapters.checksum import checksum
from holdfast.adapters.state_codec import UnreadableStateError, decode, encode
from holdfast.domain.order import Role, Side
from holdfast.domain.state import Status, SymbolState

STATES = [
    SymbolState("AAPL"),
    a_state(10, a_record(), a_record("new", minute=1), price="187.12", unmanaged="0.5"),
    a_state(0, a_record("refused", reason="wash trade é"), status=Status.IN_DOUBT, status_reason="waits", rearm=1),
    a_state(
        3, *(a_record(minute=n, side=Side.SELL, role=Role.EXIT) for n in range(5)), status=Status.HALTED, sequence=9
    ),
]


class StateBytes:
    """Damaged and forged state files."""

    name = "state file"
    share = 3

    def __init__(self) -> None:
        self.tried: object = None
        self._files = [encode(state) for state in STATES]

    def attempt(self, dice: Random) -> str:
        """Damage a file, or forge one with a right checksum."""
        is_forged = dice.randrange(3) == 0
        number = dice.randrange(len(STATES))
        content = self._forged(number, dice) if is_forged else mangled(self._files[number], dice, self._files)
        self.tried = content
        state = self.read(content)
        if state is None:
            return "refused"
        if is_forged:
            must(decode(encode(state), "AAPL") == state, "a forged file is read as a state that cannot be kept")
            return "forged and read"
        must(state in STATES, "a damaged file is read as a state that was never saved")
        return "read"

    def read(self, content: bytes) -> SymbolState | None:
        """Return the state in a file; None where it is refused."""
        try:
            return decode(content, "AAPL")
        except UnreadableStateError:
            return None

    def _forged(self, number: int, dice: Random) -> bytes:
        document = json.loads(self._files[number])
        changed = changed_json({key: value for key, value in document.items() if key != "checksum"}, dice)
        try:
            parsed = json.loads(changed)
            return json.dumps({**parsed, "checksum": checksum(parsed)}).encode()
        except (ValueError, TypeError, RecursionError, AttributeError):
            return changed

    def close(self) -> None:
        """Nothing is open."""
