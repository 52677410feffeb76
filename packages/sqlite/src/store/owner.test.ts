import { expect, it } from "vitest";
import { isHeld, ownOwner, type StoredOwner } from "./owner.js";

const self: StoredOwner = { ...ownOwner(), claim: "mine" };
const dead = { pid: 4_194_301, start_time: "1", claim: "theirs" };
const server = { self, oneMachine: false, claims: new Set(["mine"]) };
const file = { ...server, oneMachine: true };
const record = (owner: object | string | null, lease_holds: boolean) => ({
  owner: typeof owner === "object" && owner !== null ? JSON.stringify(owner) : owner,
  lease_holds,
});

it("a process that the system here knows holds a run as long as it lives, whatever its lease says", () => {
  for (const observer of [server, file]) {
    expect(isHeld(record(self, false), observer)).toBe(true);
    expect(isHeld(record({ ...self, ...dead }, true), observer)).toBe(false);
    expect(isHeld(record(null, true), observer)).toBe(false);
  }
});

it("of a process on another machine, of another kernel or in another container only the lease tells", () => {
  const others = [{ host: "elsewhere" }, { pid_namespace: "pid:[1]" }, { host: "elsewhere", boot_id: "another" }];
  for (const other of others) {
    for (const observer of [server, file]) {
      expect(isHeld(record({ ...self, ...dead, ...other }, true), observer)).toBe(true);
      expect(isHeld(record({ ...self, ...other }, false), observer)).toBe(false);
    }
  }
});

it("a name that many machines have makes nobody dead: on a server an owner of another boot keeps its lease", () => {
  const namesake = { ...self, ...dead, boot_id: "another" };
  expect(isHeld(record(namesake, true), server)).toBe(true);
  // Of a file there is one machine, which was started anew.
  expect(isHeld(record(namesake, true), file)).toBe(false);
  const nameless = { ...server, self: { ...self, boot_id: null } };
  expect(isHeld(record({ ...self, ...dead, boot_id: null }, true), nameless)).toBe(true);
});

it("a lease of this process that nobody holds is over when it is over, and what is no owner too", () => {
  const lost = { ...self, claim: "never answered" };
  for (const owner of [lost, "{", "{}", "null", '{"pid":"1"}']) {
    expect(isHeld(record(owner, true), server)).toBe(true);
    expect(isHeld(record(owner, false), server)).toBe(false);
  }
});
