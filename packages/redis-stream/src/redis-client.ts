import type { Redis } from "ioredis";

/**
 * An ioredis client of the caller's, of version 6 or 5: for one server, behind sentinels, or a `Cluster`. It tells where
 * to connect and how to log in. It is never closed, and never used for commands: those go over connections of our own,
 * made with its `duplicate`, because a connection that hangs has to be cut.
 */
export interface RedisClient {
  readonly options: object;
  duplicate(...args: never[]): unknown;
}

/** A connection of our own. Of a cluster, too: what is called on it is the same. */
export type OwnClient = Redis;

/** Commands fail when there is no connection: they are never kept for later, and never sent a second time. */
const failFast = {
  lazyConnect: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: null,
  reconnectOnError: null,
  enableAutoPipelining: false,
  // INFO, which some users may not call; a server that is still loading says so to the first command.
  enableReadyCheck: false,
  disableClientInfo: true,
  monitor: false,
  readOnly: false,
  protocol: 2,
  replyMapping: "legacy",
  stringNumbers: false,
  // Ours are the deadlines.
  commandTimeout: undefined,
  blockingTimeout: undefined,
  socketTimeout: undefined,
  // A connection that is given up is destroyed by us, and has no timer left that would hold the process.
  disconnectTimeout: 0,
  // Put in front of the names of streams where these are made.
  keyPrefix: "",
} as const;

/** Makes clients that are not connected yet. */
export type ClientFactory = (connectTimeoutMs: number) => Promise<OwnClient>;

export function clientFactory(source: string | RedisClient): ClientFactory {
  if (typeof source === "string") {
    return async (connectTimeout) => {
      // Here and not at the top: who brings a client loads no second ioredis.
      const { Redis } = await import("ioredis");
      // What comes first counts: nothing in the URL is to take away what makes commands fail.
      const Client = Redis as unknown as new (options: object, url: string) => OwnClient;
      return new Client({ ...failFast, connectTimeout }, source);
    };
  }
  if (isCluster(source)) {
    const duplicate = source.duplicate.bind(source) as (nodes: [], options: object) => OwnClient;
    const { redisOptions = {} } = source.options as { redisOptions?: object };
    return async (connectTimeout) => {
      const { lazyConnect, enableOfflineQueue: _, keyPrefix, ...node } = failFast;
      // The cluster asks its nodes while they connect, so those have to take commands early; it has itself told
      // what is to fail.
      const options = { ...node, enableOfflineQueue: true, connectTimeout };
      return duplicate([], {
        lazyConnect,
        keyPrefix,
        enableAutoPipelining: false,
        scaleReads: "master",
        clusterRetryStrategy: () => null,
        redisOptions: { ...redisOptions, ...options },
      });
    };
  }
  const duplicate = source.duplicate.bind(source) as (options: object) => OwnClient;
  return async (connectTimeout) => duplicate({ ...failFast, connectTimeout });
}

/** What the caller's client puts in front of every key. */
export function keyPrefixOf(source: string | RedisClient): string {
  const { keyPrefix } = (typeof source === "string" ? {} : source.options) as { keyPrefix?: string };
  return keyPrefix ?? "";
}

export function isRedisClient(value: unknown): value is RedisClient {
  const { options, duplicate } = (value ?? {}) as Partial<RedisClient>;
  return typeof options === "object" && typeof duplicate === "function";
}

export function isCluster(client: RedisClient): boolean {
  return (client as { isCluster?: boolean }).isCluster === true;
}

/** The connections below a client: one, or one for each node of a cluster. */
export function socketsOf(client: OwnClient): readonly Socket[] {
  const { nodes } = client as { nodes?: () => readonly OwnClient[] };
  const clients = nodes === undefined ? [client] : nodes.call(client);
  return clients.map(({ stream }) => stream as Socket | undefined).filter((socket) => socket !== undefined);
}

interface Socket {
  readonly writable: boolean;
  cork(): void;
  uncork(): void;
  unref?(): void;
  destroy(): void;
}
