// What pages do by themselves: parts that refresh, and forms that answer at once. Without it, everything still works.
"use strict";

// said to who hears the page, once: what refreshes by itself would else be said again and again
function sayNews(part) {
  const said = document.getElementById("said");
  const news = [...part.querySelectorAll("[data-say]")].map((one) => one.textContent.trim()).join(" ");
  if (said.dataset.text !== news) said.textContent = said.dataset.text = news;
}

// what is shown is as of the moment that it names; why there is nothing newer, nobody could guess
function sayOld(text) {
  const old = document.querySelector("[data-old]");
  if (old.textContent !== text) old.textContent = text;
  old.hidden = !text;
}

const PATIENCE_MILLISECONDS = 10000;
let refreshing = false;

async function refresh(part) {
  if (document.hidden || refreshing) return;
  if (part.contains(document.activeElement)) {
    sayOld("Not brought up to date while something in it is chosen. Choose something else to go on.");
    return;
  }
  refreshing = true;
  try {
    const answer = await fetch(part.dataset.refresh, {
      headers: { accept: "text/html" }, redirect: "error", signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
    if (!answer.ok) throw new Error(answer.statusText);
    const text = await answer.text();
    if (part.contains(document.activeElement)) return; // chosen meanwhile: it would be lost
    part.innerHTML = text;
    sayOld("");
    sayNews(part);
  } catch {
    sayOld("These numbers are old: the page doesn’t answer any more. It is asked again every few seconds; if that doesn’t help, reload it.");
  } finally {
    refreshing = false;
  }
}

for (const part of document.querySelectorAll("[data-refresh]")) {
  setInterval(() => refresh(part), 1000 * Number(part.dataset.seconds));
  if (part.querySelector("[data-soon]")) setTimeout(() => refresh(part), 1000);
}

// a map or a plot is one stop of the Tab key; arrow keys lead from one of its links to the nearest on that side
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function corner(link) {
  const { x, y, height } = link.querySelector("rect");
  return [x.baseVal.value, y.baseVal.value + height.baseVal.value];
}

function nearest(links, from, [right, down]) {
  const [x, y] = corner(from);
  let best = null, least = Infinity;
  for (const link of links) {
    const [otherX, otherY] = corner(link);
    const along = (otherX - x) * right + (otherY - y) * down;
    const aside = Math.abs((otherX - x) * down + (otherY - y) * right);
    if (along > 0.01 && along + 5 * aside < least) [best, least] = [link, along + 5 * aside];
  }
  return best;
}

function leadByArrows(drawing) {
  const links = [...drawing.querySelectorAll("a")];
  links.forEach((link, number) => { link.tabIndex = number ? -1 : 0; });
  drawing.addEventListener("keydown", (event) => {
    const from = event.target.closest("a"), direction = DIRECTIONS[event.key];
    const to = from && direction && nearest(links, from, direction);
    if (!to) return;
    event.preventDefault();
    [from.tabIndex, to.tabIndex] = [-1, 0];
    to.focus();
  });
}

document.querySelectorAll("svg[data-arrows]").forEach(leadByArrows);

// a plot that is still being counted: ask again until it is there
async function follow(part) {
  const answer = await fetch(part.dataset.follow).catch(() => null);
  if (!answer?.ok) {
    part.textContent = "The plot can’t be made now. It is asked for again every few seconds.";
    setTimeout(() => follow(part), 4000);
    return;
  }
  part.innerHTML = await answer.text();
  part.querySelectorAll("svg[data-arrows]").forEach(leadByArrows);
  sayNews(part);
  if (answer.headers.get("x-unfinished")) setTimeout(() => follow(part), 700);
}

for (const part of document.querySelectorAll("[data-follow]")) follow(part);

// a search that found nothing yet, and isn't at its end
const onward = document.querySelector("a[data-onward]");
if (onward) setTimeout(() => location.replace(onward.href), 300);

for (const chooser of document.querySelectorAll("form[data-immediate]")) {
  chooser.addEventListener("change", () => chooser.requestSubmit());
}

for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  });
}
