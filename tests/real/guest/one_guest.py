"""A guest that boots with Debian's unmodified cloud-init, in namespaces of its own; what came of it, as JSON.

It runs as the first process of its own namespaces (`unshare --mount --net --pid --uts --fork`), with
``product_name=OpenStack Nova`` in its environment, by which cloud-init knows where it is. The root is this machine's,
with everything that is written kept in memory. The cloud is in this process: an unmodified Nova's metadata service
behind our filter, on 169.254.169.254, and our filters in front of an API that makes servers in memory.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

from glance_related.guest.script import program
from tests.filters import guest_side
from tests.filters.former_target import answer, running
from tests.filters.guest_of_nova import AuthToken, of_nova
from tests.filters.guest_side import GuestSide
from tests.filters.menu_side import PORT
from tests.filters.serving import serving
from tests.unit.guest.machine import RECORDER

ADDRESS = "169.254.169.254"
STAGES = (["init", "--local"], ["init"], ["modules", "--mode=config"], ["modules", "--mode=final"])
#: So much of /dev as programs need, and no disk.
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
CLOUD_CFG = """\
datasource_list: [OpenStack]
datasource: {OpenStack: {max_wait: 10, timeout: 10, retries: 1}}
network: {config: disabled}
growpart: {mode: 'off'}
resize_rootfs: false
preserve_hostname: true
manage_etc_hosts: false
ssh_deletekeys: false
locale: C.UTF-8
"""
HOOK = """#!/bin/sh
. "$GLANCE_RELATED_VARIABLES_SH"
echo "generation $GLANCE_RELATED_GENERATION: port $port, motto $motto" >>/var/log/hook
"""
WEB = {"name": "web", "kind": "package", "realisations": {"guest": {"*": "apache2"}}}
LOGS = {"name": "logs", "kind": "package", "on_by_default": True, "realisations": {"guest": {"*": "rsyslog"}}}
MOTTO = {"name": "motto", "kind": "variable", "type": "text", "default": "it's $(touch /pwned)", "on_by_default": True}


class Root:
    """The guest's file system.

    :param folder: an empty one, in which everything is
    :param debs: Debian's packages of cloud-init
    """

    def __init__(self, folder: Path, debs: Path) -> None:
        self.path = folder / "root"
        memory = folder / "memory"
        for path in (self.path, memory):
            path.mkdir()
        do("mount", "--make-rprivate", "/")
        do("mount", "-t", "tmpfs", "tmpfs", memory)
        for name in ("upper", "work"):
            (memory / name).mkdir()
        layers = f"lowerdir=/,upperdir={memory}/upper,workdir={memory}/work"
        do("mount", "-t", "overlay", "overlay", "-o", layers, self.path)
        for name in ("tmp", "run", "dev", "var/log"):
            do("mount", "-t", "tmpfs", "tmpfs", self.path / name)
        do("mount", "-t", "proc", "proc", self.path / "proc")
        do("mount", "-t", "sysfs", "sysfs", self.path / "sys")
        for name in DEVICES:
            (self.path / "dev" / name).touch()
            do("mount", "--bind", f"/dev/{name}", self.path / "dev" / name)
        for deb in sorted(debs.glob("*.deb")):
            text = 'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink'
            do("sh", "-ec", text, "sh", deb, self.path)

    def prepare(self) -> None:
        """A package manager that only writes down, a hook, and where cloud-init looks."""
        recorder = self.path / "recorder"
        for name in ("there", "broken", "needs"):
            (recorder / name).mkdir(parents=True)
        text = RECORDER.replace('cd "$RECORDER"', "cd /recorder")
        for name in ("apt-get", "dpkg-query"):
            self.write(f"usr/bin/{name}", text, 0o755)
        self.write("etc/cloud/cloud.cfg.d/99-test.cfg", CLOUD_CFG)
        self.write("etc/glance-related/packages.d/10-note", HOOK, 0o755)
        (self.path / "etc/cron.d").mkdir(exist_ok=True)

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def read(self, name: str) -> str | None:
        path = self.path / name
        return path.read_text() if path.exists() else None

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program in it."""
        env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
        argv = ["chroot", self.path, *words]
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=120)

    def seen(self) -> dict[str, Any]:
        """What there is to see in it."""
        there = self.path / "recorder/there"
        calls = (self.read("recorder/calls") or "").splitlines()
        self.write("recorder/calls", "")
        sh = self.path / "etc/glance-related/variables.sh"
        return {
            "packages": sorted(path.name for path in there.iterdir()),
            "calls": [call for call in calls if call.startswith("apt-get")],
            "variables": json.loads(self.read("etc/glance-related/variables.json") or "null"),
            "mode": oct(sh.stat().st_mode & 0o777) if sh.exists() else None,
            "hook": self.read("var/log/hook"),
            "program": (self.path / "usr/local/sbin/glance-related-guest").exists(),
            "cron": self.read("etc/cron.d/glance-related-guest"),
            "pwned": (self.path / "pwned").exists(),
            "user's file": self.read("users-file"),
            "former's file": self.read("formers-file"),
        }


