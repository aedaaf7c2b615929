// Checkouts: find, sort, look into, compare, pin, erase.

import { ask, inPath } from "./api.js";
import { confirm, figure, h, show, toast } from "./dom.js";
import { ago, bytes, count, many, when } from "./words.js";

/** Rows a page. */
const ROWS = 25;

/** Checkouts that are held here; beyond it the search is left to the server. */
const HELD_MAX = 20000;

/** Files of a checkout, or of a difference, that are drawn at once. */
const FILES_MAX = 200;

const COLUMNS = [
  ["checkout", "Checkout", (a, b) => a.checkout.localeCompare(b.checkout), ""],
  ["created", "Made", (a, b) => a.created.localeCompare(b.created), ""],
  ["files", "Files", (a, b) => a.files - b.files, "num"],
  ["bytes", "Size", (a, b) => a.bytes - b.bytes, "num"],
];

const address = (checkout) => `#/checkouts/${encodeURIComponent(checkout)}`;

export function checkouts(page) {
  let all = [];
  let isCut = false;
  let sort = "created";
  let isDown = true;
  let first = 0;
  const chosen = new Set();
  const spaces = new Map();

  const search = h("input", { id: "search", type: "search", placeholder: "part of the name", autocomplete: "off", oninput: () => { first = 0; page.soon(isCut ? load : draw, 200); } });
  const age = h("select", { id: "age", onchange: () => { first = 0; draw(); } },
    [["", "any age"], ["1", "up to a day"], ["7", "up to a week"], ["-30", "over 30 days"], ["-90", "over 90 days"]].map(([value, name]) => h("option", { value }, name)));
  const compare = h("a", { class: "button", href: "#/checkouts", id: "compare", hidden: true }, "Compare these two");
  const heads = h("tr", {});
  const body = h("tbody", { id: "rows" });
  const pages = h("div", { class: "row between gap" });
  const sum = h("p", { class: "quiet", "aria-live": "polite", id: "sum" });

  show(page.main, h("h1", {}, "Checkouts"),
    h("section", { class: "card", "aria-label": "Checkouts" },
      h("div", { class: "row" },
        h("div", { class: "field grow" }, h("label", { for: "search" }, "Search"), search),
        h("div", { class: "field" }, h("label", { for: "age" }, "Age"), age),
        compare),
      h("div", { class: "gap" }, sum),
      h("table", { class: "cards" }, h("thead", {}, heads), body),
      pages));

  async function load() {
    all = [];
    isCut = false;
    let after = "";
    const contains = search.value && all.length >= HELD_MAX ? search.value : "";
    do {
      const query = new URLSearchParams({ after, contains: search.value.trim() || contains });
      const answer = await ask("GET", `v1/checkouts?${query}`);
      all.push(...answer.checkouts);
      after = answer.next;
      isCut = after !== null && all.length >= HELD_MAX;
    } while (after !== null && !isCut);
    draw();
  }

  function found() {
    const text = search.value.trim();
    const days = Number(age.value);
    const limit = Date.now() - Math.abs(days) * 86400e3;
    const rows = all.filter((one) =>
      one.checkout.includes(text) && (!days || (days > 0 ? Date.parse(one.created) >= limit : Date.parse(one.created) < limit)));
    const [, , by] = COLUMNS.find(([key]) => key === sort);
    rows.sort((a, b) => (isDown ? -by(a, b) : by(a, b)));
    return rows;
  }

  function draw() {
    const rows = found();
    first = Math.min(first, Math.max(0, Math.floor((rows.length - 1) / ROWS) * ROWS));
    const total = rows.reduce((sum, one) => sum + one.bytes, 0);
    sum.textContent = `${isCut ? `The first ${count(HELD_MAX)}, search to see others. ` : ""}${many(rows.length, "checkout")}, ${bytes(total)} as copies.`;
    show(heads, h("th", { scope: "col" }, h("span", { class: "quiet" }, "Pick")),
      COLUMNS.map(([key, name, , kind]) =>
        h("th", { scope: "col", class: kind, "aria-sort": sort === key ? (isDown ? "descending" : "ascending") : "none" },
          h("button", { type: "button", onclick: () => { isDown = sort === key ? !isDown : key !== "checkout"; sort = key; draw(); heads.querySelectorAll("button")[COLUMNS.findIndex((one) => one[0] === key)].focus(); } }, name))),
      h("th", { scope: "col", class: "num" }, "Its own"));
    const shown = rows.slice(first, first + ROWS);
    const focused = body.contains(document.activeElement) ? document.activeElement : null;
    const its = focused?.closest("tr").dataset.checkout;
    show(body, shown.length ? shown.map(row) : h("tr", {}, h("td", { colspan: "6", class: "wide quiet" }, all.length ? "None is like that." : "There are no checkouts yet.")));
    if (its) body.querySelector(`tr[data-checkout="${CSS.escape(its)}"] ${focused.localName}`)?.focus();
    show(pages,
      h("button", { type: "button", disabled: first === 0, onclick: () => { first -= ROWS; draw(); } }, "Back"),
      h("span", { class: "quiet" }, rows.length ? `${count(first + 1)}–${count(Math.min(first + ROWS, rows.length))} of ${count(rows.length)}` : ""),
      h("button", { type: "button", disabled: first + ROWS >= rows.length, onclick: () => { first += ROWS; draw(); } }, "Next"));
    pages.hidden = rows.length <= ROWS;
    space(shown);
  }

  function row(one) {
    const id = `pick-${one.checkout}`;
    return h("tr", { "data-checkout": one.checkout },
      h("td", { class: "pick" }, h("input", { type: "checkbox", id, checked: chosen.has(one.checkout), "aria-label": `Pick ${one.checkout}`, onchange: (event) => pick(one.checkout, event.target.checked) })),
      h("td", { class: "name" }, h("a", { href: address(one.checkout) }, one.checkout), one.pin ? h("span", { class: "tag", title: one.pin.reason }, "pinned") : null),
      h("td", { "data-label": "made", title: when(one.created) }, ago(one.created)),
      h("td", { class: "num", "data-label": "files" }, count(one.files)),
      h("td", { class: "num", "data-label": "size" }, bytes(one.bytes)),
      h("td", { class: "num own", "data-label": "its own" }, spaces.has(one.checkout) ? bytes(spaces.get(one.checkout)) : "…"));
  }

  function pick(checkout, isChosen) {
    if (isChosen) chosen.add(checkout);
    else chosen.delete(checkout);
    compare.hidden = chosen.size !== 2;
    const [a, b] = [...chosen];
    if (chosen.size === 2) compare.href = `#/diff/${encodeURIComponent(a)}/${encodeURIComponent(b)}`;
  }

  /** Each manifest is read for this, so only what is seen is asked for, four at a time. */
  async function space(rows) {
    const waiting = rows.filter((one) => !spaces.has(one.checkout));
    const worker = async () => {
      for (let one = waiting.shift(); one && page.isOpen(); one = waiting.shift()) {
        const query = new URLSearchParams({ prefix: one.checkout, limit: "1", space: "true" });
        const { checkouts: [its] } = await ask("GET", `v1/checkouts?${query}`).catch(() => ({ checkouts: [] }));
        const own = its?.checkout === one.checkout ? its.space.exclusive_bytes : null;
        spaces.set(one.checkout, own);
        const cell = body.querySelector(`tr[data-checkout="${CSS.escape(one.checkout)}"] .own`);
        if (cell) cell.textContent = bytes(own);
      }
    };
    await Promise.all([1, 2, 3, 4].map(worker));
  }

  return {
    start: load,
    every: [[60000, load]],
    event(event) {
      if (event.event.startsWith("checkout") || event.event === "lost") {
        spaces.clear();
        page.soon(load, 500);
      }
    },
  };
}

