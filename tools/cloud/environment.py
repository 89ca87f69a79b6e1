"""A venv with everything in it that a role needs, made once and then found again in a moment."""

from __future__ import annotations

import configparser
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cloud import Trouble, debian
from cloud.processes import last_line, run
from cloud.progress import Progress

PROJECT = Path(__file__).resolve().parents[2]

# What an OpenStack needs here besides the suite: the services, a server for them, the clients.
SERVICES = ("keystone", "glance", "gunicorn")
# What a cloud with Nova needs besides.
COMPUTE = ("nova", "openstack-placement", "PyMySQL")
CLIENTS = ("python-openstackclient",)
# What the tests drive and compare besides.
TESTED = ("pyuwsgi", "python-glanceclient", "openstacksdk")

# What decides how the suite is installed, and what of the project goes into it.
_METADATA = ("setup.cfg", "setup.py", "pyproject.toml")
_SHIPPED = (*_METADATA, "README.md", "LICENSE")


class Environment:
    """A venv at `path`; make() is cheap where nothing has changed."""

    def __init__(self, path: Path, logs: Path, progress: Progress, python: str = sys.executable) -> None:
        self.path = path.absolute()
        self.log = logs.absolute() / "install.log"
        self.progress = progress
        self.python = python
        self._stamp = self.path / "made.json"

    def make(self, packages: Sequence[str], extras: Sequence[str] = (), *, editable: bool = False) -> None:
        """The venv with `packages`, what the suite asks for (with `extras`), and the suite.

        `editable`: the suite is the working tree itself, else a copy of it as it is now.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.with_suffix(".lock").open("w") as lock:
            # Two who start at once would take the venv from under each other.
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._make(packages, extras, editable)

    def _make(self, packages: Sequence[str], extras: Sequence[str], editable: bool) -> None:
        interpreter = _interpreter(self.python)
        version = interpreter.split()[0]
        constraints = PROJECT / "tools" / f"constraints-{version}.txt"
        if not constraints.exists():
            raise Trouble(f"no versions are pinned for Python {version}: {constraints.name} is missing")
        wanted = [*packages, *_requirements(extras)]
        third_party = _digest([interpreter, *wanted], [constraints])
        suite = _digest([str(PROJECT) if editable else "copy"], _suite_files(editable))
        made = self.made()
        if made.get("third_party") != third_party:
            self._create(version)
            # setuptools builds the suite; with it here nothing is fetched for a build.
            self._install(
                f"installing {', '.join(packages)} and what they need",
                ["-c", str(constraints), "setuptools", *wanted],
                index=True,
            )
            made = {}
        if made != {"third_party": third_party, "suite": suite}:
            self._install_suite(editable)
            self._stamp.write_text(json.dumps({"third_party": third_party, "suite": suite}))

    def made(self) -> dict[str, str]:
        """What the venv holds: `third_party` and `suite` change whenever those packages do."""
        try:
            made: dict[str, str] = json.loads(self._stamp.read_text())
        except (OSError, ValueError):
            return {}
        return made

    def _create(self, version: str) -> None:
        """A new venv, with uv in it where that can be had."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.log.unlink(missing_ok=True)
        with self.progress.step(f"making an environment for Python {version} in {self.path}"):
            self._need_ensurepip(version)
            self._run([self.python, "-m", "venv", str(self.path)], "making a venv")
            # uv installs in seconds what takes pip most of a minute; without it pip does all the work.
            constraints = PROJECT / "tools" / f"constraints-{version}.txt"
            with contextlib.suppress(Trouble):
                self._run([*self._pip(), "-c", str(constraints), "uv"], "installing uv")

    def _need_ensurepip(self, version: str) -> None:
        """Debian keeps this part of Python's standard library in a package of its own."""
        check = [self.python, "-c", "import ensurepip, venv"]
        if subprocess.call(check, stderr=subprocess.DEVNULL) == 0:
            return
        package = f"python{version}-venv"
        if debian.may_install():
            self.progress.say(f"installing {package} (Debian's Python has no complete venv module)")
            debian.install([package], self.log)
        else:
            raise Trouble(f"Python's venv module is incomplete here: install the package {package} first")

    def _install(self, what: str, words: Sequence[str], *, index: bool = False) -> None:
        """With uv, and where that fails (a mirror or a certificate that it does not like) with pip."""
        uv = self.path / "bin" / "uv"
        if uv.exists():
            argv = [str(uv), "pip", "install", "--python", f"{self.path}/bin/python", *words]
            try:
                with self.progress.step(f"{what} (uv)"):
                    self._run([*argv, *self._mirror()] if index else argv, what)
                return
            except Trouble:
                pass
        with self.progress.step(f"{what} (pip)"):
            self._run([*self._pip(), *words], what)

    def _install_suite(self, editable: bool) -> None:
        if editable:
            self._install("installing the suite", ["--no-deps", "--no-build-isolation", "-e", str(PROJECT)])
            return
        # Built from a copy: setuptools leaves files beside the sources, and would ship what it left earlier.
        source = self.path / "suite"
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        for name in _SHIPPED:
            if (PROJECT / name).exists():
                shutil.copy(PROJECT / name, source)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / "glance_related", source / "glance_related", ignore=ignored)
        reinstall = "--reinstall" if (self.path / "bin" / "uv").exists() else "--force-reinstall"
        self._install("installing the suite", ["--no-deps", "--no-build-isolation", reinstall, str(source)])
        shutil.rmtree(source)

    def _pip(self) -> list[str]:
        return [f"{self.path}/bin/python", "-m", "pip", "install", "--no-compile", "--quiet"]

    def _run(self, argv: Sequence[str], what: str) -> None:
        if run(argv, env=self._installer_environment(), log=self.log, cwd=self.log.parent) != 0:
            raise Trouble(f"{what} failed: {last_line(self.log)} (all of it: {self.log})")

    def _installer_environment(self) -> dict[str, str]:
        """Ours (it may name proxies and mirrors) without what would lead an installer out of the venv."""
        lost = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "PIP_TARGET", "PIP_PREFIX")
        env = {name: value for name, value in os.environ.items() if name not in lost}
        env |= {
            "PIP_USER": "0",
            "PIP_NO_INPUT": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "DEBIAN_FRONTEND": "noninteractive",
            "PYTHONWARNINGS": "ignore",
        }
        if "PIP_CERT" in env:
            env.setdefault("SSL_CERT_FILE", env["PIP_CERT"])
        # uv brings its own list of authorities; a machine may have one more.
        if Path(ssl.get_default_verify_paths().cafile or "/nowhere").exists():
            env.setdefault("UV_SYSTEM_CERTS", "true")
        return env

    def _mirror(self) -> list[str]:
        """The index that pip is told to use instead of PyPI; uv does not read pip's configuration."""
        if "UV_DEFAULT_INDEX" in os.environ:
            return []
        argv = [f"{self.path}/bin/python", "-m", "pip", "config", "list"]
        told = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
        for line in told.splitlines():
            name, _, value = line.partition("=")
            if name.rpartition(".")[2] == "index-url":
                return ["--default-index", value.strip("'\"")]
        return []


def version_of(python: str) -> str:
    """Such as 3.11."""
    return _interpreter(python).split()[0]


def _interpreter(python: str) -> str:
    """Version and place: a venv belongs to one interpreter."""
    code = "import sys; print('%d.%d' % sys.version_info[:2], sys.version_info[2], sys.base_prefix)"
    try:
        return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Trouble(f"{python} is no Python that runs: {error}") from error


def _requirements(extras: Sequence[str]) -> list[str]:
    """What setup.cfg asks for."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(PROJECT / "setup.cfg")
    texts = [parser["options"]["install_requires"]]
    texts += [parser["options.extras_require"][extra] for extra in extras]
    return [line.strip() for text in texts for line in text.splitlines() if line.strip()]


def _suite_files(editable: bool) -> list[Path]:
    """The files that make an installed suite stale when they change."""
    files = [PROJECT / name for name in _METADATA]
    if not editable:
        package = sorted((PROJECT / "glance_related").rglob("*"))
        files += [path for path in package if "__pycache__" not in path.parts]
    return [path for path in files if path.is_file()]


def _digest(texts: Sequence[str], files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    for path in files:
        digest.update(f"{path.relative_to(PROJECT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
