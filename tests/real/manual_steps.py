"""The lines under *Try it* in a system's manual, typed into a shell beside a running tools/serve."""

from __future__ import annotations

import importlib
import inspect
import re

from tests.project.source import PROJECT
from tests.real.serving import Serve

# What a person must be shown for each step, in this order; a step is a comment and the lines below it.
SHOWN = {
    "instance_aware": (
        ("The backup scheduler", r"queued|active"),
        ("One question", r"monday"),
        ("The same with curl", r'.*"images": \[\{.*"instance_id": "web-1".*'),
        ("Alice is a customer", r""),
        ("Nor may she say", r"refused"),
        ("The scheduler takes", r""),
        ("What the operator sees", r"uuid .*trusted_programs\n.*\n[0-9a-f-]{36} .*"),
    ),
    "props_override": (
        ("What may alice override", r"(hw_\w+\n?){5}"),
        ("One image, a server", r"ACTIVE\n(.*\n)*.*hw_video_model.*virtio(.*\n)*.*"),
        ("All that is wrong", r"refused"),
        ("The same with curl", r"\{.*json-schema.org.*"),
        ("She takes it away", r""),
    ),
    "package_menu": (
        ("The administrator publishes", r"(\w+ created\n?){15,}"),
        ("Alice boots a server", r"ACTIVE\n(.*\n)*apache True instance\n(.*\n)*apache_port 8080 instance\n(.*\n?)*"),
        ("The worker hands it over", r'file delivered\n *"apache_port": 8080,?'),
        ("She changes it", r"(.*\n)*apache_port 8081\n(.*\n?)*"),
        ("All that is wrong", r"refused"),
        ("The same with curl", r'\{"server_packages": .*"deliveries": \[\{.*"driver": "file".*'),
        ("She takes it away", r""),
    ),
}


def steps(system: str) -> list[tuple[str, str]]:
    """The steps of a manual: what each says, and its lines."""
    manual = inspect.getdoc(importlib.import_module(f"glance_related.{system}")) or ""
    (part,) = re.findall(r"(?ms)^Try it\n=+\n(.*?)^\S[^\n]*\n=+$", manual)
    typed = "\n".join(line[4:] for line in part.splitlines() if line.startswith("    "))
    found = re.findall(r"(?m)^# (.+)\n((?:(?!# ).*\n?)+)", typed)
    return [(says, lines) for says, lines in found]


def assert_shows_what_it_promises(serve: Serve, system: str, refusal: str) -> None:
    """Each step, as it is written.

    :param refusal: what stands on stderr, where a step is refused as it says
    """
    samples = serve.folder / "etc"  # "in the same folder" has them
    if not samples.exists():
        samples.symlink_to(PROJECT / "etc")
    told = steps(system)
    assert len(told) == len(SHOWN[system])
    assert all(says.startswith(begins) for (says, _), (begins, _) in zip(told, SHOWN[system], strict=True))
    marked = "".join(f"echo '== {number}'\n{lines}\n" for number, (_, lines) in enumerate(told))
    done = serve.run("/bin/sh", "-e", "-c", marked)
    assert done.returncode == 0, done.stderr
    shown = [part.strip() for part in re.split(r"(?m)^== \d+$", done.stdout)[1:]]
    for answer, (says, promised) in zip(shown, SHOWN[system], strict=True):
        assert re.fullmatch(promised, answer), f"{says}: {answer}"
    assert refusal in done.stderr, "the refusal was ours, not a mistake in the line"
