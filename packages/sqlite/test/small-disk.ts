import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const mount = (place: string, options: string) =>
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", place], { stdio: "ignore" });

/** Whether this user may mount a small file system: root on Linux, where a container lets it. Says so if not. */
export function canMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), "loops-mount-"));
  try {
    mount(place, "size=64k");
    execFileSync("umount", [place]);
    return true;
  } catch {
    process.stderr.write(
      "skipped: a disk that is really full, or read-only (needs root on Linux, and the right to mount)\n",
    );
    return false;
  } finally {
    rmSync(place, { recursive: true });
  }
}

export interface SmallDisk {
  readonly path: string;
  remount(options: string): void;
  remove(): void;
}

/** A disk of so many KiB. */
export function smallDisk(kib: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), "loops-disk-"));
  mount(path, `size=${kib}k`);
  return {
    path,
    remount: (options) => void execFileSync("mount", ["-o", `remount,${options}`, path], { stdio: "ignore" }),
    remove() {
      execFileSync("umount", ["--lazy", path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
