// A page that waits keeps itself up to date. Only what changed is set in, so that a screen reader says it once.
"use strict";

const refresh = document.querySelector("[data-refresh]");
const SOONEST = 3000, LATEST = 30000;
let wait = SOONEST;

// What is read in a place; buttons to copy with are added by script and are no news.
function readIn(place) {
  const text = place.cloneNode(true);
  for (const button of text.querySelectorAll(".copy")) button.remove();
  return text.textContent.replace(/\s+/g, " ").trim();
}

async function look() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.querySelector("[data-refresh]");
  if (!next) return location.reload();
  let changed = false;
  for (const place of document.querySelectorAll("[data-live]")) {
    const now = page.getElementById(place.id);
    // Forms carry an id of their own each time: only what is read counts as a change.
    if (!now || readIn(now) === readIn(place)) continue;
    place.replaceChildren(...document.importNode(now, true).childNodes);
    changed = true;
  }
  document.title = page.title;
  refresh.previousElementSibling.textContent = next.previousElementSibling.textContent;
  refresh.dataset.refresh = next.dataset.refresh;
  wait = changed ? SOONEST : Math.min(wait * 1.5, LATEST);
}

async function keepLooking() {
  if (!refresh.dataset.refresh) return;
  try {
    if (!document.hidden) await look();
  } catch {
    wait = LATEST;
  }
  setTimeout(keepLooking, wait);
}

if (refresh) {
  setTimeout(keepLooking, wait);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) wait = SOONEST; });
}
