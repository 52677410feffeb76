import { isIP } from "node:net";

/**
 * Whether a `Host` header calls this server by a name that it has: `localhost`, an address, or one of `hosts`. A page of a
 * stranger can give its own name the address 127.0.0.1 (DNS rebinding), but cannot make a browser send an address or another
 * name instead. The port is not looked at: a tunnel may have another.
 */
export function isAllowedHost(header: string | undefined, hosts: readonly string[]): boolean {
  const name = hostName(header);
  return name !== undefined && (isLoopback(name) || isIP(name) !== 0 || hosts.some((host) => hostName(host) === name));
}

/** In one form: without port, brackets and the dot at the end, in small letters; `undefined` for what is no host. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined || /[/@?#\\\s]/.test(host)) return undefined;
  const address = host.includes(":") && !host.includes("]") && host.indexOf(":") !== host.lastIndexOf(":");
  const url = `http://${address ? `[${host}]` : host}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "") : undefined;
}

/** Whether only this machine can be meant. */
export function isLoopback(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127\.\d+\.\d+\.\d+$/.test(name);
}
