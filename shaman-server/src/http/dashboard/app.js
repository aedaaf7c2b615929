// Which page is shown, what keeps it up to date, and who may do what.

import { address, ask, listen, token } from "./api.js";
import { checkout, checkouts, diff } from "./checkouts.js";
import { h, show, toast } from "./dom.js";
import { events } from "./events.js";
import { overview } from "./overview.js";
import { upkeep } from "./upkeep.js";

/** Events that are kept for who opens a page later. */
const KEPT = 300;

const main = document.getElementById("main");
const pulse = document.getElementById("pulse");
const who = document.getElementById("who");
const kept = [];
let open = null;
let listening = null;
/** What whoever looks at the page may do, as the server says. */
let may = [];

function page() {
  const timers = new Set();
  const soonTimers = new Map();
  let isOpen = true;
  const own = {
    main,
    events: () => kept,
    isOpen: () => isOpen,
    /** Calls this once, in a moment, however often it is asked for meanwhile. */
    soon(what, wait = 150) {
      if (soonTimers.has(what)) return;
      soonTimers.set(what, setTimeout(() => { soonTimers.delete(what); if (isOpen) own.run(what); }, wait));
    },
    /** Runs this; what the server refuses is told. */
    async run(what) {
      try {
        await what();
        connected(true);
      } catch (error) {
        failed(error, own);
      }
    },
    every(milliseconds, what) {
      timers.add(setInterval(() => { if (!document.hidden) own.run(what); }, milliseconds));
    },
    close() {
      isOpen = false;
      timers.forEach(clearInterval);
      soonTimers.forEach(clearTimeout);
    },
    version(status) {
      document.getElementById("version").textContent = `shaman-server ${status.version}`;
    },
    /** Whether one of these scopes is there. */
    may: (...scopes) => scopes.some((scope) => may.includes(scope)),
    /** A button that does something on the server. */
    button(text, properties, does) {
      const made = h("button", { type: "button", ...properties, onclick: async () => {
        made.disabled = true;
        try {
          await does();
        } catch (error) {
          toast(error.message, "bad");
        } finally {
          made.disabled = false;
        }
      } }, text);
      return made;
    },
  };
  return own;
}

function failed(error, own) {
  if (error.status === 401) return;
  if (error.status === undefined) throw error;
  if (error.status === 0) {
    connected(false);
    return;
  }
  if (own.isOpen()) show(main, h("h1", {}, error.status === 404 ? "It is not there" : "That did not work"), h("p", {}, error.message), h("p", {}, h("a", { href: "#/" }, "Overview")));
}

function connected(isUp) {
  pulse.className = `pulse ${isUp ? "live" : "lost"}`;
  const text = isUp ? "live" : "no connection";
  const place = document.getElementById("pulse-text");
  if (place.textContent !== text) place.textContent = text;
}

function route() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const [name, ...rest] = parts;
  if (name === "checkouts" && rest[0]) return ["checkouts", (own) => checkout(own, rest.join("/")), rest[0]];
  if (name === "checkouts") return ["checkouts", checkouts, "Checkouts"];
  if (name === "diff" && rest.length === 2) return ["checkouts", (own) => diff(own, rest[0], rest[1]), "What differs"];
  if (name === "upkeep") return ["upkeep", upkeep, "Upkeep"];
  if (name === "events") return ["events", events, "Events"];
  return ["overview", overview, "Overview"];
}

async function go(isFirst) {
  open?.own.close();
  const own = page();
  const [name, make, title] = route();
  document.title = `${title} – Shaman`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const view = make(own);
  open = { own, view };
  if (!isFirst) main.focus();
  await own.run(view.start);
  if (!own.isOpen()) return;
  main.dataset.ready = name;
  view.every.forEach(([milliseconds, what]) => own.every(milliseconds, what));
}

function hear() {
  listening = new AbortController();
  listen(
    listening.signal,
    (event) => {
      kept.unshift(event);
      kept.length = Math.min(kept.length, KEPT);
      open?.view.event(event);
    },
    (isUp) => connected(isUp),
  );
}

/** Asks for a token; `refused` is what the server said to the one before. */
function login(refused) {
  // Answers to what was asked meanwhile do not take away what is being typed.
  if (!token.get() && document.getElementById("token")) return;
  open?.own.close();
  open = null;
  listening?.abort();
  const wrong = token.get() && refused ? h("p", { class: "bad", role: "alert", id: "refused" }, refused) : null;
  token.forget();
  who.hidden = true;
  const field = h("input", { id: "token", type: "password", autocomplete: "current-password", required: true });
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    token.set(field.value.trim());
    start(false);
  } },
    h("div", { class: "field" }, h("label", { for: "token" }, "Token"), field),
    h("div", { class: "row gap" }, h("button", { class: "main" }, "Log in")));
  delete main.dataset.ready;
  show(main, h("section", { class: "card login", "aria-label": "Log in" }, h("h1", {}, "Log in"),
    h("p", { class: "quiet" }, "This server wants to know who you are. The token stays in this tab until it is closed."), wrong, form));
  field.focus();
}

async function start(isFirst) {
  show(main, h("p", { class: "quiet" }, "Loading …"));
  try {
    may = (await ask("GET", "v1/status")).scopes;
  } catch (error) {
    if (error.status === 401) return;
    // Whatever else it is, the page meets it, too, and tells.
    may = error.status === 403 ? [] : ["ops"];
  }
  // Who may do everything without a token needs none.
  who.textContent = token.get() ? "Log out" : "Log in";
  who.hidden = !token.get() && may.includes("ops");
  const seesAll = ["read", "ops"].some((scope) => may.includes(scope));
  for (const link of document.querySelectorAll("nav [data-all]")) link.hidden = !seesAll;
  listening?.abort();
  // Events are of everybody's.
  if (seesAll) hear();
  go(isFirst);
}

const docs = document.getElementById("docs");
docs.href = address("v1/docs");
docs.hidden = false;
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
document.addEventListener("shaman-login", (event) => login(event.detail));
who.addEventListener("click", () => login());
addEventListener("hashchange", () => go(false));
start(true);
