"""The reports of the reconciler: `.holdfast/reports/<UTC stamp>-reconcile.md`, a page for each run worth telling.

What a page says is made in `engine.findings`; here it is only kept, as durably as a state file, the newest fifty.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from loguru import logger

from holdfast.adapters.durable_file import replace_durably
from holdfast.adapters.runners import Runner
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.steps import Steps
from holdfast.engine.findings import Findings, markdown

KEPT = 50
_ENDING = "-reconcile.md"


class ReportFiles:
    """Pages in the private folder, owner only, written in the store's threads."""

    def __init__(self, folder: StateFolder, wall_clock: Callable[[], datetime], runner: Runner) -> None:
        self._folder = folder
        self._now = wall_clock
        self._runner = runner

    async def keep(self, findings: Findings) -> None:
        """Write one page; a failure is logged and harms nothing else."""
        try:
            await self._runner.run(_ENDING, self._keep(findings))
        except OSError as error:
            logger.warning("the report of the reconcile could not be written: {}", error.strerror)

    def _keep(self, findings: Findings) -> Steps[None]:
        now, disk = self._now().astimezone(UTC), self._folder.disk
        path = self._folder.reports / f"{now:%Y%m%dT%H%M%S%f}{_ENDING}"
        yield from replace_durably(disk, path, markdown(findings, now).encode())
        logger.debug("the report of the reconcile is {}", path)
        pages = [name for name in disk.names(path.parent) if name.endswith(_ENDING) and name != path.name]
        for name in pages[: -(KEPT - 1)]:
            with suppress(OSError):
                disk.unlink(path.parent / name)
            yield
