"""Programs that come from Debian's packages: looked for, and installed where we may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cloud import Trouble
from cloud.processes import last_line, run
from cloud.progress import Progress

#: What stands beside Nova, and what Nova calls: program or file, and the package that brings it; a file may be
#: named by a pattern.
COMPUTE = {
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server": "rabbitmq-server",
    "epmd": "rabbitmq-server",
    "genisoimage": "genisoimage",
    "qemu-img": "qemu-utils",
}

# Asked by every package before it starts a server of its own; 101 is no.
_POLICY = Path("/usr/sbin/policy-rc.d")


def need(programs: Mapping[str, str], progress: Progress, log: Path) -> None:
    """All of these programs are there, or their packages are installed now; else one sentence."""
    missing = sorted({package for program, package in programs.items() if not _there(program)})
    if not missing:
        return
    if not may_install():
        raise Trouble(f"a cloud with Nova needs more of Debian: apt-get install {' '.join(missing)}")
    with progress.step(f"installing {', '.join(missing)} (none of them is started by Debian)"):
        install(missing, log)


def may_install() -> bool:
    """As root, or where sudo asks for no password."""
    return shutil.which("apt-get") is not None and _as_root() is not None


def install(packages: Sequence[str], log: Path) -> None:
    """apt-get install, without a server of Debian's being started; a failure becomes one sentence."""
    before = _as_root() or []
    quiet = _forbid_starting(before)
    try:
        _apt(before, ["update", "-qq"], log)
        wait = ["-o", "DPkg::Lock::Timeout=300"]
        _apt(before, ["install", "-y", "-qq", "--no-install-recommends", *wait, *packages], log)
    finally:
        if quiet:
            subprocess.run([*before, "rm", "-f", str(_POLICY)], check=False)


def _there(program: str) -> bool:
    if program.startswith("/"):
        return any(Path("/").glob(program[1:]))
    places = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin:/usr/bin:/bin"
    return shutil.which(program, path=places) is not None


def _as_root() -> list[str] | None:
    """The words in front of a command that make it root's; None where there are none."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def _forbid_starting(before: Sequence[str]) -> bool:
    """True where it was we who said no, and have to take it back."""
    if _POLICY.exists():
        return False
    script = f"printf '#!/bin/sh\\nexit 101\\n' >{_POLICY} && chmod +x {_POLICY}"
    return subprocess.run([*before, "sh", "-c", script], check=False).returncode == 0


def _apt(before: Sequence[str], words: Sequence[str], log: Path) -> None:
    noninteractive = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    if run([*before, *noninteractive, *words], env=dict(os.environ), log=log) != 0:
        raise Trouble(f"apt-get {words[0]} failed: {last_line(log)} (all of it: {log})")
