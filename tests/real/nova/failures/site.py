"""An API of Nova's and a Glance for these tests, beside those of the cloud and over the same databases.

This API asks this Glance. What nova-compute does with an image goes to a Glance that nobody kills: an upload that
breaks off is a loss of its own.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.environment import PROJECT
from cloud.nova_programs import Api
from cloud.paste import IN_GLANCE, IN_NOVA
from cloud.processes import stop_together
from tests.real.failures.site import FailingGlance
from tests.real.nova.failures.basis import WHO, Basis
from tests.real.nova.failures.told import ATTEMPT, order_file, tries_file
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from tests.real.wire import Answer

#: A worker of kind ``sync`` with one thread serves one request at a time, so that nobody dies with another; each is a
#: fork of the master, which has loaded the application, so that a new one is there at once.
GUNICORN = "--preload --worker-class sync"
WORKERS = 4

#: Seconds that Nova waits for Glance.
PATIENCE = 5

_PASTE = """
[filter:told]
paste.filter_factory = tests.real.nova.failures.told:outside
folder = {folder}
{more}
[filter:crash_outside]
paste.filter_factory = tests.real.failures.crash_filter:outside
journal = {folder}/crashes
[filter:crash_inside]
paste.filter_factory = tests.real.nova.failures.crash_points:inside_{side}
"""

_HEADER = ATTEMPT.removeprefix("HTTP_").replace("_", "-")


class FailingApi(Api):
    """An API of Nova's with words of these tests in its pipeline."""

    def environment(self, **more: str) -> dict[str, str]:
        made = super().environment(**more)
        made["PYTHONPATH"] = str(PROJECT)
        if "GUNICORN_CMD_ARGS" in made:
            made["GUNICORN_CMD_ARGS"] += f" {GUNICORN}"
        return made


class Side:
    """One of the two, in front of which a test can have things happen."""

    def __init__(self, server: FailingApi | FailingGlance, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def tell(self, name: str, *lines: str) -> None:
        """What happens to the tries of this name, one after the other; see `told`."""
        order_file(self.folder, name).write_text("\n".join(lines))

    def tries(self, name: str) -> list[tuple[int, str]]:
        """The tries of this name so far: who served each, and what happened to it."""
        file = tries_file(self.folder)
        noted = [line.split("\t", 2) for line in file.read_text().splitlines()] if file.exists() else []
        return [(int(pid), told) for pid, told, whose in noted if whose == name]

    def ended(self, pid: int, point: str) -> bool:
        """Whether this worker has ended itself at this point."""
        with suppress(FileNotFoundError):
            return f"{pid} {point}" in (self.folder / "crashes").read_text().splitlines()
        return False


class Site:
    """`nova` and `glance`, running; `stop` ends them.

    :param root: a folder of its own
    :param name: of this site alone
    :param ours: whether our filters stand in both
    :param workers: of each of the two
    :param nova_conf: our configuration in front of Nova, where it is not that of the basis
    :param glance_conf: our configuration in front of Glance, the same
    """

    def __init__(
        self,
        root: Path,
        name: str,
        basis: Basis,
        *,
        ours: bool = True,
        workers: int = WORKERS,
        nova_conf: Path | None = None,
        glance_conf: Path | None = None,
    ) -> None:
        self.root = root / name
        self.basis = basis
        self.cloud = cloud = basis.cloud
        glance = FailingGlance(
            cloud.root, f"{name}-glance", free_port(), cloud.venv, cloud.keystone,
            database=basis.glance.database, store=basis.store, pythonpath=[PROJECT],
            workers=workers, threads=1, suite_conf=glance_conf or basis.suite.conf,
            filters=" ".join(IN_GLANCE) if ours else "", **self._words("glance"),
        )  # fmt: skip
        glance.gunicorn_words = GUNICORN
        nova = FailingApi(
            cloud.nova, f"{name}-api", free_port(), workers=workers, threads=1,
            suite_conf=nova_conf or basis.suite.conf, filters=" ".join(IN_NOVA) if ours else "",
            conf_extra=f"[glance]\nendpoint_override = {glance.url}\ntimeout = {PATIENCE}", **self._words("nova"),
        )  # fmt: skip
        self.glance = Side(glance, self.root / "glance")
        self.nova = Side(nova, self.root / "nova")

    def start(self) -> None:
        for side in (self.glance, self.nova):
            side.server.write_config()
            side.server.start(wait=False)
        for side in (self.glance, self.nova):
            side.server.wait()

    def stop(self) -> None:
        stop_together(side.server.service for side in (self.nova, self.glance))

    def act(self, server_id: str, body: Any, *, attempt: str = "", who: str = WHO, **headers: str) -> Answer:
        """POST /servers/{id}/action; what is told for `attempt` happens to it in front of Nova."""
        return self.ask("POST", f"/servers/{server_id}/action", body, attempt=attempt, who=who, **headers)

    def ask(
        self, method: str, path: str, body: Any = None, *, attempt: str = "", who: str = WHO, **headers: str
    ) -> Answer:
        """Any request to this Nova; `path` as in /servers."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if attempt:
            sent[_HEADER] = attempt
        assert isinstance(self.nova.server, FailingApi)
        return self.cloud.compute_call(who, method, path, body, on=self.nova.server, headers=sent)

    def _words(self, side: str) -> dict[str, str]:
        folder = self.root / side
        folder.mkdir(parents=True)
        more = f"glance = {self.cloud.glance.url}\ncalm_glance = {self.basis.glance.url}" if side == "nova" else ""
        return {
            "before": "told crash_outside",
            "after": "crash_inside",
            "paste_extra": _PASTE.format(folder=folder, side=side, more=more),
        }
