// Live values, and charts drawn anew now and then. The page also works without it. The report's script comes before it.

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

const events = new EventSource("/live");
events.onmessage = (event) => show(JSON.parse(event.data));
setInterval(() => {
  tell();
  const seconds = Number(document.querySelector("[data-every]")?.dataset.every ?? 60);
  if (!document.hidden && Date.now() - drawn > seconds * 1000) drawAgain();
}, 1000);
