"""The proof that a state file is whole. It stands alone, so that `status` can check it without a heavy import."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode


def checksum(document: Mapping[str, Any]) -> str:
    """Return ``crc32:xxxxxxxx`` over the canonical form of everything but the checksum itself."""
    rest = {key: value for key, value in document.items() if key != "checksum"}
    return f"crc32:{zlib.crc32(canonical(rest).encode()):08x}"
