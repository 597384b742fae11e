"""The two types that stand between a decision and the wire: approved by the risk gate, saved on disk."""

from dataclasses import dataclass

from holdfast.domain.order import Intent


@dataclass(frozen=True, slots=True)
class SavedIntent:
    """An approved intent that the send guard has just read back from the disk. Only this can be sent (I1)."""

    intent: Intent