export function checkout(page, name) {
  const place = h("div", {});
  show(page.main, h("p", {}, h("a", { href: "#/checkouts" }, "← Checkouts")), h("h1", {}, name), place);

  async function load() {
    const [manifest, list] = await Promise.all([
      ask("GET", `v1/checkouts/${inPath(name)}`),
      ask("GET", `v1/checkouts?${new URLSearchParams({ prefix: name, limit: "1" })}`),
    ]);
    const pin = list.checkouts.find((one) => one.checkout === name)?.pin;
    draw(manifest, pin);
  }

  function draw(manifest, pin) {
    const { space } = manifest;
    const total = manifest.files.reduce((sum, file) => sum + file.size, 0);
    show(place,
      h("div", { class: "grid" },
        h("section", { class: "card", "aria-label": "What it costs" },
          h("dl", { class: "figures" },
            figure("Files", count(manifest.files.length)),
            figure("As a copy", bytes(total)),
            figure("Shared with others", bytes(space.shared_bytes)),
            figure("Its own", bytes(space.exclusive_bytes), "what erasing it frees once swept"))),
        h("section", { class: "card half stretch", "aria-label": "About it" },
          h("h2", {}, "About it"),
          h("dl", { class: "pairs" },
            h("dt", {}, "Made"), h("dd", {}, `${when(manifest.created)}, ${ago(manifest.created)}`),
            h("dt", {}, "To render"), h("dd", {}, manifest.blend ?? "not said"),
            h("dt", {}, "By"), h("dd", {}, manifest.server),
            (manifest.warnings ?? []).length ? [h("dt", {}, "Warnings"), h("dd", {}, manifest.warnings.map((text) => h("div", {}, text)))] : null)),
        keep(pin),
        files(manifest.files)));
  }

  function keep(pin) {
    const reason = h("input", { id: "reason", maxlength: "500", placeholder: "why, for those who come later" });
    const days = h("select", { id: "until" }, [["", "for ever"], ["7", "for a week"], ["30", "for 30 days"], ["365", "for a year"]].map(([value, text]) => h("option", { value }, text)));
    const mayChange = page.may("ops", "submit");
    if (!pin && !mayChange) return null;
    const form = pin
      ? [h("p", {}, h("span", { class: "tag" }, "pinned"), ` ${pin.until ? `until ${when(pin.until)}` : "for ever"}${pin.reason ? `: ${pin.reason}` : ""}. Nothing erases it until it is unpinned.`),
         mayChange && h("div", { class: "row" }, page.button("Unpin", {}, async () => { await ask("DELETE", `v1/pins/${inPath(name)}`); toast(`${name} is not pinned any more`); await load(); }))]
      : [h("p", { class: "quiet" }, "A pinned checkout stays, whatever becomes of its job."),
         h("div", { class: "row" },
           h("div", { class: "field grow" }, h("label", { for: "reason" }, "Reason"), reason),
           h("div", { class: "field" }, h("label", { for: "until" }, "How long"), days),
           page.button("Pin", {}, async () => {
             const until = days.value ? new Date(Date.now() + Number(days.value) * 86400e3).toISOString() : undefined;
             await ask("PUT", `v1/pins/${inPath(name)}`, { reason: reason.value, until });
             toast(`${name} is pinned`);
             await load();
           })),
         h("div", { class: "row gap" }, page.button("Erase …", { class: "danger", id: "erase" }, erase))];
    return h("section", { class: "card half stretch", "aria-label": "Keep or erase" }, h("h2", {}, mayChange ? "Keep or erase" : "Kept"), form);
  }

  async function erase() {
    const isSure = await confirm("Erase this checkout?", `${name} goes at once, for all workers. Jobs that still need it fail. Its blobs stay until a sweep takes them.`, "Erase it");
    if (!isSure) return;
    await ask("DELETE", `v1/checkouts/${inPath(name)}`);
    toast(`${name} is erased`);
    location.hash = "#/checkouts";
  }

  function files(list) {
    const filter = h("input", { id: "file-search", type: "search", autocomplete: "off", oninput: () => page.soon(draw, 150) });
    const body = h("tbody", {});
    const note = h("p", { class: "quiet gap", "aria-live": "polite" });
    const draw = () => {
      const some = list.filter((file) => file.path.includes(filter.value.trim()));
      show(body, some.slice(0, FILES_MAX).map((file) => h("tr", {}, h("td", { class: "name" }, file.path), h("td", { class: "num", "data-label": "size" }, bytes(file.size)), h("td", { class: "wide" }, h("code", { title: file.sha256 }, file.sha256.slice(0, 16))))));
      note.textContent = some.length > FILES_MAX ? `The first ${FILES_MAX} of ${count(some.length)}; filter to see others.` : "";
    };
    draw();
    return h("section", { class: "card", "aria-label": "Files" }, h("h2", {}, "Files"),
      h("div", { class: "row" }, h("div", { class: "field grow" }, h("label", { for: "file-search" }, "Filter"), filter)),
      h("table", { class: "cards gap" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Path"), h("th", { scope: "col", class: "num" }, "Size"), h("th", { scope: "col" }, "SHA-256"))), body), note);
  }

  return { start: load, every: [], event() {} };
}

export function diff(page, a, b) {
  const place = h("div", {});
  show(page.main, h("p", {}, h("a", { href: "#/checkouts" }, "← Checkouts")), h("h1", {}, "What differs"),
    h("p", {}, "From ", h("a", { href: address(a) }, a), " to ", h("a", { href: address(b) }, b)), place);

  const list = (title, rows, kind) => h("section", { class: "card", "aria-label": title },
    h("h2", {}, `${title}: ${count(rows.length)}`),
    rows.length ? h("table", { class: "cards" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Path"), h("th", { scope: "col", class: "num" }, kind))),
      h("tbody", {}, rows.slice(0, FILES_MAX).map(([path, text]) => h("tr", {}, h("td", { class: "name" }, path), h("td", { class: "num" }, text))))) : h("p", { class: "quiet" }, "None."),
    rows.length > FILES_MAX ? h("p", { class: "quiet" }, `The first ${FILES_MAX}; \`shaman diff\` tells all.`) : null);

  return {
    async start() {
      const found = await ask("GET", `v1/checkouts/${inPath(a)}/diff/${inPath(b)}`);
      const whole = (file) => [file.path, bytes(file.size)];
      show(place, h("div", { class: "grid" },
        h("section", { class: "card", "aria-label": "In short" }, h("dl", { class: "figures" },
          figure("The same", count(found.same)), figure("Changed", count(found.changed.length)),
          figure("Only in the second", count(found.added.length)), figure("Only in the first", count(found.removed.length)))),
        list("Changed", found.changed.map((file) => [file.path, `${bytes(file.a.size)} → ${bytes(file.b.size)}`]), "Size"),
        list("Only in the second", found.added.map(whole), "Size"),
        list("Only in the first", found.removed.map(whole), "Size")));
    },
    every: [],
    event() {},
  };
}
