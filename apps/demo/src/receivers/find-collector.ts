import { connect } from "node:net";

/** Where an OpenTelemetry collector listens by itself. */
const usual = { host: "127.0.0.1", port: 4318 };

/** The OTLP endpoint that the environment names, else the one that answers at the usual place; `null` where there is none. */
export async function findCollector(): Promise<string | null> {
  const given = process.env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] || process.env["OTEL_EXPORTER_OTLP_ENDPOINT"];
  if (given) return given;
  return (await answers()) ? `http://${usual.host}:${usual.port}` : null;
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(usual);
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(200, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
