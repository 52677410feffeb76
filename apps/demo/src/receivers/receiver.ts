/** The other side of one sink: keeps the ids of what arrived, to be compared with what was committed. */
export interface Receiver {
  /** Name of the sink. */
  readonly sink: string;
  /** The id of every event of a run that is there, as often as it is. */
  ids(runId: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What the sinks of a worker need to know of their other sides. Plain data: it goes to another process. */
export interface Addresses {
  readonly webhook: { readonly url: string; readonly secret: string };
  /** `null` where there is none on this machine. */
  readonly redis: { readonly url: string; readonly stream: string } | null;
  readonly otlp: string | null;
}
