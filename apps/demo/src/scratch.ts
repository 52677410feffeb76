import { cp, mkdtemp } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Copies the broken project to a temporary folder, which stays for the person to look at. */
export async function copyProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "loops-demo-"));
  await cp(fileURLToPath(new URL("../project", import.meta.url)), folder, { recursive: true });
  return folder;
}

/** A PATH on which actions find the type checker that is installed with the demo. */
export function pathWithTools(): string {
  const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
  return [join(typescript, "bin"), dirname(process.execPath), process.env["PATH"]].join(delimiter);
}
