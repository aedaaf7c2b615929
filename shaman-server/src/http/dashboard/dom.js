// Elements without a library. Text is always text: nothing here reads HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** An element: h("p", {class: "quiet"}, "text", …). */
export function h(name, properties, ...children) {
  return fill(document.createElement(name), properties, children);
}

/** The same in SVG. */
export function svg(name, properties, ...children) {
  return fill(document.createElementNS(SVG, name), properties, children);
}

/** Puts these in place of what is in an element. */
export function show(element, ...children) {
  element.replaceChildren();
  return fill(element, {}, children);
}

/** A box with a heading. */
export function card(title, properties, ...children) {
  return h("section", { class: "card", "aria-label": title, ...properties }, h("h2", {}, title), ...children);
}

/** A number with what it is. */
export function figure(label, value, note, id) {
  return h("div", { class: "figure" }, h("dt", {}, label), h("dd", { id }, value, note ? h("small", {}, note) : null));
}

/** A bar that fills up. `value` is from 0 to 1. */
export function bar(value, label, kind) {
  const share = Math.max(0, Math.min(1, value));
  return h(
    "div",
    { class: `bar ${kind ?? ""}`, role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(Math.round(share * 100)), "aria-label": label },
    svg("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "fill", width: String(share * 100), height: "1" })),
  );
}

/** Says something for a moment, also to screen readers. */
export function toast(text, kind) {
  const place = document.getElementById("toast");
  const note = h("p", { class: kind ?? "" }, text);
  place.append(note);
  setTimeout(() => note.remove(), 8000);
}

/**
 * Asks before something that cannot be undone. Gives true when the answer is yes. The dialog takes
 * the focus and gives it back; Escape is no.
 */
export function confirm(title, sentence, verb) {
  return new Promise((answer) => {
    const no = h("button", { type: "button", autofocus: true, onclick: () => dialog.close("no") }, "Cancel");
    const yes = h("button", { type: "button", class: "danger", onclick: () => dialog.close("yes") }, verb);
    const dialog = h(
      "dialog",
      { "aria-labelledby": "dialog-title", onclose: () => (dialog.remove(), answer(dialog.returnValue === "yes")) },
      h("h2", { id: "dialog-title" }, title),
      h("p", {}, sentence),
      h("div", { class: "row end" }, no, yes),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
