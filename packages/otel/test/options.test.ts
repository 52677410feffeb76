import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createBus, wireTransports } from "@loops/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readEnvironment } from "../src/environment.js";
import { createTransport, otelTransport } from "../src/index.js";
import { otlpTarget, type TargetOptions } from "../src/otlp-target.js";
import { OtlpEndpoint } from "./fixtures/otlp-endpoint.js";

const run = promisify(execFile);

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("otelTransport", () => {
  it.each<[object, RegExp]>([
    [{ enpoint: "http://localhost:4318" }, /enpoint is not known; did you mean endpoint\?/],
    [{ colour: "red" }, /colour is not known; known are endpoint, /],
    [{ endpoint: "localhost" }, /endpoint must be a URL/],
    [{ endpoint: "ftp://localhost" }, /endpoint must be a URL/],
    [{ protocol: "http" }, /protocol must be one of http\/protobuf, http\/json, grpc/],
    [{ endpoint: "htp://user:secret@host/path?token=secret" }, /not "htp:\/\/…@host\/path\?…"$/],
    [{ endpoint: "user:secret@host" }, /not "…@host"$/],
    [{ endpoint: new URL("http://localhost") }, /not a URL object: pass its href/],
    [{ endpoint: 4318 }, /endpoint must be a URL .* not number/],
    [{ retry: 3 }, /retry must be an object: \{ maxRetries, baseMs, maxMs \}/],
    [{ retry: { maxRetires: 1 } }, /maxRetires is not known; did you mean maxRetries\?/],
    [{ headers: { "bad header": "secret" } }, /the header "bad header" cannot be sent: (?!.*secret)/],
    [{ headers: { token: "secret\nx" } }, /the header "token" cannot be sent: (?!.*secret)/],
    [
      { headers: { token: "s\u00e9cret" }, protocol: "grpc" },
      /the header "token" cannot be sent with gRPC: (?!.*cret)/,
    ],
    [{ headers: new Headers({ token: "secret" }) }, /headers must be an object of texts/],
    [{ headers: { token: 1 } }, /headers must be an object of texts/],
    [{ headers: "token=1" }, /headers must be an object of texts/],
    [{ maxOpenRuns: "many" }, /maxOpenRuns must be a number/],
    [{ maxOpenRuns: 0 }, /maxOpenRuns must be at least 1/],
    [{ maxQueueItems: -1 }, /maxQueueItems must be a number/],
    [{ rootParent: "yes" }, /rootParent must be "none" or "env" or "active"/],
    [{ otherEvents: true }, /otherEvents must be/],
    [{ recordOutput: "no" }, /recordOutput must be true or false/],
    [{ serviceName: 7 }, /serviceName must be text/],
    [{ tracerProvider: {} }, /tracerProvider must have a function getTracer/],
    [{ meterProvider: () => 0 }, /meterProvider must have a function getMeter/],
  ])("refuses %j", (options, message) => {
    expect(() => otelTransport(options)).toThrow(
      expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringMatching(message) }),
    );
  });

  it("leaves no listener and no timer behind when it refuses or is closed", async () => {
    const before = process.listenerCount("beforeExit");
    expect(() => otelTransport({ maxOpenRuns: 0 })).toThrow();
    const transport = otelTransport();
    await transport.close();
    expect(process.listenerCount("beforeExit")).toBe(before);
  });
});

