import type { Migration } from "../database/migrate.js";
import { version1 } from "./version-1.js";
import { version2 } from "./version-2.js";

/** In order: the first makes version 1. Never changed once released; a further version is a further entry. */
export const migrations: readonly Migration[] = [version1, version2];
