"use strict";
// Live values, charts drawn anew now and then, and the values under the pointer. The page also works without it.

const SILENT_MS = 40000; // the server says something every 15 s
const byId = (id) => document.getElementById(id);
let heard = Date.now();
let drawn = Date.now();

function show(parts) {
  heard = Date.now();
  const open = document.querySelector("#energy details")?.open;
  for (const id of ["now", "energy"]) {
    if (parts[id] !== undefined) byId(id).innerHTML = parts[id]; // the server has escaped it
  }
  const details = document.querySelector("#energy details");
  if (details && open) details.open = true;
  if (parts.title !== undefined) document.title = parts.title;
  tell();
}

function tell() {
  const isLost = Date.now() - heard > SILENT_MS || events.readyState === EventSource.CLOSED;
  const line = byId("connection");
  const words = isLost
    ? `Not live: the page's server does not answer. Last heard at ${new Date(heard).toLocaleTimeString()}.` : "";
  line.classList.toggle("lost", isLost);
  if (line.textContent !== words) line.textContent = words;
}

async function drawAgain() {
  const charts = byId("charts");
  drawn = Date.now();
  try {
    const answer = await fetch(`/charts?range=${charts.dataset.range}`);
    if (answer.ok) charts.innerHTML = await answer.text();
  } catch { /* tell() says that the server is away */ }
}

function valuesOf(chart) {
  chart.values ??= JSON.parse(chart.dataset.values);
  return chart.values;
}

function point(chart, share) {
  const { points } = valuesOf(chart);
  let nearest = 0;
  points.forEach(([at], place) => {
    if (Math.abs(at - share) < Math.abs(points[nearest][0] - share)) nearest = place;
  });
  mark(chart, nearest);
}

function mark(chart, place) {
  const { unit, names, points } = valuesOf(chart);
  chart.place = Math.max(0, Math.min(place, points.length - 1));
  const [at, moment, ...values] = points[chart.place];
  const shown = values.map((value, n) => `${names[n]} ${value === null ? "not known" : `${value.toFixed(1)} ${unit}`}`);
  let value = chart.querySelector(".value");
  if (!value) {
    value = chart.appendChild(document.createElement("p"));
    value.className = "value";
    value.setAttribute("role", "status");
  }
  value.textContent = `${moment}: ${shown.join(", ")}`;
  const drawing = chart.querySelector("svg svg");
  let cursor = drawing.querySelector(".cursor");
  if (!cursor) {
    cursor = drawing.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    cursor.setAttribute("class", "cursor");
  }
  cursor.setAttribute("d", `M${at * 800} 0V200`);
}

for (const kind of ["pointermove", "pointerdown"]) {
  document.addEventListener(kind, (event) => {
    const chart = event.target.closest?.(".chart[data-values]");
    if (!chart) return;
    const box = chart.querySelector("svg").getBoundingClientRect();
    point(chart, (event.clientX - box.left) / box.width);
  });
}

document.addEventListener("keydown", (event) => {
  const chart = event.target.closest?.(".chart[data-values]");
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
  if (!chart || !step) return;
  event.preventDefault();
  mark(chart, (chart.place ?? 0) + step);
});

const events = new EventSource("/live");
events.onmessage = (event) => show(JSON.parse(event.data));
setInterval(() => {
  tell();
  const seconds = Number(document.querySelector("[data-every]")?.dataset.every ?? 60);
  if (!document.hidden && Date.now() - drawn > seconds * 1000) drawAgain();
}, 1000);