describe("where spans go", () => {
  const target = (options: TargetOptions, env: Record<string, string> = {}) => {
    const { url, protocol, headers } = otlpTarget(options, readEnvironment(env));
    return { url: url.href, protocol, headers };
  };

  it.each<[TargetOptions, Record<string, string>, string, string]>([
    [{}, {}, "http://localhost:4318/v1/traces", "http/protobuf"],
    [{ protocol: "grpc" }, {}, "http://localhost:4317/", "grpc"],
    [{ endpoint: "http://localhost:4317" }, {}, "http://localhost:4317/", "grpc"],
    [
      { endpoint: "http://localhost:4317", protocol: "http/protobuf" },
      {},
      "http://localhost:4317/v1/traces",
      "http/protobuf",
    ],
    [{ endpoint: "collector:4317", protocol: "grpc" }, {}, "http://collector:4317/", "grpc"],
    [{ endpoint: "https://o.example/otlp" }, {}, "https://o.example/otlp/v1/traces", "http/protobuf"],
    [{ endpoint: "https://o.example/otlp/" }, {}, "https://o.example/otlp/v1/traces", "http/protobuf"],
    [{ endpoint: "https://o.example/v1/traces" }, {}, "https://o.example/v1/traces", "http/protobuf"],
    [{ endpoint: "https://o.example/v1/traces/" }, {}, "https://o.example/v1/traces/", "http/protobuf"],
    [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://env:1/base" }, "http://env:1/base/v1/traces", "http/protobuf"],
    [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: "http://env:4317" }, "http://env:4317/", "grpc"],
    [
      {},
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://env:1/as/it/is", OTEL_EXPORTER_OTLP_ENDPOINT: "http://no:1" },
      "http://env:1/as/it/is",
      "http/protobuf",
    ],
    [
      { endpoint: "http://option:2" },
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://env:1/x" },
      "http://option:2/v1/traces",
      "http/protobuf",
    ],
    [{}, { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "http://localhost:4317/", "grpc"],
    [
      {},
      { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json" },
      "http://localhost:4318/v1/traces",
      "http/json",
    ],
    [
      {},
      { OTEL_EXPORTER_OTLP_ENDPOINT: " ", OTEL_EXPORTER_OTLP_PROTOCOL: "" },
      "http://localhost:4318/v1/traces",
      "http/protobuf",
    ],
  ])("O-1: %j with %j is %s over %s", (options, env, url, protocol) => {
    expect(target(options, env)).toMatchObject({ url, protocol });
  });

  it("headers of the options win over those of the environment, of traces over those of all signals", () => {
    const env = {
      OTEL_EXPORTER_OTLP_HEADERS: "a=1,b=2, c = with%20blank,broken,d=%",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "B=3",
    };
    expect(target({ headers: { A: "0" } }, env).headers).toEqual({ a: "0", b: "3", c: "with blank", d: "%" });
  });

  it.each([{ OTEL_EXPORTER_OTLP_PROTOCOL: "smoke" }, { OTEL_EXPORTER_OTLP_CERTIFICATE: "/no/such/file" }])(
    "%j is refused",
    (env) => {
      expect(() => readEnvironment(env)).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
    },
  );

  it("numbers of the environment are taken where they are numbers", () => {
    const env = { OTEL_BSP_MAX_QUEUE_SIZE: "7", OTEL_BSP_SCHEDULE_DELAY: "soon", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "-1" };
    expect(readEnvironment({ ...env, OTEL_EXPORTER_OTLP_TIMEOUT: "250" })).toMatchObject({
      maxQueueItems: 7,
      flushIntervalMs: undefined,
      maxBatchItems: undefined,
      timeoutMs: 250,
    });
  });
});

describe("the environment", () => {
  const send = async (options: object = {}) => {
    const endpoint = await OtlpEndpoint.start();
    try {
      vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.url);
      const transport = otelTransport({ rootParent: "none", ...options });
      transport.send({ event: "loop_start", ts: new Date().toISOString(), id: "1", run_id: "R", loop: "fix" });
      await transport.close();
      return { ...endpoint, stats: transport.stats() };
    } finally {
      await endpoint.close();
    }
  };

  it("O-2: names the service and the resource, and the option wins", async () => {
    vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", "service.name=attributes,deployment.environment.name=test");
    expect((await send()).spans[0]?.resource).toMatchObject({
      "service.name": "attributes",
      "deployment.environment.name": "test",
    });
    vi.stubEnv("OTEL_SERVICE_NAME", "variable");
    expect((await send()).spans[0]?.resource).toMatchObject({ "service.name": "variable" });
    expect((await send({ serviceName: "option" })).spans[0]?.resource).toMatchObject({ "service.name": "option" });
  });

  it("chooses JSON, compression and headers", async () => {
    vi.stubEnv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    vi.stubEnv("OTEL_EXPORTER_OTLP_HEADERS", "x-token=secret");
    const { requests, spans } = await send();
    expect(requests[0]).toMatchObject({
      path: "/v1/traces",
      headers: { "content-encoding": "gzip", "content-type": "application/x-protobuf", "x-token": "secret" },
    });
    expect(spans).toHaveLength(1);
  });

  it.each([{ OTEL_SDK_DISABLED: "true" }, { OTEL_TRACES_EXPORTER: "none" }])("%j: nothing is recorded", async (env) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { asked, stats } = await send();
    expect(asked).toBe(0);
    expect(stats).toMatchObject({ received: 1, delivered: 1, unsampled: 1 });
  });
});

