"""Which campaigns there are and where each lives; they are imported only when they are wanted."""

import importlib
from collections.abc import Mapping

from campaigns.frame import Campaign

NAMES = ("days", "kills", "power", "machine", "fuzz", "isolation", "planted")
CAMPAIGNS: Mapping[str, str] = {name: f"campaigns.{name}.campaign:CAMPAIGN" for name in NAMES}


def load(target: str) -> Campaign:
    """Import `module:ATTRIBUTE`."""
    module, _, attribute = target.partition(":")
    campaign: Campaign = getattr(importlib.import_module(module), attribute)
    return campaign