def do(*words: Any) -> None:
    """A command, which must succeed."""
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def boot(root: Root) -> list[Any]:
    """All four stages; for each its exit code, and what it said where it failed."""
    found = []
    for stage in STAGES:
        done = root.run("cloud-init", *stage)
        found.append([done.returncode, done.stdout + done.stderr if done.returncode else ""])
    return found


def story(side: GuestSide, root: Root, server: str) -> dict[str, Any]:
    """What becomes of a server from its first boot on."""
    told: dict[str, Any] = {"stages": boot(root), "booted": root.seen(), "first": side.delivery(server)}
    told["status"] = root.run("cloud-init", "status", "--long").stdout
    told["log"] = root.read("var/log/cloud-init-output.log") or ""
    told["state"] = root.read("var/lib/glance-related/state.json") or ""
    if not told["booted"]["program"]:
        # as where the image has brought it
        root.write("usr/local/bin/brought.py", program().decode())
        told["install"] = root.run("python3", "/usr/local/bin/brought.py", "install").returncode
        told["installed"], told["second"] = root.seen(), side.delivery(server)
        return told
    side.menu.ask("PUT", f"/servers/{server}/packages/port", {"value": 8081})
    told["changed, not pulled"] = side.delivery(server)
    told["pull"] = root.run("glance-related-guest", "pull").returncode
    told["pulled"], told["second"] = root.seen(), side.delivery(server)
    side.menu.ask("PUT", f"/servers/{server}/packages/web", {"on": False})
    told["pull again"] = root.run("glance-related-guest", "pull").returncode
    told["removed"], told["third"] = root.seen(), side.delivery(server)
    told["pull in vain"] = root.run("glance-related-guest", "pull").returncode
    told["at last"] = root.seen()
    return told


def main(folder: Path, debs: Path, scenario: dict[str, Any]) -> dict[str, Any]:
    do("ip", "link", "set", "lo", "up")
    do("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    with running() as former:
        former.answers = lambda handler: answer(handler, scenario.get("former", []))
        side = guest_side.make(folder, f"[guest]\nformer_vendordata_url = {former.url}\n")
        side.menu.publish(WEB, LOGS, PORT, MOTTO)
        side.menu.offer("web")
        root = Root(folder, debs)
        root.prepare()
        for name in scenario.get("broken", []):
            (root.path / "recorder/broken" / name).touch()
        return _booted(side, root, folder, scenario)


def _booted(side: GuestSide, root: Root, folder: Path, scenario: dict[str, Any]) -> dict[str, Any]:
    server = side.menu.booted(packages=["web"])
    user_data = scenario.get("user_data")
    encoded = None if user_data is None else base64.b64encode(user_data.encode()).decode()
    refused: Any = lambda _, start_response: start_response("401 Unauthorized", []) and []  # noqa: E731
    with serving(refused if scenario.get("unheard") else AuthToken(side.app.app)) as api:
        metadata = of_nova(side, folder, api, lambda _: encoded)

        def neutron(environ: Any, start_response: Any) -> Any:
            """Neutron's proxy: it says who asks, and lets none of the guest's own headers through."""
            own = {name: value for name, value in environ.items() if not name.startswith("HTTP_")}
            own |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in side.guest(server).items()}
            return metadata(own, start_response)

        with serving(neutron, ADDRESS, 80):
            return story(side, root, server)


if __name__ == "__main__":
    assert os.getpid() == 1, "this wants namespaces of its own"
    warnings.simplefilter("ignore")
    logging.disable()
    work = Path(sys.argv[1])
    result = main(work, Path(sys.argv[2]), json.loads(sys.argv[3]))
    (work / "result.json").write_text(json.dumps(result))
