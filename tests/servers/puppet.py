"""A Puppet without a server: a folder with an environment, and the real compiler over it.

`Puppet.run` is the real command, which takes a second to start. `LoadedPuppet` has loaded it, and each command is a
fork of that; `Puppet.compiled` is the same compiler in a process that stays, and tells what no catalog has.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.servers import program
from tests.servers.server import wait_until

_COMPILER = Path(__file__).with_name("puppet_compiler.rb")
_LOADED = Path(__file__).with_name("puppet_loaded.rb")
_COMMAND = Path(__file__).with_name("puppet_command.py")


class Puppet:
    """See the module.

    :param root: an empty folder
    :param external_nodes: the classifier, with an absolute path; None: there is none
    :param loaded: whose forks its commands are; None: the installed command, started anew each time
    """

    def __init__(self, root: Path, external_nodes: str | None = None, loaded: LoadedPuppet | None = None) -> None:
        self._installed = [program("puppet", "puppet")]
        self._command = self._installed if loaded is None else loaded.command
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
        # without this machine's facts: to gather them takes as long as all the rest
        lines += ["facts_terminus = memory"]
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
        return self._run(self._command, words, environment)

    def run_installed(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """The same by the installed command, whatever `run` runs."""
        return self._run(self._installed, words, environment)

    def _run(
        self, command: Sequence[str], words: Sequence[str | Path], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        argv = [*command, *map(str, words), "--config", str(self.conf), "--color", "false"]
        return subprocess.run(
            argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
        )

    def command(self, *words: str) -> str:
        """The same as a line for an option."""
        return shlex.join([*self._command, *words, "--config", str(self.conf)])

    def catalog(self, certname: str) -> Any:
        """The catalog that the real command compiles."""
        return catalog_of(self.run("catalog", "compile", certname))

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


def catalog_of(done: subprocess.CompletedProcess[str]) -> Any:
    """What ``catalog compile`` has printed, which must have succeeded."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout[done.stdout.index("{") :])


class LoadedPuppet:
    """A process that has loaded Puppet, and does each command in a fork of itself; a context manager.

    Of what counts at the start of a process alone, the locale is ``C.UTF-8``.

    :param root: an empty folder
    """

    def __init__(self, root: Path) -> None:
        self._socket = root / "socket"
        warm = Puppet(root / "warm")
        warm.site("notify { 'warm': }\n")
        argv = [program("ruby", "ruby"), str(_LOADED), str(self._socket), str(warm.conf)]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()  # it waits for that
        self._process.wait(20)

    @property
    def command(self) -> Sequence[str]:
        """What stands for ``puppet``, once it is ready."""
        wait_until(lambda: self._process.poll() is not None or self._socket.exists(), "Puppet is not loaded")
        return [sys.executable, "-I", "-S", str(_COMMAND), str(self._socket)]


def classes(names: Sequence[str], parameters: Sequence[str]) -> str:
    """Classes that take these parameters of whatever type, in Puppet's language."""
    listed = ", ".join(f"${one} = undef" for one in parameters)
    return "".join(f"class {name}({listed}) {{ }}\n" for name in names)
