export { type SqlStore, type SqlStoreOptions, type SqlStorePlace, sqlStore } from "./store/sql-store.js";
