"""The campaigns that prove the promise: `python tests/campaigns/run.py [NAME] [--seed S] [--count N] ...`.

Without a name: which campaigns there are, and what is recorded for the code as it is. The same command again goes on
where the last one ended. Exit code 1: a violation, or an obligation that had to be met and was not.
"""

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    # A script's own folder comes first on the path; the tests' packages live one above it.
    sys.path[0] = str(Path(__file__).parent.parent)
    sys.exit(importlib.import_module("campaigns.command").main())
