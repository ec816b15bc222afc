// Live values, and charts drawn anew now and then. The page also works without it. The report's script comes before it.

const SILENT_MS = 40000; // the server says something every 15 s
const RETRY_MS = 10000; // after an answer such as 503 a browser does not ask again by itself
const byId = (id) => document.getElementById(id);
let events;
let asked, heard;
let isLost = false;
let isDrawing = false;
let drawn = Date.now();

function listen() {
  asked = Date.now();
  events?.close();
  events = new EventSource("/live"); // a new one tells everything first
  events.onmessage = (event) => show(JSON.parse(event.data));
}

function show(parts) {
  heard = Date.now();
  isLost = false;
  for (const id of ["now", "energy"]) if (parts[id] !== undefined) replace(byId(id), parts[id]);
  if (parts.name !== undefined) byId("name").textContent = parts.name;
  if (parts.title !== undefined) document.title = parts.title;
  tell();
}

function tell() {
  const words = isLost
    ? `Not live: last heard from the page's server at ${new Date(heard).toLocaleTimeString()}.` : "";
  if (byId("connection").textContent !== words) byId("connection").textContent = words;
  document.body.classList.toggle("lost", isLost);
  if (isLost) document.title = `Not live: ${byId("name").textContent}`;
}

// New content, in which what a person has opened, marked or chosen by the keyboard stays so.
function replace(element, html) {
  const find = () => [...element.querySelectorAll("summary, [tabindex]")];
  const before = find();
  const isOpen = element.querySelector("details")?.open;
  const chosen = before.indexOf(document.activeElement);
  element.innerHTML = html; // the server has escaped it
  const after = find();
  if (isOpen) element.querySelector("details")?.setAttribute("open", "");
  before.forEach(({ place }, n) => {
    if (place !== undefined && after[n]?.dataset.values) mark(after[n], place);
  });
  after[chosen]?.focus({ preventScroll: true });
}

async function drawAgain() {
  if (isDrawing) return;
  isDrawing = true;
  const charts = byId("charts");
  try {
    const answer = await fetch(`/charts?range=${charts.dataset.range}`, { signal: AbortSignal.timeout(SILENT_MS) });
    if (answer.ok) replace(charts, await answer.text());
  } catch { /* tell() says that the server is away */ }
  isDrawing = false;
  drawn = Date.now();
}

// A hidden page lets go of its connection: a browser has only six for a server, and the server looks less often then.
function wakeOrRest() {
  if (document.hidden) {
    events?.close();
    document.title = byId("name").textContent;
  } else {
    heard = Date.now();
    listen();
  }
}

document.addEventListener("visibilitychange", wakeOrRest);
wakeOrRest();
setInterval(() => {
  if (document.hidden) return;
  isLost ||= Date.now() - heard > SILENT_MS || events.readyState === EventSource.CLOSED;
  tell();
  if (isLost && Date.now() - asked > RETRY_MS) listen();
  const seconds = Number(document.querySelector("[data-every]")?.dataset.every ?? 60);
  if (Date.now() - drawn > seconds * 1000) drawAgain();
}, 1000);
