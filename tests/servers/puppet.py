"""A Puppet without a server: a folder with an environment, and the real compiler over it.

`Puppet.run` is the real command; `Puppet.compiled` the same compiler in a process that stays, for starting it takes
more than a second.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.servers import program

_COMPILER = Path(__file__).with_name("puppet_compiler.rb")


class Puppet:
    """See the module.

    :param root: an empty folder
    :param external_nodes: the classifier, with an absolute path; None: there is none
    """

    def __init__(self, root: Path, external_nodes: str | None = None) -> None:
        self._puppet = program("puppet", "puppet")
        self._ruby = program("ruby", "ruby")
        self.root = root
        self.conf = root / "puppet.conf"
        self.manifests = root / "environments" / "production" / "manifests"
        self.modules = root / "environments" / "production" / "modules"
        #: A folder for a manifest of each server.
        self.servers = self.manifests / "servers"
        for folder in (self.servers, self.modules, root / "environments" / "testenv" / "manifests"):
            folder.mkdir(parents=True)
        settings = {name: root / name for name in ("confdir", "codedir", "vardir", "rundir", "logdir", "ssldir")}
        lines = [f"{name} = {path}" for name, path in settings.items()]
        lines += [f"environmentpath = {root}/environments", "strict_variables = true"]
        if external_nodes is not None:
            lines += ["node_terminus = exec", f"external_nodes = {external_nodes}"]
        self.conf.write_text("\n".join(["[main]", *lines]) + "\n")
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()  # it reads to its end
            self._process.wait(20)

    def clear(self) -> None:
        """Forget whatever an operator and the driver have written."""
        for folder in (self.manifests, self.modules):
            shutil.rmtree(folder)
        for folder in (self.servers, self.modules):
            folder.mkdir(parents=True)

    # -- what an operator writes

    def site(self, text: str) -> None:
        """What stands beside the servers' manifests."""
        (self.manifests / "site.pp").write_text(text)

    def module(self, name: str, text: str, part: str = "init") -> None:
        """A class in a module."""
        folder = self.modules / name / "manifests"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{part}.pp").write_text(text)

    # -- what Puppet makes of it

    def run(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """The real command, as ``run("parser", "validate", path)``."""
        argv = [self._puppet, *map(str, words), "--config", str(self.conf), "--color", "false"]
        return subprocess.run(
            argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
        )

    def command(self, *words: str) -> str:
        """The same as a line for an option."""
        return " ".join([self._puppet, *words, "--config", str(self.conf)])

    def catalog(self, certname: str) -> Any:
        """The catalog that the real command compiles."""
        done = self.run("catalog", "compile", certname)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout[done.stdout.index("{") :])

    def compiled(self, certname: str) -> Mapping[str, Any]:
        """What the compiler makes of a node: its classes with their parameters, and what its scopes have.

        :raises LookupError: it does not compile; Puppet's own words
        """
        if self._process is None:
            argv = [self._ruby, str(_COMPILER), str(self.conf)]
            self._process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{certname}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the compiler has ended with {self._process.wait()}")
        answer: Mapping[str, Any] = json.loads(line)
        if "error" in answer:
            raise LookupError(answer["error"])
        return answer


def classes(names: Sequence[str], parameters: Sequence[str]) -> str:
    """Classes that take these parameters of whatever type, in Puppet's language."""
    listed = ", ".join(f"${one} = undef" for one in parameters)
    return "".join(f"class {name}({listed}) {{ }}\n" for name in names)
