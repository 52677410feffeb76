import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { webhookTransport } from "../src/index.js";
import { atEnd, receiver, sinkTo } from "./sink.js";

const secretParts = {
  user: "zuser7",
  password: "zpass7",
  path: "zpath7",
  query: "zquery7",
  header: "zheader7",
  key: Buffer.from("zsigningkey7zsigningkey7zsigningkey7").toString("base64"),
};
const basic = Buffer.from(`${secretParts.user}:${secretParts.password}`).toString("base64");
const secrets = [...Object.values(secretParts), basic];

/** Everything a person could come to see of a value: its texts, causes, hidden fields and JSON. */
function shownOf(value: unknown): string {
  const deep = inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true });
  return `${String(value)} ${deep} ${JSON.stringify(value)}`;
}

function expectNoSecret(shown: string): void {
  for (const secret of secrets) expect(shown).not.toContain(secret);
}

function urlOf(port: number): string {
  const { user, password, path, query } = secretParts;
  return `http://${user}:${password}@127.0.0.1:${port}/${path}?token=${query}`;
}

const options = { headers: { "X-Token": secretParts.header }, secret: `whsec_${secretParts.key}` };

describe("credentials", () => {
  it("reach the receiver: user and password as an Authorization header", async () => {
    const target = await receiver();
    const { bus, emit } = sinkTo(urlOf(target.port), options);
    emit(1);
    await bus.close();
    const [request] = target.accepted;
    expect(request?.path).toBe(`/${secretParts.path}?token=${secretParts.query}`);
    expect(request?.headers).toMatchObject({ authorization: `Basic ${basic}`, "x-token": secretParts.header });
  });

  it("of the caller's own header go before those in the url", async () => {
    const target = await receiver();
    const { bus, emit } = sinkTo(urlOf(target.port), { headers: { AUTHORIZATION: "Bearer a" } });
    emit(1);
    await bus.close();
    expect(target.accepted[0]?.headers.authorization).toBe("Bearer a");
  });

  it("are in nothing that is reported, handed over, kept in files or to be seen of the sink, whatever goes wrong", async () => {
    const folder = mkdtempSync(join(tmpdir(), "loops-webhook-secret-"));
    atEnd(() => rmSync(folder, { recursive: true, force: true }));
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown) => warnings.push(warning);
    process.on("warning", onWarning);
    atEnd(() => process.off("warning", onWarning));
    const target = await receiver();
    const gone = await receiver();
    await gone.close();
    const shown: string[] = [];
    for (const [index, status] of [301, 400, 401, 410, 413, 500, -1, -2, -3].entries()) {
      target.answer(({ headers, path }) => {
        if (status === -1) return (_, socket) => void socket.destroy();
        if (status === -2) return (_, socket) => void socket.end(`HTTP/9 ${JSON.stringify(headers)} ${path}\r\n\r\n`);
        // A receiver that echoes what it got.
        return (response) =>
          void response.writeHead(status, { location: path, "x-echo": path }).end(JSON.stringify({ headers, path }));
      });
      const { bus, emit, errors, transport } = sinkTo(urlOf(status === -3 ? gone.port : target.port), {
        ...options,
        maxRetries: 1,
        deadLetterPath: join(folder, "letters.jsonl"),
        spool: { path: join(folder, `spool-${index}`) },
        onDeadLetter: (letter) => shown.push(shownOf(letter)),
      });
      emit(1);
      shown.push(shownOf(await bus.flush({ timeoutMs: 1000 })));
      shown.push(shownOf(await bus.close({ timeoutMs: 100 })));
      expect(errors.length).toBeGreaterThan(0);
      shown.push(...errors.map(shownOf), shownOf(transport), shownOf(bus.stats()));
    }
    const own = webhookTransport({ ...options, url: urlOf(gone.port), maxRetries: 0 });
    const json = "{}";
    own.send({ event: "", ts: "", id: "" }, { json, line: json, bytes: Buffer.from(json) });
    await own.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings.length).toBeGreaterThan(0);
    shown.push(...warnings.map(shownOf));
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (name.includes(".jsonl")) shown.push(readFileSync(join(folder, name), "utf8"));
    }
    expectNoSecret(shown.join("\n"));
  });

  it.each<[string, object]>([
    ["an address that is none", { url: `http//${urlOf(80)}` }],
    ["an address of another protocol", { url: urlOf(80).replace("http:", "ftp:") }],
    ["a header with a line end", { headers: { "X-Token": `${secretParts.header}\r\nX: 1` } }],
    ["a header that is no text", { headers: { "X-Token": [secretParts.header] } }],
    ["a name that is none", { headers: { "X Token": secretParts.header } }],
    ["a secret that is no base64", { secret: `whsec_${secretParts.key}!` }],
    ["an unknown option", { token: secretParts.header }],
  ])("are not shown when options are refused: %s", (_, wrong) => {
    let error: unknown;
    try {
      webhookTransport({ url: urlOf(80), ...options, ...wrong });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: "LOOPS_CONFIG" });
    expectNoSecret(shownOf(error));
  });
});
