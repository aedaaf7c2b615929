// What the server is asked. Addresses are relative to this file, so any prefix works.

const ROOT = new URL("../", import.meta.url);
const KEY = "shaman-token";

/** Where /v1 is. */
export function address(path) {
  return new URL(path.replace(/^\//, ""), ROOT);
}

/** A refusal: `status` and the server's own sentence. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (text) => sessionStorage.setItem(KEY, text),
  forget: () => sessionStorage.removeItem(KEY),
};

function headers(said, more) {
  return said ? { Authorization: `Bearer ${said}`, ...more } : { ...more };
}

/** Asks, and gives the answer's JSON; null when it has no body. Fails with a Refusal. */
export async function ask(method, path, body) {
  const json = body === undefined ? {} : { "Content-Type": "application/json" };
  const said = token.get();
  let answer;
  try {
    answer = await fetch(address(path), {
      method,
      headers: headers(said, json),
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
    });
  } catch {
    throw new Refusal(0, "the server does not answer");
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    // Something between us and the server has answered.
  }
  if (answer.ok) return value;
  const message = value?.message ?? `the server answered ${answer.status}`;
  // What was asked before another token was typed says nothing of that one.
  if (answer.status === 401 && said === token.get()) document.dispatchEvent(new CustomEvent("shaman-login", { detail: message }));
  throw new Refusal(answer.status, message);
}

/** A checkout's path in an address: its slashes stay. */
export function inPath(checkout) {
  return checkout.split("/").map(encodeURIComponent).join("/");
}

/**
 * Listens to events until `signal` aborts, and comes back after a line that broke. `told(event)` is
 * called for each; `is(live)` when the line comes up or breaks. EventSource cannot send a token.
 */
export async function listen(signal, told, is) {
  let last = null;
  let wait = 1000;
  while (!signal.aborted) {
    try {
      const more = last ? { "Last-Event-ID": last } : {};
      const answer = await fetch(address("v1/events"), { headers: headers(token.get(), more), signal, cache: "no-store" });
      if (!answer.ok) throw new Refusal(answer.status, "no events");
      is(true);
      wait = 1000;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
        const blocks = text.split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
          const data = [];
          for (const line of block.split("\n")) {
            if (line.startsWith("id: ")) last = line.slice(4);
            if (line.startsWith("data: ")) data.push(line.slice(6));
          }
          if (data.length) told(JSON.parse(data.join("\n")));
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      is(false, error.status);
      if (error.status === 401 || error.status === 403) return;
    }
    is(false);
    await new Promise((go) => setTimeout(go, wait));
    wait = Math.min(wait * 2, 30000);
  }
}
