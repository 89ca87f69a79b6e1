"""What the page asks of the HTTP API, and what it makes of the answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glance_related.package_menu.page.api import Api, LoggedOut, Refused

SERVER = "11111111-2222-3333-4444-555555555555"


class Host:
    """Answers what it is told to, one after the other; the last again and again."""

    def __init__(self, *answers: tuple[int, dict[str, str], Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, str, Any]] = []

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read()
        sent = json.loads(body) if body else None
        self.asked.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"], sent))
        status, headers, document = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        start_response(f"{status} x", list({"Content-Type": "application/json", **headers}.items()))
        return [body]


def api(*answers: tuple[int, dict[str, str], Any]) -> tuple[Api, Host]:
    host = Host(*answers)
    return Api(host, {}, "/v2.1", "t"), host


def menu(tag: str, *names: str, marker: str = "") -> tuple[int, dict[str, str], Any]:
    links = {"project_packages_links": [{"rel": "next", "href": f"/x?limit=2&marker={marker}"}]} if marker else {}
    return 200, {"ETag": f'"{tag}"'}, {"project_packages": [{"name": name} for name in names], **links}


def test_a_long_list_is_read_to_its_end() -> None:
    asking, host = api(menu("1", "a", "b", marker="b"), menu("1", "c"))
    tag, entries = asking.project_menu("p")
    assert (tag, [one["name"] for one in entries]) == ("1", ["a", "b", "c"])
    assert [query for _, _, query, _ in host.asked] == ["", "marker=b"]


def test_a_list_that_changes_while_it_is_read_is_read_again() -> None:
    asking, _ = api(menu("1", "a", marker="a"), menu("2", "b"), menu("2", "a", marker="a"), menu("2", "b"))
    assert asking.project_menu("p") == ("2", [{"name": "a"}, {"name": "b"}])


def test_a_list_without_an_end_is_given_up() -> None:
    asking, host = api(menu("1", "a", marker="a"))
    with pytest.raises(Refused, match="changes faster"):
        asking.project_menu("p")
    assert len(host.asked) == 150


def test_a_token_that_has_ended_is_told_apart() -> None:
    asking, _ = api((401, {"WWW-Authenticate": "Keystone uri=x"}, {}))
    with pytest.raises(LoggedOut) as caught:
        asking.server(SERVER)
    assert caught.value.challenge == "Keystone uri=x"


@pytest.mark.parametrize(
    ("status", "document", "text"),
    [
        (403, {"forbidden": {"code": 403, "message": "It is locked."}}, "It is locked."),
        (404, {"itemNotFound": {"message": "No such server."}}, "No such server."),
        (404, b"<html>", "There is nothing here."),
        (413, {"message": "<br>too large", "code": "413"}, "This is more than Nova takes in one request; change less"),
        (500, b"<html>", "Nova has not answered as it should"),
        (503, b"", "Nova does not answer, or not now"),
        (400, {"badRequest": "text"}, "Nova has not answered as it should"),
        (302, b"", "Nova has not answered as it should"),
        (403, {"message": "of another filter"}, "of another filter"),
    ],
)
def test_a_refusal_is_told_in_the_hosts_words_or_in_ours(status: int, document: Any, text: str) -> None:
    asking, _ = api((status, {}, document))
    with pytest.raises(Refused) as caught:
        asking.server(SERVER)
    assert caught.value.text.startswith(text)
    assert caught.value.status == status


def test_what_is_wrong_with_single_entries_is_told_by_name() -> None:
    problems = [
        {"name": "a", "code": "x", "message": "one"},
        {"name": "b", "code": "x", "message": "two"},
        {"name": "a", "code": "x", "message": "three"},
    ]
    fault = {
        "code": 400,
        "message": "m",
        "glance_related_code": "package_menu.refused",
        "glance_related_problems": problems,
    }
    asking, _ = api((400, {}, {"badRequest": fault}))
    with pytest.raises(Refused) as caught:
        asking.replace(SERVER, {}, "1")
    assert caught.value.code == "package_menu.refused"
    assert caught.value.faults == {"a": "one; three", "b": "two"}


def test_whether_somebody_may_change_something_is_asked_with_a_change_that_is_never_made() -> None:
    for status, may in ((403, False), (412, True), (503, True), (404, True)):
        asking, host = api((status, {}, {"forbidden": {"message": "No."}}))
        assert asking.why_not_change_server(SERVER) == (None if may else "No.")
        assert asking.why_not_change_project("p") == (None if may else "No.")
        assert {method for method, _, _, _ in host.asked} == {"PUT"}


def test_a_search_for_a_name_is_no_regular_expression() -> None:
    asking, host = api((200, {}, {"servers": []}))
    asking.servers("a.b*[c](d)\\$^|?+{}", "")
    _, path, query, _ = host.asked[0]
    assert path == "/servers/detail"
    assert "name=a%5C.b%5C%2A%5C%5Bc%5C%5D%5C%28d%5C%29%5C%5C%5C%24%5C%5E%5C%7C%5C%3F%5C%2B%5C%7B%5C%7D" in query


def test_a_text_is_sent_as_short_as_it_can_be() -> None:
    asking, host = api((200, {}, {}))
    asking.replace(SERVER, {"package_variables": {"x": "ü"}}, "7")
    assert host.asked == [("PUT", f"/servers/{SERVER}/packages", "", {"package_variables": {"x": "ü"}})]
