// What the page does besides when it may: it works without. Nothing is ever put into it but as text.
"use strict";

(function () {
  const menu = document.getElementById("menu");
  const filter = document.getElementById("filter");
  const rows = menu ? Array.from(menu.querySelectorAll(".e")) : [];

  // -- search while typing

  function live() {
    const count = document.getElementById("count");
    const said = count.textContent;
    const words = filter.elements.q;
    const category = filter.elements.category;
    const groups = Array.from(menu.querySelectorAll("details"));
    let texts = null;
    let opened = null; // which categories were open before the search

    function show() {
      texts = texts || rows.map((row) => row.querySelector(".n").textContent.toLocaleLowerCase());
      const sought = words.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
      const wanted = category.value;
      const seeks = sought.length > 0 || wanted !== "";
      if (seeks && opened === null) {
        opened = groups.map((group) => group.open);
      }
      let number = 0;
      const shown = new Set();
      rows.forEach((row, index) => {
        const group = row.parentElement;
        const fits = sought.every((word) => texts[index].includes(word)) &&
          (wanted === "" || group.querySelector("h2").textContent === wanted);
        row.hidden = !fits;
        if (fits) {
          number += 1;
          shown.add(group);
        }
      });
      groups.forEach((group, index) => {
        group.hidden = !shown.has(group);
        if (seeks) {
          group.open = true;
        } else if (opened !== null) {
          group.open = opened[index];
        }
      });
      if (!seeks) {
        opened = null;
      }
      count.textContent = seeks ? number + " of " + rows.length + (rows.length === 1 ? " entry" : " entries") : said;
    }

    let waiting = 0;
    words.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(show, 120);
    });
    // what the server was asked for already is not all that there is: then it is asked again
    if (category.value === "") {
      category.addEventListener("change", show);
    }
    // what a browser has filled in by itself, as after going back
    if (words.value && words.value !== words.defaultValue) {
      show();
    }
  }

  // -- what was changed and not saved

  function typing() {
    const dirty = document.getElementById("dirty");
    const state = (field) => (field.type === "checkbox" ? String(field.checked) : field.value);
    const fields = Array.from(menu.elements).filter((field) => /^[pver]\./.test(field.name));
    let isSent = false;

    function initial(field) {
      if (field.type === "checkbox") {
        return String(field.defaultChecked);
      }
      if (field.tagName === "SELECT") {
        const chosen = Array.from(field.options).find((option) => option.defaultSelected);
        return chosen ? chosen.value : field.options[0].value;
      }
      return field.defaultValue;
    }

    function count() {
      const number = fields.filter((field) => state(field) !== initial(field)).length;
      dirty.textContent = number ? number + (number === 1 ? " change" : " changes") + " not saved" : "";
      return number;
    }

    // the API says what is wrong with a value, at its field; only what is no number at all never gets there
    menu.noValidate = true;
    menu.addEventListener("input", count);
    menu.addEventListener("submit", (event) => {
      const bad = fields.find((field) => field.validity.badInput);
      if (bad) {
        event.preventDefault();
        tell(bad, "it must be a number");
        return;
      }
      isSent = true;
    });
    window.addEventListener("beforeunload", (event) => {
      if (!isSent && count() > 0) {
        event.preventDefault();
      }
    });
    window.addEventListener("pageshow", () => {
      isSent = false;
      count();
    });
  }

  function tell(field, text) {
    const name = field.name.slice(2);
    let fault = document.getElementById("x." + name);
    if (!fault) {
      fault = document.createElement("p");
      fault.className = "x";
      fault.id = "x." + name;
      field.after(fault);
      field.setAttribute("aria-describedby", field.getAttribute("aria-describedby") + " " + fault.id);
    }
    fault.textContent = text;
    field.setAttribute("aria-invalid", "true");
    open(field);
    field.focus();
  }

  // -- a link to a field leads there, also where its category is folded

  function open(element) {
    const group = element && element.closest("details");
    if (group) {
      group.open = true;
      group.hidden = false;
      element.closest(".e").hidden = false;
    }
  }

  function leading() {
    document.addEventListener("click", (event) => {
      const link = event.target.closest && event.target.closest('a[href^="#f."]');
      const field = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
      if (field) {
        event.preventDefault();
        open(field);
        field.focus();
      }
    });
  }

  // -- how far a change has come

  function following(panel) {
    const told = document.getElementById("live");
    const list = panel.querySelector("ul");
    let wait = 2000;
    let timer = 0;

    function show(one) {
      const line = Array.from(list.children).find((item) => item.querySelector("b").textContent === one.driver);
      if (!line) {
        return false;
      }
      const words = line.querySelector("span");
      const isNews = words.textContent !== one.words;
      line.className = one.state;
      words.textContent = one.words;
      const told = line.querySelectorAll("small");
      told[0].textContent = one.detail;
      told[1].textContent = one.at;
      line.querySelector("p").textContent = one.message;
      return isNews ? one.driver + ": " + one.words : "";
    }

    async function ask() {
      let moving = false;
      try {
        const answer = await fetch(panel.dataset.status, { credentials: "same-origin", redirect: "error" });
        if (answer.status === 401) {
          told.textContent = "Your session is over; log in again.";
          return;
        }
        if (!answer.ok) {
          throw new Error(answer.statusText);
        }
        const news = await answer.json();
        const said = news.deliveries.map(show).filter(Boolean);
        moving = news.deliveries.some((one) => one.is_moving);
        if (news.tag !== panel.dataset.tag) {
          told.textContent = "Somebody has changed these settings meanwhile; refresh to see them.";
        } else if (said.length > 0) {
          told.textContent = said.join("; ");
        }
        wait = said.length > 0 ? 2000 : Math.min(wait * 1.5, moving ? 15000 : 60000);
      } catch (error) {
        wait = Math.min(wait * 2, 60000);
      }
      timer = setTimeout(ask, wait);
    }

    if (list) {
      timer = setTimeout(ask, wait);
      document.addEventListener("visibilitychange", () => {
        clearTimeout(timer);
        if (!document.hidden) {
          wait = 2000;
          timer = setTimeout(ask, 500);
        }
      });
    }
  }

  if (menu && filter) {
    live();
  }
  if (menu && document.getElementById("dirty")) {
    typing();
  }
  leading();
  const panel = document.getElementById("delivery");
  if (panel) {
    following(panel);
  }
  const refused = document.getElementById("refused");
  if (refused) {
    refused.focus();
  }
})();