describe("createTransport", () => {
  it("C-2: takes the section of a file, and warns of what it does not know", async () => {
    const endpoint = await OtlpEndpoint.start();
    try {
      const warnings: string[] = [];
      const bus = createBus();
      const otel = {
        endpoint: endpoint.url,
        service_name: "mine",
        max_open_runs: 5,
        retry: { max_retries: 1, max_pause: 7, base_ms: null },
        colour: "red",
        headers: null,
      };
      const wired = await wireTransports(
        bus,
        { transports: ["otel"], otel },
        {
          import: async () => ({ createTransport }),
          warn: (message) => warnings.push(message),
        },
      );
      expect(wired).toEqual(["otel"]);
      expect(warnings).toEqual([
        expect.stringMatching(/colour is not known/),
        expect.stringMatching(/maxPause is not known/),
      ]);
      bus.emit({ event: "loop_start", run_id: "R", loop: "fix" });
      await bus.close();
      expect(endpoint.spans[0]).toMatchObject({ name: "fix", resource: { "service.name": "mine" } });
    } finally {
      await endpoint.close();
    }
  });

  it("refuses a wrong option in the words of the file", async () => {
    const wiring = wireTransports(
      createBus(),
      { transports: ["otel"], otel: { max_open_runs: "many" } },
      {
        import: async () => ({ createTransport }),
      },
    );
    await expect(wiring).rejects.toMatchObject({ code: "LOOPS_CONFIG" });
  });
});

describe("O-3: a package that is missing", () => {
  /** The built package in a folder where only `packages` are installed beside it. */
  async function inFolder(packages: readonly string[], script: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "loops-otel-"));
    try {
      const root = fileURLToPath(new URL("..", import.meta.url));
      await mkdir(join(folder, "node_modules/@loops/otel"), { recursive: true });
      await run("cp", ["-r", join(root, "dist"), join(root, "package.json"), join(folder, "node_modules/@loops/otel")]);
      for (const name of ["@loops/core", "@opentelemetry/api", ...packages]) {
        await mkdir(join(folder, "node_modules", name, ".."), { recursive: true });
        await symlink(join(root, "node_modules", name), join(folder, "node_modules", name));
      }
      await writeFile(join(folder, "script.mjs"), script);
      return (await run(process.execPath, ["script.mjs"], { cwd: folder, env: { ...process.env, NODE_PATH: "" } }))
        .stdout;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  const make = (options: string) => `
    import { otelTransport } from "@loops/otel";
    try { otelTransport(${options}); console.log("made"); } catch (error) { console.log(error.code, error.message); }
    process.exit();
  `;
  const sdk = ["@opentelemetry/core", "@opentelemetry/resources", "@opentelemetry/sdk-trace-base"];

  it("is named, with what it is needed for and the line that installs it", async () => {
    expect(await inFolder(sdk, make("{}"))).toBe(
      "LOOPS_OTEL_MISSING [otel] protocol http/protobuf needs @opentelemetry/otlp-transformer, which is not installed. " +
        "Run: npm install @opentelemetry/otlp-transformer\n",
    );
    expect(await inFolder([...sdk, "@opentelemetry/otlp-transformer"], make('{ protocol: "grpc" }'))).toBe(
      "LOOPS_OTEL_MISSING [otel] protocol grpc needs @grpc/grpc-js, which is not installed. " +
        "Run: npm install @grpc/grpc-js @opentelemetry/otlp-transformer\n",
    );
    expect(await inFolder([], make("{}"))).toMatch(
      /^LOOPS_OTEL_MISSING .*npm install @opentelemetry\/(sdk-trace-base @opentelemetry\/resources|otlp-transformer|core)\n$/,
    );
  });

  it("is not missed by who passes a provider", async () => {
    expect(await inFolder([], make("{ tracerProvider: { getTracer() {} } }"))).toBe("made\n");
  });
});
