// The viewer: tiles of the image below, tiles of outlines above, and the numbers of the nucleus under the pointer.
"use strict";

const place = document.getElementById("viewer");
const image = Number(place.dataset.image), width = Number(place.dataset.width), height = Number(place.dataset.height);
const edition = place.dataset.edition;
const side = Number(place.dataset.side), coarsest = Number(place.dataset.coarsest);
const numbers = document.getElementById("numbers"), note = document.getElementById("viewer-note");
const fields = [...document.querySelectorAll("fieldset[data-channel]")];
const outlinesShown = document.getElementById("outlines");
const atStart = numbers.innerHTML;

const maxLevel = Math.ceil(Math.log2(Math.max(width, height)));
const minLevel = Math.max(0, maxLevel - Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / side))));

function source(kind, parameters, lowest) {
  return {
    width, height, tileSize: side, tileOverlap: 0, minLevel: lowest, maxLevel,
    getTileUrl: (level, column, row) =>
      `/images/${image}/${kind}/${2 ** (maxLevel - level)}/${column}/${row}?v=${edition}&${parameters()}`,
  };
}

// which channels are shown, as the URL of a tile says it; the page's own URL says it, too, so that it can be shared
function shownChannels() {
  return fields.filter((field) => field.elements.on.checked).map((field) => {
    const { colour, dark, bright } = field.elements;
    return `${field.dataset.channel}:${colour.value.slice(1)}:${dark.value}:${bright.value}`;
  });
}

function tileParameters() {
  const shown = shownChannels();
  const none = fields.length && !shown.length ? ["999:000000:0:1"] : [];
  return new URLSearchParams([...shown, ...none].map((channel) => ["c", channel])).toString();
}

function outlineParameters() {
  const given = new URLSearchParams(location.search), wanted = new URLSearchParams();
  for (const name of ["by", "channel"]) if (given.get(name)) wanted.set(name, given.get(name));
  return wanted.toString();
}

function readUrl() {
  const given = new URLSearchParams(location.search);
  if (given.has("c")) {
    const wanted = new Map(given.getAll("c").map((text) => [text.split(":")[0], text.split(":")]));
    for (const field of fields) {
      const channel = wanted.get(field.dataset.channel);
      field.elements.on.checked = Boolean(channel);
      if (!channel) continue;
      field.elements.colour.value = `#${channel[1]}`;
      field.elements.dark.value = channel[2];
      field.elements.bright.value = channel[3];
    }
  }
  outlinesShown.checked = given.get("outlines") !== "off";
}

function writeUrl() {
  const given = new URLSearchParams(location.search);
  given.delete("c");
  for (const channel of shownChannels()) given.append("c", channel);
  if (outlinesShown.checked) given.delete("outlines");
  else given.set("outlines", "off");
  history.replaceState(null, "", `${location.pathname}?${given}`);
}

readUrl();

const viewer = OpenSeadragon({
  element: place,
  drawer: "canvas",
  showNavigationControl: false,
  crossOriginPolicy: false,
  maxZoomPixelRatio: 16,
  imageSmoothingEnabled: false,
  animationTime: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.5,
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  tileSources: [],
});
const canvas = place.querySelector(".openseadragon-canvas");
canvas.setAttribute("role", "application");
canvas.setAttribute("aria-label", "The image with its outlines: arrow keys move it, + and − zoom; the table below lists its nuclei");

let layer, lines;
// in place of what was shown before: a tile that failed is never asked for again
function instead(old) {
  return old ? { index: viewer.world.getIndexOfItem(old), replace: true } : {};
}

function showImage(then) {
  viewer.addTiledImage({
    ...instead(layer),
    tileSource: source("tiles", tileParameters, minLevel),
    success: ({ item }) => { layer = item; then?.(); },
  });
}

function showOutlines(then) {
  viewer.addTiledImage({
    ...instead(lines),
    tileSource: source("outlines", outlineParameters, Math.max(minLevel, maxLevel - Math.log2(coarsest))),
    success: ({ item }) => { lines = item; lines.setOpacity(outlinesShown.checked ? 1 : 0); then?.(); },
  });
}

showImage(() => showOutlines(goToNucleus));

