// Sweep, scrub, damage, index.

import { ask } from "./api.js";
import { bar, card, confirm, figure, h, show, toast } from "./dom.js";
import { ago, bytes, count, many, short, when } from "./words.js";

const SPARED = [
  ["young", "used lately"],
  ["linked", "in a checkout"],
  ["named", "in a manifest"],
  ["symlinked", "in a checkout of symlinks"],
  ["held", "needed right now"],
];

export function upkeep(page) {
  const report = h("div", { id: "report", "aria-live": "polite" });
  const last = h("p", { class: "quiet" });
  const age = h("input", { id: "max-age", size: "8", placeholder: "as configured", autocomplete: "off", oninput: () => { real.hidden = true; } });
  const dry = page.button("See what it would do", { class: "main", id: "dry" }, () => sweep(true));
  const real = page.button("Sweep …", { class: "danger", id: "real", hidden: true }, () => sweep(false));
  const scrub = h("div", { id: "scrub" });
  const damage = h("div", { id: "damage" });

  const isOps = page.may("ops");

  show(page.main, h("h1", {}, "Upkeep"),
    h("div", { class: "grid" },
      card("Sweep", {},
        h("p", { class: "quiet" }, "Takes blobs that nothing names and nobody used for long into the trash; what lay there long enough is deleted."),
        isOps && h("div", { class: "row" },
          h("div", { class: "field" }, h("label", { for: "max-age" }, "Not used for (like 14d)"), age), dry, real),
        h("div", { class: "gap" }, report), last),
      card("Scrub", { class: "card half stretch" }, scrub,
        isOps && h("div", { class: "row gap" }, page.button("Read all blobs again", { id: "begin-scrub" }, async () => { await ask("POST", "v1/scrub", {}); toast("All blobs are read again, from the beginning"); await status(); }))),
      isOps && card("Index", { class: "card half stretch" },
        h("p", { class: "quiet" }, "It answers fast what is there. Comparing it with the storage mends it after files came or went behind the server's back."),
        h("div", { class: "row" }, page.button("Compare with the storage", { id: "reindex" }, async () => { await ask("POST", "v1/reindex"); toast("The index is being compared; the log tells when that is over"); }))),
      card("Damage", {}, damage)));

  function order(isDry, force) {
    const maxAge = age.value.trim();
    return { dry_run: isDry, ...(maxAge ? { max_age: maxAge } : {}), ...(force ? { force } : {}) };
  }

  async function sweep(isDry) {
    if (!isDry) {
      const isSure = await confirm("Sweep now?", "What the dry run named goes into the trash, from where any use brings it back until it is deleted.", "Sweep");
      if (!isSure) return;
    }
    show(report, h("p", { class: "quiet" }, isDry ? "Looking …" : "Sweeping …"));
    try {
      const done = await ask("POST", "v1/sweep", order(isDry, false));
      draw(done);
      real.hidden = !isDry || done.swept.blobs + done.deleted.blobs === 0;
      if (!isDry) toast(`Swept ${many(done.swept.blobs, "blob")}, ${bytes(done.swept.bytes)}`);
    } catch (error) {
      show(report, h("p", { class: "bad" }, error.message));
      throw error;
    }
    await status();
  }

  function draw(done) {
    const would = done.dry_run ? "Would be" : "Was";
    show(report,
      h("dl", { class: "figures" },
        figure(`${would} swept`, bytes(done.swept.bytes), many(done.swept.blobs, "blob"), "swept"),
        figure(`${would} deleted`, bytes(done.deleted.bytes), `${many(done.deleted.blobs, "blob")} from the trash`),
        figure("In the trash then", bytes(done.trashed.bytes), many(done.trashed.blobs, "blob")),
        figure("All", bytes(done.all.bytes), many(done.all.blobs, "blob"))),
      h("h3", { class: "quiet gap" }, "What stays, and why"),
      h("table", {}, h("tbody", {}, SPARED.filter(([key]) => done.spared[key].blobs).map(([key, text]) =>
        h("tr", {}, h("td", {}, text), h("td", { class: "num" }, many(done.spared[key].blobs, "blob")), h("td", { class: "num" }, bytes(done.spared[key].bytes)))))));
  }

  async function status() {
    const status = await ask("GET", "v1/status");
    page.version(status);
    const swept = status.last_sweep;
    last.textContent = swept
      ? `The last sweep ended ${ago(swept.ended)}: ${bytes(swept.report.swept.bytes)} swept, ${bytes(swept.report.deleted.bytes)} deleted.`
      : "This server has not swept since its start.";
    const { current, last: before, is_running: isRunning } = status.scrub;
    show(scrub,
      current
        ? [h("div", { class: "row between" }, h("strong", {}, isRunning ? "Reading" : "Goes on later"), h("span", {}, `${current.percent} %`)),
           bar(current.percent / 100, "Scrub", current.damaged ? "bad" : ""),
           h("p", { class: "quiet gap" }, `${many(current.blobs, "blob")}, ${bytes(current.bytes)} since ${when(current.began)}; ${current.damaged ? `${count(current.damaged)} damaged` : "none damaged"}.`)]
        : h("p", {}, isRunning ? "It is about to begin." : "Nothing is being read right now."),
      h("p", { class: "quiet" }, before?.ended ? `The last pass ended ${ago(before.ended)}: ${many(before.blobs, "blob")}, ${before.damaged ? `${count(before.damaged)} damaged` : "none damaged"}.` : "No pass came to its end yet."));
  }

  async function damaged() {
    const { damaged: list } = await ask("GET", "v1/damage");
    show(damage, list.length
      ? h("table", { class: "cards" },
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Blob"), h("th", { scope: "col", class: "num" }, "Size"), h("th", { scope: "col" }, "Found"), h("th", { scope: "col" }, "What to do"), h("th", { scope: "col" }, "Stands in"))),
          h("tbody", {}, list.map((one) => h("tr", {},
            h("td", {}, h("code", { title: one.sha256 }, short(one.sha256))),
            h("td", { class: "num" }, bytes(one.size)),
            h("td", {}, ago(one.found)),
            h("td", {}, one.missing ? "submit a project that has this file again" : "it is there again; checkouts are being healed"),
            h("td", { class: "wide" }, one.checkouts.flatMap((touched) => touched.paths.map((path) => h("div", { class: "mono" }, `${touched.checkout}/${path}`))))))))
      : h("p", { class: "quiet" }, "Nothing is damaged."));
  }

  return {
    start: () => Promise.all([status(), damaged()]),
    every: [[2000, status], [30000, damaged]],
    event(event) {
      if (event.event === "damaged" || event.event === "healed") page.soon(damaged);
      if (event.event === "swept" || event.event === "scrubbed") page.soon(status);
    },
  };
}
