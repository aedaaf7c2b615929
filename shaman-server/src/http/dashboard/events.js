// What happens, as it happens.

import { h, show } from "./dom.js";
import { bytes, count, many, short } from "./words.js";

const SAYS = {
  stored: (e) => [many(e.blobs, "blob"), ` came, ${bytes(e.bytes)}`],
  checkout_made: (e) => ["A checkout was made: ", checkout(e.checkout), `, ${many(e.files, "file")}, ${bytes(e.bytes)}`],
  checkout_erased: (e) => ["A checkout was erased: ", h("span", { class: "mono" }, e.checkout)],
  swept: (e) => [`Swept ${many(e.blobs, "blob")}, ${bytes(e.bytes)}, into the trash; ${bytes(e.deleted_bytes)} deleted`],
  scrubbed: (e) => [`All blobs were read again: ${count(e.blobs)}, ${e.damaged ? `${count(e.damaged)} damaged` : "none damaged"}`],
  damaged: (e) => [h("span", { class: "bad" }, "A blob is damaged: "), h("code", { title: e.sha256 }, short(e.sha256)), `, ${bytes(e.size)}`],
  healed: (e) => [`${many(e.files, "file")} in checkouts ${e.files === 1 ? "is" : "are"} right again`],
  lost: (e) => [e.events === null ? "Some events were missed" : `${many(e.events, "event")} were missed`],
};

function checkout(path) {
  return h("a", { href: `#/checkouts/${encodeURIComponent(path)}` }, path);
}

/** An event as a line of the list. */
export function line(event) {
  const at = event.at ? new Date(event.at) : null;
  const say = SAYS[event.event] ?? (() => [event.event]);
  return h("li", {}, h("time", { datetime: event.at, title: at?.toLocaleString() }, at ? at.toLocaleTimeString() : ""), h("span", {}, say(event)));
}

export function events(page) {
  const list = h("ol", { class: "log", id: "log" });
  const kind = h("select", { id: "kind", onchange: () => all() },
    [["", "everything"], ["stored", "blobs that came"], ["checkout", "checkouts"], ["swept", "sweeps"], ["scrub", "scrubs"], ["damaged", "damage"]].map(([value, name]) => h("option", { value }, name)));
  const pause = h("button", { type: "button", "aria-pressed": "false", onclick: () => {
    const isOn = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(isOn));
    pause.textContent = isOn ? "Go on" : "Pause";
    if (!isOn) all();
  } }, "Pause");
  const takes = (event) => event.event.startsWith(kind.value) || (kind.value === "scrub" && event.event === "healed");

  show(page.main, h("h1", {}, "Events"),
    h("section", { class: "card", "aria-label": "Events" },
      h("div", { class: "row between" },
        h("div", { class: "field" }, h("label", { for: "kind" }, "Show"), kind), pause),
      h("div", { class: "gap", role: "log", "aria-live": "polite", "aria-label": "What happened" }, list)));

  function all() {
    const some = page.events().filter(takes);
    show(list, some.length ? some.map(line) : h("li", { class: "none" }, h("span", { class: "quiet" }, "Nothing yet. What happens from now on is shown here.")));
  }

  return {
    start: async () => all(),
    every: [],
    event(event) {
      if (pause.getAttribute("aria-pressed") === "true" || !takes(event)) return;
      list.querySelector(".none")?.remove();
      list.prepend(line(event));
      while (list.childElementCount > 300) list.lastElementChild.remove();
    },
  };
}
