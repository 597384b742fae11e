"""The table of planted bugs: each with its world, the check that must catch it, and its budget of seeds."""

from dataclasses import dataclass
from typing import Any

from campaigns.days.bots import Parts
from campaigns.days.machine import NoLock
from campaigns.days.plants import BelievesOneRead, RetriesUnderFreshId, SavesAfterSubmit
from campaigns.kills.plants import ActsBeforeReconcile
from campaigns.planted import hands, memory, orders, truth
from campaigns.planted.lesson import LESSON
from campaigns.planted.worlds import FLOOD, STORM, Bug, DaysWorld, PowerWorld, ScenarioWorld, World
from campaigns.power.plants import PLANTS as POWER
from planted import plants as desk
from planted import scenarios

MEMORY = r"I8|an acknowledged save|not a whole version"


@dataclass(frozen=True)
class Plant:
    """One bug. `check` must match what is violated within `budget` seeds of its world, which are clean without it."""

    name: str
    sentence: str
    bug: Any
    world: World
    check: str
    budget: int = 800


@dataclass(frozen=True)
class Equivalent:
    """A change that is no bug here, and why; it is judged anew with every run."""

    plant: Plant
    reason: str


def days(*on: str, **how: Any) -> DaysWorld:  # noqa: ANN401 - the fields of a world
    """Name a world of the days campaign by the faults that are on."""
    return DaysWorld(frozenset(on), **how)


def storm(*on: str, **how: Any) -> DaysWorld:  # noqa: ANN401 - the fields of a world
    """Name one in which they strike nearly always."""
    return DaysWorld(frozenset(on), intensity=STORM, **how)


def worker(one: type) -> Bug:
    """A bug of the worker."""
    return Bug(Parts(worker=one))


def reconciling(with_: object, **more: object) -> Bug:
    """A bug of the comparison, at the start and while running."""
    names = ("holdfast.engine.keeper:reconcile", "holdfast.engine.reconciler:reconcile")
    return Bug(changes={**dict.fromkeys(names, with_), **more})


def sorting(with_: object, **more: object) -> Bug:
    """A bug of how a snapshot is read."""
    names = ("holdfast.engine.reconciler:sort_snapshot", "holdfast.engine.supervisor:sort_snapshot")
    return Bug(changes={**dict.fromkeys(names, with_), **more})


QUIET = days()
NO_POSITION_INTENT = Bug(changes={"campaigns.days.wire:_position_intent": hands.no_intent})
MUTE = Bug(changes={"campaigns.days.day:Hub": hands.MuteOrders})
WIPED = Bug(changes={"campaigns.days.day:Gremlin": hands.WipesEverything, "campaigns.days.day:Hand": hands.SetsUpAnew})
KILLED = Bug(changes={"campaigns.days.day:Hand": hands.SetsUpAnew})
JUMPING = Bug(changes={"campaigns.days.day:Hand": hands.JumpingClock})
LOST = days("lost", "late", "gateway", "outage")
TWICE = r"I2|I4"
AFTERWARDS = r"I2|I3|I4|I7|I8"

LEAPS = DaysWorld(frozenset({"clock", "late"}), is_slow=True, intensity=FLOOD, good=JUMPING)