function goToNucleus() {
  if (!place.dataset.bbox) return;
  const [top, left, bottom, right] = place.dataset.bbox.split(" ").map(Number);
  const box = (margin) => layer.imageToViewportRectangle(
    left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin);
  const frame = document.createElement("div");
  frame.className = "selected-nucleus";
  viewer.addOverlay({ element: frame, location: box(2) });
  viewer.viewport.fitBounds(box(Math.max(60, 3 * (bottom - top))), true);
}

// what can't be shown now, as the file is away or was changed: say why, ask again, and show it once it is there
const ASK_AGAIN_MILLISECONDS = 4000;
let missing = null;

function say(text) {
  if (note.textContent !== text) note.textContent = text;
}

async function askAgain() {
  const answer = document.hidden ? null : await fetch(missing).catch(() => new Response("The page doesn’t answer.", { status: 503 }));
  if (answer?.ok) {
    missing = null;
    say("");
    showImage();
    showOutlines();
    return;
  }
  if (answer) say((await answer.text()).trim().slice(0, 300));
  setTimeout(askAgain, ASK_AGAIN_MILLISECONDS);
}

viewer.addHandler("tile-load-failed", ({ tile }) => {
  if (missing) return;
  missing = tile.getUrl();
  askAgain();
});

let waiting;
document.getElementById("channels").addEventListener("input", (event) => {
  writeUrl();
  if (event.target === outlinesShown) {
    lines.setOpacity(outlinesShown.checked ? 1 : 0);
    return;
  }
  clearTimeout(waiting);
  waiting = setTimeout(showImage, 150);
});

// the number under the pointer: one question at a time, and the newest place counts
function pixelAt(position) {
  const at = layer.viewportToImageCoordinates(viewer.viewport.pointFromPixel(position));
  const column = Math.floor(at.x), row = Math.floor(at.y);
  return column >= 0 && row >= 0 && column < width && row < height ? { row, column } : null;
}

async function nucleusAt({ row, column }) {
  const answer = await fetch(`/api/images/${image}/at?row=${row}&col=${column}&v=${edition}`).catch(() => new Response("", { status: 503 }));
  const said = answer.ok ? "" : (await answer.json().catch(() => ({}))).error ?? "The page doesn’t answer.";
  if (!missing) say(said);
  return answer.ok ? (await answer.json()).nucleus : null;
}

let asking = false, next = null;
async function look(pixel) {
  next = pixel;
  if (asking) return;
  asking = true;
  while (next) {
    const now = next;
    next = null;
    show(await nucleusAt(now).catch(() => null));
  }
  asking = false;
}

function figure(value) {
  if (value === null) return "–";
  return Number.isInteger(value) || Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));
}

let shownLabel = null;
function show(nucleus) {
  if (!nucleus) {
    if (shownLabel !== null) numbers.innerHTML = atStart;
    shownLabel = null;
    return;
  }
  if (nucleus.label === shownLabel) return;
  shownLabel = nucleus.label;
  const table = document.createElement("table");
  table.createCaption().textContent = `Nucleus ${nucleus.label}`;
  const rows = Object.entries(nucleus.shape);
  for (const [channel, values] of Object.entries(nucleus.intensities)) {
    for (const [name, value] of Object.entries(values)) rows.push([`${name}, channel ${channel}`, value]);
  }
  for (const [name, value] of rows) {
    const row = table.insertRow(), head = document.createElement("th");
    head.scope = "row";
    head.textContent = name.replaceAll("_", " ");
    row.append(head);
    const cell = row.insertCell();
    cell.className = "num";
    cell.textContent = figure(value);
  }
  numbers.replaceChildren(table);
}

new OpenSeadragon.MouseTracker({
  element: viewer.container,
  moveHandler: ({ position }) => {
    const pixel = layer && pixelAt(position);
    if (pixel) look(pixel);
    else show(null);
  },
});

viewer.addHandler("canvas-click", async ({ position, quick }) => {
  const pixel = quick && layer && pixelAt(position);
  const nucleus = pixel && await nucleusAt(pixel).catch(() => null);
  if (nucleus) location.assign(`/images/${image}/nuclei/${nucleus.label}${location.search}`);
});
