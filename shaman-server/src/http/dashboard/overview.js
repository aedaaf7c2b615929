// What there is, what runs, and how it grew.

import { ask } from "./api.js";
import { chart } from "./chart.js";
import { bar, card, figure, h, show, svg } from "./dom.js";
import { line } from "./events.js";
import { ago, bytes, count, many, short, times, when } from "./words.js";

/** Checkouts of one's own that are named here. */
const OWN_MAX = 6;

/** With more blobs a dry run walks the storage for too long to be started by itself. */
const DRY_RUN_MAX = 20000;

const SPANS = [["1d", "day"], ["7d", "week"], ["90d", "90 days"]];

const ABILITIES = {
  hard_links: "hard links",
  clones: "clones",
  symlinks: "symlinks",
  renames_over_empty_directories: "renames in one step",
  exchanges_names: "exchanges of names",
  flushes_directories: "flushes of directories",
  folds_names: "folds names",
};

export function overview(page) {
  // Who only submits sees what is its own, and how much there is.
  const seesAll = page.may("read", "ops");
  const top = h("dl", { class: "figures" });
  const room = h("div", {});
  const free = h("p", { class: "quiet gap", id: "would-free" });
  const uploads = h("ul", { class: "uploads", id: "uploads" });
  const space = h("div", {});
  const dedup = h("div", {});
  const lately = h("ol", { class: "log" });
  const storage = h("div", {});
  const own = h("ul", { class: "uploads", id: "own" });
  const damage = h("div", {});
  const span = h("select", { id: "span", onchange: () => history() }, SPANS.map(([value, name]) => h("option", { value, selected: value === "7d" }, `last ${name}`)));

  show(
    page.main,
    h("h1", {}, "Overview"),
    h("div", { class: "grid" },
      damage,
      card("In the store", {}, top),
      card("Room", { class: "card half stretch" }, room, free),
      card(seesAll ? "Running uploads" : "Your running uploads", { class: "card half stretch" }, uploads),
      seesAll
        ? [
          card("How it grew", {},
            h("div", { class: "row between" }, h("p", { class: "quiet" }, "One point every five minutes, an hour after two days."), h("div", { class: "field" }, h("label", { for: "span" }, "Time"), span)),
            h("div", { class: "grid gap" }, h("div", { class: "half plain" }, h("h3", { class: "quiet" }, "Bytes"), space), h("div", { class: "half plain" }, h("h3", { class: "quiet" }, "Dedup ratio"), dedup))),
          card("Lately", { class: "card half stretch" }, lately, h("p", { class: "gap" }, h("a", { href: "#/events" }, "All events"))),
          card("Servers and storage", { class: "card half stretch" }, storage),
        ]
        : card("Your checkouts", {}, own, h("p", { class: "gap" }, h("a", { href: "#/checkouts" }, "All of yours"))),
    ),
    seesAll ? null : h("p", { class: "quiet gap", id: "rest" }, "How the store grew, its events, servers and upkeep, and what is of others, is shown to those with the scope ", h("code", {}, "read"), " or ", h("code", {}, "ops"), "."),
  );

  async function status() {
    const status = await ask("GET", "v1/status");
    page.version(status);
    const ratio = status.blobs.bytes && status.logical_bytes ? status.logical_bytes / status.blobs.bytes : 1;
    show(
      top,
      figure("Checkouts", count(status.checkouts), `${bytes(status.logical_bytes)} as copies`, "checkouts"),
      figure("Blobs", count(status.blobs.blobs), "each file once", "blobs"),
      figure("Takes", bytes(status.blobs.bytes), "on the storage", "takes"),
      figure("Dedup ratio", times(ratio), "copies against blobs", "ratio"),
    );
    const all = status.all_bytes || 1;
    const blobs = Math.min(status.blobs.bytes, status.all_bytes - status.free_bytes);
    const other = Math.max(0, status.all_bytes - status.free_bytes - blobs);
    const isShort = status.free_bytes < status.reserve_bytes;
    const part = (kind, from, number) => svg("rect", { class: kind, x: (from / all) * 100, width: (number / all) * 100, height: 1 });
    show(
      room,
      h("dl", { class: "figures" },
        figure("Free", bytes(status.free_bytes), `of ${bytes(status.all_bytes)}`, "free"),
        figure("Reserve", bytes(status.reserve_bytes), isShort ? "touched: uploads are refused" : "kept free")),
      h("div", { class: "space gap", role: "img", "aria-label": `Blobs take ${bytes(blobs)}, other files ${bytes(other)}, free are ${bytes(status.free_bytes)}.` },
        svg("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none" }, part("c1", 0, blobs), part("c2", blobs, other))),
      h("ul", { class: "key" },
        [["c1", "blobs", blobs], ["c2", "other files", other], ["c3", "free", status.free_bytes]].map(([kind, name, number]) =>
          h("li", {}, h("i", { class: kind, "aria-hidden": "true" }), `${name} ${bytes(number)}`))),
    );
    show(damage, alarm(status, isShort));
    damage.className = damage.childElementCount ? "card alarm" : "";
    damage.hidden = !damage.childElementCount;
    return status;
  }

  function alarm(status, isShort) {
    const says = [];
    if (status.damaged) says.push(h("p", {}, h("strong", {}, many(status.damaged, "blob is", "blobs are")), " damaged and not healed. ", seesAll ? h("a", { href: "#/upkeep" }, "See which, and what heals them") : "Tell whoever looks after the server."));
    if (isShort) says.push(h("p", {}, h("strong", {}, "The reserve is touched"), seesAll ? ": uploads are refused. Erase checkouts that nobody needs, sweep, or add space." : ": uploads are refused. Erase checkouts that you do not need, and tell whoever looks after the server."));
    if (!status.is_indexed) says.push(h("p", {}, h("strong", {}, "The index is being filled"), ": there is more than these figures say."));
    return says;
  }

  async function wouldFree(status) {
    if (status.blobs.blobs > DRY_RUN_MAX) {
      show(free, "What sweeping would free: ", h("a", { href: "#/upkeep" }, "ask a dry run"));
      return;
    }
    try {
      const report = await ask("POST", "v1/sweep", { dry_run: true });
      const trashed = Math.max(0, report.trashed.bytes - report.swept.bytes);
      show(free, "Sweeping would free ", h("strong", {}, report.swept.blobs ? bytes(report.swept.bytes) : "nothing"),
        report.swept.blobs ? ` of ${many(report.swept.blobs, "blob")}` : " right now",
        trashed ? `; ${bytes(trashed)} lie in the trash` : "", ". ", h("a", { href: "#/upkeep" }, "Upkeep"));
    } catch {
      free.hidden = true;
    }
  }

  async function running() {
    const { uploads: list, all } = await ask("GET", "v1/uploads");
    show(uploads, list.length
      ? [list.slice(0, 8).map((one) => {
          const share = one.size ? one.received_bytes / one.senders / one.size : 1;
          return h("li", { "data-digest": one.sha256 },
            h("div", { class: "row between" },
              h("span", {}, h("code", { title: one.sha256 }, short(one.sha256)), one.senders > 1 ? h("span", { class: "tag" }, `${one.senders} senders`) : null),
              h("span", {}, `${bytes(one.received_bytes)} of ${bytes(one.size)}`)),
            bar(share, `Upload of ${short(one.sha256)}`));
        }), all > 8 ? h("li", { class: "quiet" }, `and ${count(all - 8)} more`) : null]
      : h("li", { class: "quiet" }, "Nothing is being sent right now."));
  }

  async function mine() {
    let all = [];
    let after = "";
    do {
      const answer = await ask("GET", `v1/checkouts?${new URLSearchParams({ after })}`);
      all.push(...answer.checkouts);
      after = answer.next;
    } while (after !== null);
    all.sort((a, b) => b.created.localeCompare(a.created));
    show(own, all.length
      ? [all.slice(0, OWN_MAX).map((one) => h("li", {},
          h("div", { class: "row between" },
            h("a", { href: `#/checkouts/${encodeURIComponent(one.checkout)}` }, one.checkout),
            h("span", { title: when(one.created) }, `${ago(one.created)}, ${many(one.files, "file")}, ${bytes(one.bytes)}`)))),
        all.length > OWN_MAX ? h("li", { class: "quiet" }, `and ${count(all.length - OWN_MAX)} more`) : null]
      : h("li", { class: "quiet" }, "You have made none, or they are erased."));
  }

  async function history() {
    const { points } = await ask("GET", `v1/history?newer_than=${span.value}`);
    show(space, chart("Bytes in the store", points.map((point) => ({ at: point.at, values: [point.blobs.bytes, point.logical_bytes] })), ["blobs", "as copies"], bytes));
    const ratios = points.map((point) => ({ at: point.at, values: [point.blobs.bytes && point.logical_bytes ? point.logical_bytes / point.blobs.bytes : 1] }));
    show(dedup, chart("Dedup ratio", ratios, ["ratio"], times));
  }

  async function servers(status) {
    const { servers: list } = await ask("GET", "v1/servers");
    const { storage: its } = status;
    show(storage,
      h("dl", { class: "pairs" },
        h("dt", {}, "File system"), h("dd", {}, its.file_system ?? "not a known one"),
        h("dt", {}, "It can do"), h("dd", {}, its.can.map((one) => ABILITIES[one] ?? one).join(", ")),
        h("dt", {}, "Names a file"), h("dd", {}, its.link_limit ? `${count(its.link_limit)} at most` : "no limit that is known"),
        h("dt", {}, "Store"), h("dd", {}, h("code", {}, status.store)),
        h("dt", {}, list.length > 1 ? "Servers" : "Server"),
        h("dd", {}, list.map((one) => h("div", {}, h("code", {}, one.id), " ", h("small", { title: when(one.began) }, `since ${when(one.began)}`), one.is_this ? h("span", { class: "tag" }, "this one") : null)))));
  }

  function events() {
    const last = page.events().slice(0, 6);
    show(lately, last.length ? last.map((event) => line(event)) : h("li", {}, h("span", { class: "quiet" }, "Nothing since this page was opened.")));
  }

  // Charts are drawn for the width of the screen.
  const narrow = matchMedia("(max-width: 620px)");
  narrow.addEventListener("change", () => { if (page.isOpen() && seesAll) page.run(history); });

  return {
    async start() {
      const known = await status();
      if (!seesAll) {
        await Promise.all([running(), mine()]);
        return;
      }
      events();
      await Promise.all([running(), history(), servers(known)]);
      wouldFree(known);
    },
    every: [[1500, running], [10000, status], seesAll ? [120000, history] : [10000, mine]],
    event(event) {
      events();
      if (event.event !== "stored") page.soon(status);
      else page.soon(status, 700);
    },
  };
}