ORDERS = (
    Plant("save after submit", "The order is sent first and written down afterwards.",
          worker(SavesAfterSubmit), QUIET, r"I1", 5),
    Plant("fresh id on retry", "What was not answered is sent again under an id that was never used.",
          worker(RetriesUnderFreshId), LOST, TWICE),
    Plant("re-send", "What was not answered is sent again under its own id.",
          worker(desk.Resends), LOST, r"I1"),
    Plant("404 is dead", "The first look-up that finds nothing proves an order absent.",
          worker(desk.DeadAt404), storm("late", is_slow=True), TWICE),
    Plant("give up after five polls", "The fifth look-up that finds nothing proves an order absent.",
          worker(orders.GivesUp), storm("late", is_slow=True), TWICE),
    Plant("timeout is rejection", "An answer that does not come is a no.",
          worker(desk.TimeoutIsRejection), storm("late", "lost", is_slow=True), AFTERWARDS),
    Plant("5xx is rejection", "A 502, 503 or 504 is a no.",
          Bug(Parts(worker=orders.ServerErrorIsRejection, broker=orders.KeepsErrors)),
          storm("gateway", is_slow=True, good=MUTE), AFTERWARDS),
    Plant("duplicate is rejection", "An id that is taken already is a refusal like any other.",
          desk.Plant(broker=desk.DuplicateIsRejection), ScenarioWorld(scenarios.an_id_that_is_taken), r"not so", 1),
    Plant("believe a late refusal", "A refusal is believed without a look-up.",
          worker(desk.BelievesRefusals), days("untrue", intensity=FLOOD, good=MUTE), AFTERWARDS),
    Plant("sequence in memory only", "Orders are named by a counter that begins anew with every process.",
          worker(orders.CountsInMemory), days("crash", "term"), r"I1|I4|I7"),
    Plant("add event quantities", "The cumulative quantity of an update is taken for the fill itself.",
          worker(desk.AddsEventQuantities), days("partial", "updates"), r"I7"),
    Plant("partial is full", "Any fill is taken for the whole order.",
          worker(desk.PartialIsFull), days("partial"), r"I7"),
    Plant("cancel is done", "A request for a cancel is taken for the cancel.",
          desk.Plant(worker=desk.CancelIsDone), ScenarioWorld(scenarios.a_fill_in_spite_of_a_cancel), r"not so", 1),
    Plant("two saves to settle", "An order's end is saved first, its shares in the next save.",
          worker(desk.TwoSavesToSettle), days("crash", policy="leave"), r"I2|I7|I8"),
)  # fmt: skip
MEMORY_PLANTS = (
    Plant("no fsync", "Files are never synced.",
          Bug(changes={"campaigns.days.day:MachineDisk": memory.NoSync}), days("crash", "power"), r"I1", 5),
    Plant("no folder fsync", "Folders are never synced.",
          Bug(changes={"campaigns.days.day:MachineDisk": memory.NoFolderSync}), days("crash", "power"), r"I1", 5),
    Plant("write in place", "The state file is overwritten, and not replaced.",
          POWER["write in place"], PowerWorld(), MEMORY),
    Plant("fsync after the rename", "The new file has its name before its content is safe.",
          POWER["fsync after the rename"], PowerWorld(), MEMORY),
    Plant("the old version is moved, not linked", "Between two renames there is no file.",
          POWER["the old version is moved, not linked"], PowerWorld(), MEMORY),
    Plant("answer before the last step", "A save is acknowledged before it is durable.",
          POWER["answer before the last step"], PowerWorld(), MEMORY),
    Plant("journal before the file", "The journal tells of a version before it is there.",
          POWER["journal before the file"], PowerWorld(), MEMORY),
    Plant("corrupt is flat", "A damaged file is taken for that of a symbol without a position.",
          Bug(Parts(store=memory.CorruptIsFlat)), storm("files", "crash", policy="leave", good=KILLED), AFTERWARDS),
    Plant("forget the wire", "After a lost file it is traded at once, whatever may still arrive.",
          worker(desk.ForgetsTheWire), storm("files", "late", "crash", is_slow=True, good=WIPED), TWICE),
    Plant("no lock", "Two processes may work in one state folder.",
          Bug(Parts(lock=NoLock)), days("second"), r"I\d"),
    Plant("wall-clock windows", "The windows of a proof of absence are counted on the wall clock.",
          Bug(Parts(clock=memory.WallClockWindows)), LEAPS, TWICE + "|liveness"),
)  # fmt: skip
TRUTH = (
    Plant("ignore open orders", "A start takes positions and forgets the orders that work.",
          sorting(truth.without_orders, **{"holdfast.engine.start:Reconciler": truth.DropsOpenOrders}),
          days("crash", "partial", "frozen"), AFTERWARDS),
    Plant("act before reconcile", "A start believes its files.",
          Bug(changes={"holdfast.engine.start:Reconciler": ActsBeforeReconcile}),
          storm("crash", "files", good=WIPED), AFTERWARDS),
    Plant("correct from one position read", "A single position read moves the file.",
          worker(BelievesOneRead), days("positions_lag", "clock", is_slow=True, intensity=FLOOD, good=JUMPING),
          AFTERWARDS),
    Plant("act on an empty answer", "An empty list of positions is believed at once.",
          reconciling(truth.empty_is_true, **{"holdfast.domain.reconcile:_is_still_there": truth.never}),
          storm("empty", policy="leave"), AFTERWARDS),
    Plant("ignore foreign trades", "What others do in the account is not booked.",
          reconciling(truth.without_others), days("hand_trade"), r"I3|I8"),
    Plant("first page only", "Of every list the first page is read.",
          Bug(Parts(broker=truth.FirstPageOnly)), storm("files", "crash", policy="leave", good=WIPED), AFTERWARDS),
    Plant("one bad row sinks the list", "One row that cannot be read makes the whole answer unreadable.",
          Bug(Parts(broker=truth.SinksTheList)), days(good=Bug(Parts(broker=hands.StrangeRow))), r"I8|liveness", 3),
    Plant("sell the whole account position", "An exit sells all that the account holds.",
          worker(desk.SellsTheWholeAccount), days("hand_trade", policy="leave"), r"I3"),
    Plant("exit without asking first", "Before an exit the broker is not asked what is held.",
          Bug(changes={"holdfast.engine.worker:uncovered": truth.never}),
          storm("hand_trade", "transfer", "updates", good=NO_POSITION_INTENT), r"I3"),
    Plant("no ledger mark", "Orders that were booked and dropped are booked again.",
          Bug(changes={"holdfast.domain.reconcile:news_of_ours": truth.all_orders}), QUIET, AFTERWARDS),
    Plant("others after ours", "What others did is booked after our own orders, and not in its time.",
          Bug(changes={"holdfast.domain.reconcile:replayed": truth.others_last}),
          storm("split", "nights", "hand_trade", "files", "crash", policy="leave", may_short=True, good=WIPED),
          AFTERWARDS),
    Plant("short against unmanaged shares", "A short sale may sell what the bot does not manage.",
          Bug(changes=dict.fromkeys(
              ("holdfast.domain.risk:_against_unmanaged", "holdfast.engine.worker:uncovered"), truth.never)),
          days("hand_trade", "shorts", policy="leave", may_short=True), r"I3|I8"),
)  # fmt: skip
LESSONS = (
    Plant("the lesson's own bot", "Saves after the order, knows positions only, any error means flat, plain writes.",
          LESSON, days("crash", "lost", "late"), r"I[1-8]", 3),
)  # fmt: skip

