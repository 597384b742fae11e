"""A slice of the fuzz, and readers with a planted fault that it finds."""

import json
import sys

import pytest
from loguru import logger

from campaigns.fuzz.campaign import TARGETS, fuzzed
from campaigns.fuzz.state_bytes import STATES, StateBytes
from campaigns.fuzz.targets import Target
from campaigns.slices import fresh_seed
from holdfast.adapters.checksum import checksum
from holdfast.adapters.state_codec import encode
from holdfast.domain.state import SymbolState

PER_SHARE = 150


@pytest.fixture(autouse=True)
def quiet() -> None:
    """Warnings about what could not be read are of no interest."""
    logger.remove()


@pytest.mark.parametrize("make", TARGETS, ids=lambda make: make.__name__)
def test_nothing_from_outside_does_harm(make: type[Target]) -> None:
    """A few hundred fresh inputs are refused or read right: no other exception, no hang, nothing silently wrong."""
    seed = fresh_seed()
    counted, found = fuzzed(make, seed, PER_SHARE)
    sys.stdout.write(f"{dict(counted)}\n")
    assert not found, f"HOLDFAST_SEED={seed}: {found[0]}"
    assert counted[make.name] == PER_SHARE * make.share


def test_every_single_bit_of_a_state_file_is_guarded() -> None:
    """Each flip of one bit in a state file is refused, or changes nothing that counts."""
    content = encode(STATES[1])
    reader = StateBytes()
    for bit in range(len(content) * 8):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        assert reader.read(bytes(damaged)) in (None, STATES[1])


class TrustsAnySum(StateBytes):
    """A reader that believes whatever it can parse."""

    def read(self, content: bytes) -> SymbolState | None:
        """Read what carries a wrong checksum as if it were right."""
        try:
            document = json.loads(content)
            right = json.dumps({**document, "checksum": checksum(document)}).encode()
        except (ValueError, TypeError, AttributeError, RecursionError):
            return super().read(content)
        return super().read(right)


class RaisesOnZeros(StateBytes):
    """A reader that cannot bear a zero byte."""

    def read(self, content: bytes) -> SymbolState | None:
        """Read, or raise what nobody expects."""
        if b"\0" in content:
            raise ValueError("a zero")
        return super().read(content)


@pytest.mark.parametrize(("make", "finding"), [(TrustsAnySum, "never saved"), (RaisesOnZeros, "ValueError")])
def test_a_planted_fault_is_found(make: type[StateBytes], finding: str) -> None:
    """A reader that is wrong, or raises something else than its one error, is told with its input."""
    _counted, found = fuzzed(make, 1, 200)
    assert any(finding in one and "input: b" in one for one in found)
