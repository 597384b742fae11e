"""`power`: power cuts at every step of a save, modelled in full and, where the machine lets us, real ones."""

from collections import Counter
from collections.abc import Mapping

from loguru import logger

from campaigns.frame import Manner, Outcome
from campaigns.power.cuts import run_cuts
from campaigns.power.filesystem import kinds
from campaigns.power.model import BEGINNINGS, Parts, run_model

# A real cut costs as much as some hundred modelled states.
REAL_EVERY = 4
LEAST = 100
CALLS = ("make_folder", "create", "write", "sync", "link", "rename", "unlink", "append", "sync_folder")


class Power:
    """One seed is one scenario of saves, cut after every call in every way; each fourth cuts a real disk as well."""

    name = "power"
    what = "whatever a power cut leaves of a save, a start finds the old version or the new one, and loses no answer"
    unit = "crash states"
    manner = Manner(count=2500)

    @property
    def obligations(self) -> Mapping[str, int]:
        """Every call cut and failed, every beginning, every kind of end, and every file system of this machine."""
        names = [f"{what} {call}" for call in CALLS for what in ("cut after", "fails at")]
        names += [f"begins with {beginning}" for beginning in BEGINNINGS]
        names += ["finds old", "finds new", "finds none", *(f"cut on {kind}" for kind in kinds())]
        return dict.fromkeys(names, LEAST)

    def run_one(self, seed: int) -> Outcome:
        """Run one scenario; what the store says of failing disks is no news here."""
        logger.disable("holdfast")
        try:
            return self._run(seed)
        finally:
            logger.enable("holdfast")

    def _run(self, seed: int) -> Outcome:
        wrong, met, states = run_model(seed, Parts())
        coverage = Counter(met)
        here = kinds()
        if here and seed % REAL_EVERY == 0:
            real_wrong, real_met = run_cuts(seed, here[seed // REAL_EVERY % len(here)])
            wrong += real_wrong
            coverage += real_met
            states += sum(number for name, number in real_met.items() if name.startswith("cut on"))
        return Outcome(seed, tuple(wrong), dict(coverage), units=states)


CAMPAIGN = Power()
