import "./styles.css";
import { render } from "preact";
import { App } from "./app.js";
import { start } from "./state.js";

const root = document.getElementById("app");
if (root !== null) {
  start();
  render(<App />, root);
}
