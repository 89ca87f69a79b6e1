"""A `glance-related-worker`: hands over what must reach somebody else."""

from __future__ import annotations

from cloud.processes import Service, clean_environment
from cloud.suite import Suite


class Worker:
    """start(), stop(), kill9(); of one suite there may be several, each with a name of its own."""

    def __init__(self, suite: Suite, name: str = "worker") -> None:
        self.suite = suite
        self.name = name
        self.service = Service(name, suite.root / "run", suite.root / "log" / f"{name}.log")

    @property
    def pid(self) -> int | None:
        return self.service.pid

    def start(self) -> None:
        suite = self.suite
        more = {"PYTHONPATH": ":".join(suite.pythonpath)} if suite.pythonpath else {}
        program = f"{suite.venv}/bin/glance-related-worker"
        argv = [program, "--config-file", suite.conf, "--name", self.name, "--verbose"]
        self.service.spawn(argv, clean_environment(suite.venv, suite.root / "home", **more))

    def stop(self) -> None:
        self.service.stop(30)

    def kill9(self) -> None:
        self.service.kill9()
