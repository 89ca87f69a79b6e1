"""What can be measured of a page: what things are called, where one is, what can be read, and how wide it is."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

#: What people act on; a person who does not see it must be told what it is.
_ACTED_ON = {
    "textbox",
    "searchbox",
    "checkbox",
    "combobox",
    "button",
    "link",
    "radio",
    "spinbutton",
    "DisclosureTriangle",
}

# The colours that are seen: each text against what is painted below it, however many layers that are.
_CONTRASTS = """
const parse = (text) => {
  const parts = text.match(/[\\d.]+/g).map(Number);
  return parts.length > 3 ? parts : [...parts, 1];
};
const over = (top, below) => {
  const mix = (index) => top[index] * top[3] + below[index] * (1 - top[3]);
  return [mix(0), mix(1), mix(2), 1];
};
const light = (colour) => {
  const [r, g, b] = colour.slice(0, 3).map((c) => {
    const part = c / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ratio = (one, other) => {
  const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
};
const ground = (element) => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    layers.push(colour);
    if (colour[3] === 1) break;
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return layers.reverse().reduce((below, top) => over(top, below), dark ? [18, 18, 18, 1] : [255, 255, 255, 1]);
};
const found = [];
const note = (what, text, colour, behind, least) => {
  const made = ratio(over(parse(colour), behind), behind);
  if (made < least) found.push(`${what} ${JSON.stringify(text.trim().slice(0, 40))}: ${made.toFixed(2)} < ${least}`);
};
const seen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let number = 0;
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !seen(element)) continue;
  const style = getComputedStyle(element);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
  number += 1;
  note("text", walker.currentNode.data, style.color, ground(element), isLarge ? 3 : 4.5);
}
for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
  if (!seen(field)) continue;
  number += 1;
  const style = getComputedStyle(field);
  if (field.placeholder) {
    note("placeholder", field.placeholder, getComputedStyle(field, "::placeholder").color, ground(field), 4.5);
  }
  if (field.value) note("value", field.value, style.color, ground(field), 4.5);
  if (!field.matches(":disabled") && !["checkbox", "radio"].includes(field.type)) {
    note("edge", field.name, style.borderTopColor, ground(field.parentElement), 3);
  }
}
return [number, found];
"""

_WRONG_REFERENCES = """
const wrong = [];
const ids = Array.from(document.querySelectorAll("[id]")).map((element) => element.id);
for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) wrong.push("twice: " + id);
for (const name of ["for", "aria-describedby", "aria-labelledby"]) {
  for (const element of document.querySelectorAll(`[${name}]`)) {
    for (const id of element.getAttribute(name).split(/\\s+/)) {
      if (!document.getElementById(id)) wrong.push(`${name}: ${id}`);
    }
  }
}
for (const link of document.querySelectorAll("a[href^='#']")) {
  if (!document.getElementById(decodeURIComponent(link.hash.slice(1)))) wrong.push("link: " + link.hash);
}
return wrong;
"""

_SIDEWAYS = """
const width = document.documentElement.clientWidth;
const wide = Array.from(document.body.querySelectorAll("*")).filter((element) => {
  const box = element.getBoundingClientRect();
  return element.checkVisibility() && box.width > 1 && box.right > width + 1;
});
return [document.documentElement.scrollWidth - width, wide.map((one) => one.outerHTML.slice(0, 120))];
"""


def nodes(driver: Any) -> list[tuple[str, str]]:
    """What the page is to somebody who does not see it: roles and names, in order."""
    tree = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    return [
        (str(node["role"]["value"]), str(node.get("name", {}).get("value", "")).strip())
        for node in tree
        if not node.get("ignored") and "role" in node
    ]


def faults(driver: Any) -> list[str]:
    """Everything that is wrong with a page for people who hear it, who see badly, or who have no mouse."""
    found = nodes(driver)
    roles = [role for role, _ in found]
    wrong = [f"a {role} without a name" for role, name in found if role in _ACTED_ON and not name]
    wrong += [f"{roles.count(role)} of {role}" for role in ("main", "banner") if roles.count(role) != 1]
    wrong += [f"{name} twice" for name in _twice([name for role, name in found if role in ("navigation", "region")])]
    levels = driver.execute_script(
        "return Array.from(document.querySelectorAll('h1,h2,h3,h4')).map((one) => Number(one.tagName[1]))"
    )
    if levels.count(1) != 1 or any(after - before > 1 for before, after in pairwise(levels)):
        wrong.append(f"headings of levels {levels}")
    if not driver.title or driver.find_element("tag name", "html").get_attribute("lang") != "en":
        wrong.append("no title, or no language")
    number, pale = driver.execute_script(_CONTRASTS)
    assert number > 3, "nothing was measured"
    return [*wrong, *pale, *driver.execute_script(_WRONG_REFERENCES)]


def _twice(names: list[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}


def sideways(driver: Any) -> list[str]:
    """What makes a page wider than its screen."""
    over, wide = driver.execute_script(_SIDEWAYS)
    return [f"{over} pixels", *wide] if over > 0 else []


def has_visible_focus(driver: Any) -> bool:
    """Whether it is seen where the keyboard is."""
    script = "const style = getComputedStyle(document.activeElement); return [style.outlineStyle, style.outlineWidth];"
    style, width = driver.execute_script(script)
    return style != "none" and float(width.removesuffix("px")) >= 2
