"use strict";
// Shows the values of a chart under the pointer, the finger, or by the arrow keys; for page and report alike.
// Has no ampersand and no less-than sign: the report that it stands in is also XML.

function valuesOf(chart) {
  chart.values ??= JSON.parse(chart.dataset.values);
  return chart.values;
}

function point(chart, share) {
  const { points } = valuesOf(chart);
  let nearest = 0;
  points.forEach(([at], place) => {
    if (Math.abs(points[nearest][0] - share) > Math.abs(at - share)) nearest = place;
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
