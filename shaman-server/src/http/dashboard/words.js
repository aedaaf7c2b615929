// Numbers and times, as people read them.

const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

/** 1530000 → "1.53 MB". */
export function bytes(number) {
  if (number === null || number === undefined) return "–";
  let unit = 0;
  let value = number;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** 12345 → "12,345". */
export function count(number) {
  return Number(number).toLocaleString("en");
}

/** "1 blob", "2 blobs". */
export function many(number, one, more = `${one}s`) {
  return `${count(number)} ${Number(number) === 1 ? one : more}`;
}

/** A ratio: "3.2 ×". */
export function times(ratio) {
  return `${ratio.toFixed(ratio >= 10 ? 0 : 1)} ×`;
}

const STEPS = [
  [86400 * 365, "year"],
  [86400 * 30, "month"],
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

/** How long ago: "3 days ago". */
export function ago(text, now = Date.now()) {
  if (!text) return "–";
  const seconds = Math.round((now - Date.parse(text)) / 1000);
  if (seconds < 0) return new Date(text).toLocaleString();
  for (const [length, word] of STEPS) {
    const number = Math.floor(seconds / length);
    if (number >= 1) return `${many(number, word)} ago`;
  }
  return "just now";
}

/** Date and time in the reader's zone. */
export function when(text) {
  return text ? new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "–";
}

/** The first digits of a digest. */
export function short(digest) {
  return digest.slice(0, 12);
}
