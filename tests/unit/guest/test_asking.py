"""The program inside a guest asks the metadata service, reports, and stays."""

from __future__ import annotations

import json
import stat
import subprocess
import time

import pytest

from glance_related.guest.script import program
from tests.unit.guest.machine import SERVER, Machine, MetadataService, settings, with_service

# -- asking and telling


def test_a_guest_asks_has_it_and_reports_in_one_piece(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"}, {"port": 80}, generation=7)
    with_service(machine, service).run("pull")
    assert machine.there() == {"apache2"}
    assert service.reports == [
        {
            "part": "package_menu", "server": SERVER, "generation": 7, "ok": True, "packages": {"web": "apache2"},
            "message": "",
        }
    ]  # fmt: skip
    machine.calls()
    machine.run("pull")
    asked = "/openstack/glance-related/v1/settings"
    assert service.asked == [asked, f"{asked}?have={SERVER}-7"]
    assert machine.calls() == []
    assert len(service.reports) == 1
    service.document = settings({}, generation=8)
    machine.run("pull")
    assert machine.there() == set()
    assert service.reports[-1]["generation"] == 8


def test_a_report_that_did_not_arrive_is_made_good_the_next_time(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    service.to_reports = [503]
    assert with_service(machine, service).run("pull", check=False).returncode == 1
    assert service.reports == []
    machine.run("pull")
    assert len(service.reports) == 1
    machine.run("pull")
    assert len(service.reports) == 1


def test_a_report_that_was_cut_off_is_sent_again(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    service.to_reports = [400, 503]
    with_service(machine, service).run("--patience", "10", "pull")
    assert len(service.reports) == 1


def test_a_service_that_fails_for_a_while_is_asked_again(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    service.to_settings = [503, 500]
    with_service(machine, service).run("--patience", "10", "pull")
    assert len(service.asked) == 3
    assert machine.there() == {"apache2"}


NO_ANSWERS = {
    "cut off": b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"version',
    "cut off in its headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "without a status": b"HTTP/1.1\r\n\r\n",
    "with a status that is none": b"HTTP/1.1 fine\r\n\r\n",
    "not of HTTP": b"\x00\x01 garbage\r\n\r\n",
    "nothing": b"",
    "a page": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
    "a list": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    "no UTF-8": b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"\xff"',
    "nested without end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"[" * 100_000,
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("how", NO_ANSWERS)
def test_what_is_no_answer_is_asked_again(machine: Machine, service: MetadataService, how: str) -> None:
    service.document = settings({"web": "apache2"})
    service.to_settings = [NO_ANSWERS[how]]
    # of an answer to a report only the status counts
    service.to_reports = [] if b" 200 " in NO_ANSWERS[how] else [NO_ANSWERS[how]]
    done = with_service(machine, service).run("--patience", "10", "pull")
    assert "Traceback" not in done.stderr
    assert len(service.asked) == 2
    assert len(service.reports) == 1
    assert machine.there() == {"apache2"}


@pytest.mark.parametrize("how", NO_ANSWERS)
def test_where_no_answer_comes_at_all_that_is_said_in_a_line(
    machine: Machine, service: MetadataService, how: str
) -> None:
    service.document = settings({"web": "apache2"})
    service.to_settings = [NO_ANSWERS[how]]
    done = with_service(machine, service).run("pull", check=False)
    assert (done.returncode, done.stderr) == (1, "glance-related-guest: the metadata service answers nothing\n")
    assert machine.there() == set()


def test_what_failed_is_tried_again_whole(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    (machine.recorder / "broken" / "apache2").touch()
    assert with_service(machine, service).run("pull", check=False).returncode == 1
    assert service.reports[-1]["ok"] is False
    (machine.recorder / "broken" / "apache2").unlink()
    machine.run("pull")
    assert service.asked[-1] == "/openstack/glance-related/v1/settings"
    assert service.reports[-1]["ok"] is True


def test_told_that_it_reports_of_something_else_it_asks_for_all(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    service.to_reports = [409]
    with_service(machine, service).run("pull", check=False)
    machine.run("pull")
    assert service.asked == ["/openstack/glance-related/v1/settings"] * 2
    assert len(service.reports) == 1


def test_what_was_still_to_be_told_of_another_server_is_not_told_of_this_one(
    machine: Machine, service: MetadataService
) -> None:
    service.document = settings({"web": "apache2"})
    service.to_reports = [503]
    with_service(machine, service).run("pull", check=False)
    assert machine.state()["report"]["server"] == SERVER
    # a snapshot's disk, in a server for which only another system has something
    service.server = "0123456789ab"
    service.document = {**settings({}, server=service.server), "parts": {}}
    machine.run("pull")
    assert service.reports == []
    assert "report" not in machine.state()
    assert machine.there() == {"apache2"}, "nothing is said of it"
    machine.run("pull")
    assert service.asked[-1].endswith("/settings"), "what the other server had is not what this one has"


def test_what_is_refused_for_another_servers_is_not_told_again(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    file = machine.folder / "brought.json"
    file.write_text(json.dumps(settings({"log": "rsyslog"}, server="0123456789ab")))
    assert with_service(machine, service).run("apply", str(file), check=False).returncode == 1
    assert service.reports == []
    assert "report" not in machine.state()
    machine.run("pull")
    assert [report["packages"] for report in service.reports] == [{"web": "apache2"}]
    assert machine.there() == {"apache2"}


def test_where_the_cloud_has_nothing_all_stays_as_it_is(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    with_service(machine, service).run("pull")
    service.to_settings = [404]
    machine.run("pull")
    assert machine.there() == {"apache2"}


def test_a_cloud_without_an_answer_is_no_reason_to_do_anything(machine: Machine) -> None:
    assert machine.run("pull", check=False).returncode == 1
    assert machine.calls() == []


def test_however_much_failed_the_report_fits(machine: Machine, service: MetadataService) -> None:
    many = {f"package-of-a-long-name-{number}": f"package-of-a-long-name-{number}" for number in range(100)}
    service.document = settings(many)
    for name in list(many)[:50]:
        (machine.recorder / "broken" / name).touch()
    with_service(machine, service).run("pull", check=False)
    (report,) = service.reports
    assert len(json.dumps(report, separators=(",", ":"))) <= 1024
    assert (report["ok"], report["packages"]) == (False, None)
    assert "Unable to locate" in report["message"]
    service.document = settings({"é" * 40: "é" * 100, "web": "\x1b[2J"}, generation=2)
    machine.run("pull", check=False)
    assert len(service.reports) == 2


def test_a_file_names_the_service_where_the_environment_does_not(machine: Machine, service: MetadataService) -> None:
    service.document = settings({})
    del machine.environment["GLANCE_RELATED_METADATA_URL"]
    machine.etc("guest.json").parent.mkdir(parents=True)
    machine.etc("guest.json").write_text(json.dumps({"metadata_url": service.url + "/"}))
    machine.run("pull")
    assert service.asked


def test_it_goes_past_a_proxy(machine: Machine, service: MetadataService) -> None:
    service.document = settings({})
    with_service(machine, service).environment |= {
        "http_proxy": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
    }
    machine.run("pull")


def test_two_runs_are_never_at_it_at_once(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    apt = machine.folder / "bin" / "apt-get"
    recorder = apt.read_text()
    waiting = '#!/bin/sh\n: >"$RECORDER/busy"\nuntil [ -e "$RECORDER/go" ]; do sleep 0.05; done\n'
    apt.write_text(recorder.replace("#!/bin/sh\n", waiting, 1))
    with_service(machine, service)
    argv = [machine.python, str(machine.file), "--root", str(machine.root), "--patience", "0", "pull"]
    first = subprocess.Popen(argv, env=machine.environment, stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while not (machine.recorder / "busy").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    second = machine.run("pull")
    assert "another run is at it" in second.stderr
    (machine.recorder / "go").touch()
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert len(service.asked) == 1


def test_one_that_brings_something_waits_for_its_turn(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    with_service(machine, service)
    machine.hook("10-slow", '#!/bin/sh\n: >"$RECORDER/busy"; sleep 1\n')
    argv = [machine.python, str(machine.file), "--root", str(machine.root), "--patience", "0", "pull"]
    first = subprocess.Popen(argv, env=machine.environment, stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while not (machine.recorder / "busy").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    machine.apply(settings({"log": "rsyslog"}, generation=2))
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert machine.there() == {"rsyslog"}


# -- staying


def test_it_installs_itself_does_what_came_along_and_asks_now_and_then(
    machine: Machine, service: MetadataService
) -> None:
    file = machine.folder / "settings.json"
    file.write_text(json.dumps(settings({"web": "apache2"})))
    with_service(machine, service).run("install", str(file))
    installed = machine.root / "usr/local/sbin/glance-related-guest"
    assert installed.read_bytes() == program()
    assert stat.S_IMODE(installed.stat().st_mode) == 0o755
    assert machine.there() == {"apache2"}
    assert service.asked == []
    assert len(service.reports) == 1
    cron = (machine.root / "etc/cron.d/glance-related-guest").read_text()
    assert cron.startswith("*/15 * * * * root ")
    assert " /usr/local/sbin/glance-related-guest pull --jitter 225 " in cron
    service.document = {**settings({}, generation=2), "interval_seconds": 7200}
    argv = [machine.python, installed, "--root", machine.root, "--patience", "0", "pull"]
    subprocess.run(argv, env=machine.environment, check=True, capture_output=True)
    assert machine.there() == set()
    assert (machine.root / "etc/cron.d/glance-related-guest").read_text().startswith("0 */2 * * * root ")


def test_without_anything_that_came_along_it_asks_at_once(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    with_service(machine, service).run("install")
    assert machine.there() == {"apache2"}
    assert (machine.root / "etc/cron.d/glance-related-guest").exists()


def test_whatever_fails_it_asks_again_later(machine: Machine) -> None:
    (machine.recorder / "broken" / "apache2").touch()
    file = machine.folder / "settings.json"
    file.write_text(json.dumps(settings({"web": "apache2"})))
    assert machine.run("install", str(file), check=False).returncode == 1
    assert (machine.root / "etc/cron.d/glance-related-guest").exists()
    assert machine.state()["report"]["ok"] is False


def test_what_failed_of_what_came_along_is_reported(machine: Machine, service: MetadataService) -> None:
    (machine.recorder / "broken" / "apache2").touch()
    file = machine.folder / "settings.json"
    file.write_text(json.dumps(settings({"web": "apache2"})))
    assert with_service(machine, service).run("install", str(file), check=False).returncode == 1
    assert machine.run("apply", str(file), check=False).returncode == 1
    assert [report["ok"] for report in service.reports] == [False, False]


def test_systemds_timer_is_written_and_written_anew_where_the_interval_changes(
    machine: Machine, service: MetadataService
) -> None:
    (machine.root / "run/systemd/system").mkdir(parents=True)
    service.document = settings({})
    with_service(machine, service).run("install")
    units = machine.root / "etc/systemd/system"
    timer = (units / "glance-related-guest.timer").read_text()
    assert "OnUnitInactiveSec=900\nRandomizedDelaySec=225\n" in timer
    assert "glance-related-guest pull\n" in (units / "glance-related-guest.service").read_text()
    asked = ["daemon-reload", "enable glance-related-guest.timer", "restart glance-related-guest.timer"]
    assert machine.calls() == [f"systemctl {words}" for words in asked]
    machine.run("pull")
    assert machine.calls() == []
    service.document["interval_seconds"] = 60
    machine.run("pull")
    assert "OnUnitInactiveSec=60\nRandomizedDelaySec=15\n" in (units / "glance-related-guest.timer").read_text()
    assert len(machine.calls()) == 3
    assert not (machine.root / "etc/cron.d/glance-related-guest").exists()


def test_where_a_system_has_periodic_folders_it_stands_there(machine: Machine, service: MetadataService) -> None:
    (machine.root / "etc/periodic/15min").mkdir(parents=True)
    service.document = settings({})
    with_service(machine, service).run("install")
    file = machine.root / "etc/periodic/15min/glance-related-guest"
    assert stat.S_IMODE(file.stat().st_mode) == 0o755
    assert file.read_text().startswith("#!/bin/sh\nexec ")


@pytest.mark.parametrize("interval", [0, -5, 10**9, "x", None, True, 3.5])
def test_an_interval_that_is_none_does_no_harm(machine: Machine, service: MetadataService, interval: object) -> None:
    service.document = {**settings({}), "interval_seconds": interval}
    with_service(machine, service).run("pull")
    cron = (machine.root / "etc/cron.d/glance-related-guest").read_text()
    assert cron.startswith(("*/", "0 */"))
    assert len(cron.split(" root ")[0].split()) == 5


def test_a_broken_state_is_begun_anew(machine: Machine, service: MetadataService) -> None:
    service.document = settings({"web": "apache2"})
    state = machine.root / "var/lib/glance-related/state.json"
    state.parent.mkdir(parents=True)
    broken = '{"owned": 7, "have": 5, "report": %s, "scheduled": 3}'
    for text in ("", "[]", "{", *(broken % report for report in ("null", "7", "[1]", "{}", '{"message": 7}'))):
        state.write_text(text)
        with_service(machine, service).run("pull")
        assert machine.there() == {"apache2"}


def test_the_command_line_is_explained(machine: Machine) -> None:
    assert "apply" in machine.run("--help").stdout
    assert machine.run(check=False).returncode == 2
    assert machine.run("status").stdout == "{}\n"
    assert machine.run("nonsense", check=False).returncode == 2