PLANTS = (*ORDERS, *MEMORY_PLANTS, *TRUTH, *LESSONS)
EQUIVALENT = (
    Equivalent(
        Plant("cancel is done, in the days", "A request for a cancel is taken for the cancel.",
              worker(desk.CancelIsDone), storm("stuck", "partial", "frozen"), r".", 4),
        "the next update of the order says what it filled, and the broker's word replaces what was concluded",
    ),
    Equivalent(
        Plant("exit without asking, told to the broker", "An exit says that it closes, and asks nothing first.",
              Bug(changes={"holdfast.engine.worker:uncovered": truth.never}), days("hand_trade", "transfer"), r".", 4),
        "the broker refuses a sale that says it closes and would not",
    ),
    Equivalent(
        Plant("write in place, in the days", "The state file is overwritten, and not replaced.",
              Bug(Parts(store=POWER["write in place"].store)), days("crash", "power"), r".", 4),
        "what a cut leaves half written is rebuilt from journal and broker: the modelled disk sees it at once",
    ),
    Equivalent(
        Plant("5xx reported as a refusal", "The adapter takes a 5xx for a refusal.",
              Bug(Parts(broker=orders.RefusesServerErrors)), days("gateway"), r".", 4),
        "the worker believes no refusal before the listing lag is over, and a 5xx never comes before its order",
    ),
    Equivalent(
        Plant("duplicate reported as a refusal", "The adapter takes a duplicate for a refusal.",
              Bug(Parts(broker=orders.RefusesDuplicates)), days("files", "crash"), r".", 4),
        "the look-up after a refusal finds the order that has the id",
    ),
)  # fmt: skip
