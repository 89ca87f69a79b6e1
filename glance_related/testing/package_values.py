"""Values and names that the menu allows, and that a receiver of packages may stumble over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: What the types of the menu allow, by what is difficult about it.
VALUES: Mapping[str, Sequence[Any]] = {
    "strings": ["plain", "a=b=c", "x", " two  spaces ", "a, b; c | d & e", "/etc/../x", "-x", "--version", "100%"],
    "quotes": ["it's", '"double"', "`tick`", "'", "''", "'''", '"', "\"'\"'"],
    "backslashes": ["C:\\new\\table", "\\", "\\\\", "ends with \\", "\\'", '\\"', "\\n", "\\u0041", "\\x41"],
    "dollars": ["$HOME", "${x}", "$(id)", "$$", "#{1 + 1}", "<%= 1 %>", "<% exit %>", "%{x}", "{{ x }}", "@x", "$1"],
    "braces": [
        "}",
        "{",
        "] }",
        "} node default { ",
        "' } notify { 'x",
        "# comment",
        "/* x */",
        "//",
        "=>",
        ">",
        "<!--",
    ],
    "other types": [
        "true",
        "false",
        "null",
        "~",
        "yes",
        "no",
        "on",
        "1",
        "-1",
        "1.5",
        "1e3",
        "0x1F",
        "0o7",
        "1_000",
        ".5",
    ],
    "other words": [
        "undef",
        "2024-01-01",
        "12:30:45",
        "- a",
        "a: b",
        "!!str x",
        "&a",
        "*a",
        "[a]",
        "{a: b}",
        "|",
        ">-",
        "?",
    ],
    "directories": [
        "dn: cn=x",
        "cn=x,dc=y",
        "*)(cn=*",
        "x\\2c y",
        "instanceproject=other",
        ": x",
        "< file:///etc/passwd",
    ],
    "nothing": [""],
    "letters": ["grün", "żółw", "漢字", "ß", "\u00a0", "e\u0301", "\u200e\u202e", "\ufeffx", "\ufffd", "\ufffe\uffff"],
    "emoji": ["🐢", "👩‍👩‍👧", "a🐢b", "\U0010fffd"],
    "lines": ["one\ntwo", "\n", "\n\n x\n", "ends\n", "---\na: b\n...\n", "EOF\n", "'\n}\n"],
    "tabulators": ["\ttab", "a\tb"],
    "separators": ["a\u2028b\u2029c", "a \u2028 b"],
    "long": ["x" * 4096, "y z" * 21845],
    "integers": [0, 80, -5, 2**31, 2**63 - 1, -(2**63 - 1)],
    "numbers": [1.5, -0.25, 1e-07, 1e16, -1.5e300 / 1e285, 123456789.125, 0.1, 3],
    "booleans": [True, False],
    "lists": [[], ["a"], ["a, b", "c=d", "it's", '"', "\\", "$(id)", "", "true", "1", "]", "', 'x"]],
    "lists of letters": [["grün", "🐢", "\ufeff"]],
    "many": [[f"item {number}" for number in range(256)]],
}
#: Names that packages and variables may have on the menu.
PACKAGE_NAMES = [
    "a",
    "web",
    "apache::mod::ssl",
    "libstdc++6",
    "Upper",
    "9lives",
    "a.b-c",
    "_x",
    "trailing::",
    "p" * 255,
]
VARIABLE_NAMES = ["a", "port", "apache_port", "apache::port", "Upper", "fooBar", "9lives", "a.b-c", "_x", "v" * 255]
VARIABLE_NAMES += ["title", "name", "trusted", "facts", "environment", "if", "class", "run_list", "default", "true"]
