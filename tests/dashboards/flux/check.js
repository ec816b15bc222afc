// Reads a JSON list of Flux texts, writes a JSON list of booleans: syntax, names, argument names and types.
// _bg.js and not flux-lsp-browser.js: only in this order of loading does node find the memory ready.
import { readFileSync } from "node:fs";
import { is_valid_flux } from "@influxdata/flux-lsp-browser/flux-lsp-browser_bg.js";

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map((text) => is_valid_flux(text))));
