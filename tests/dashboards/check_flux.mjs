// Reads a JSON list of Flux texts, writes a JSON list of booleans: syntax, names, argument names and types.
// Its argument is InfluxData's own Flux, compiled to WebAssembly.
import { readFileSync } from "node:fs";
const { is_valid_flux } = await import(process.argv[2]);

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map((text) => is_valid_flux(text))));
