import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { FileRequest } from "./expansion.js";
import { definitionHash } from "./hash.js";
import { parseLoop } from "./load.js";
import type { LoopDefinitionError } from "./problem.js";

type Files = Readonly<Record<string, string>>;

/** Loads `main.yaml` of some files. */
const load = (files: Files) =>
  parseLoop(files["main.yaml"] ?? "", {
    file: "main.yaml",
    read: ({ name }: FileRequest) => {
      const file = Object.hasOwn(files, name) ? name : `${name}.yaml`;
      const text = files[file];
      if (text === undefined) throw new Error(`nothing is called ${name}`);
      return { file, text };
    },
  });

const main = (text: string, others: Files = {}) => load({ ...others, "main.yaml": text });

function refusal(text: string, others: Files = {}): LoopDefinitionError {
  try {
    main(text, others);
  } catch (error) {
    return error as LoopDefinitionError;
  }
  throw new Error("the loop was accepted");
}

type Place = { file?: string; line: number | null; column: number | null; path: string; message: string };
const shown = ({ file = "main.yaml", line, column, path, message }: Place) =>
  `${file}:${line}:${column} ${path} ${message}`;
const problems = (text: string, others?: Files) => refusal(text, others).problems.map(shown);

const BASE = `name: base
initial: check
timeout: 60
scope: [src, test]
context: {deep: {a: 1, b: 2}}
states:
  check: {action: make, on_yes: done, on_no: fix, evaluate: {type: output_contains, pattern: ok}}
  fix: {action: mend, next: check}
  done: {terminal: true}
`;

describe("from", () => {
  it("builds on the parent: mappings are merged however deep, and of all else the child wins", () => {
    const { definition, warnings } = main(
      "name: child\nfrom: base\nscope: [lib]\ncontext: {deep: {b: 3}, own: 4}\nstates: {fix: {action: mend more}, check: {evaluate: {negate: true}}}\n",
      { "base.yaml": BASE },
    );
    expect(warnings).toEqual([]);
    expect(definition).toEqual({
      name: "child",
      initial: "check",
      timeout: 60,
      scope: ["lib"],
      context: { deep: { a: 1, b: 3 }, own: 4 },
      max_iterations: 50,
      input_key: "input",
      states: {
        check: {
          action: "make",
          on_yes: "done",
          on_no: "fix",
          evaluate: { type: "output_contains", pattern: "ok", negate: true },
        },
        fix: { action: "mend more", next: "check" },
        done: { terminal: true },
      },
    });
  });

  it("takes away what the child empties", () => {
    const { definition } = main("from: base\ntimeout: null\nstates: {fix: {next: ~, on_yes: done, on_no: fix}}", {
      "base.yaml": BASE,
    });
    expect(definition).not.toHaveProperty("timeout");
    expect(definition.states["fix"]).toEqual({ action: "mend", on_yes: "done", on_no: "fix" });
  });

  it("goes on through parents of parents, each named next to the file that says it", () => {
    const asked: unknown[] = [];
    const texts: Files = { "lib/mid.yaml": "from: ../base\nname: mid\nbackoff: 2", "base.yaml": BASE };
    const { definition } = parseLoop("from: lib/mid\nname: low", {
      file: "main.yaml",
      read(request) {
        asked.push(request);
        const file = asked.length === 1 ? "lib/mid.yaml" : "base.yaml";
        return { file, text: texts[file] ?? "" };
      },
    });
    expect(definition).toMatchObject({ name: "low", backoff: 2, timeout: 60 });
    expect(asked).toEqual([
      { name: "lib/mid", beside: ["main.yaml"] },
      { name: "../base", beside: ["lib/mid.yaml"] },
    ]);
  });

  it("refuses loops that build on themselves, and shows how", () => {
    expect(problems("from: b", { "b.yaml": "from: c", "c.yaml": "name: c\nfrom: b" })).toEqual([
      "c.yaml:2:7 from a loop cannot build on itself: main.yaml -> b.yaml -> c.yaml -> b.yaml. Break the circle.",
    ]);
    expect(problems("from: main")).toEqual([
      "main.yaml:1:7 from a loop cannot build on itself: main.yaml -> main.yaml. Break the circle.",
    ]);
  });

  it("refuses a chain without end", () => {
    const read = ({ name }: FileRequest) => ({ file: name, text: `from: ${Number(name) + 1}` });
    expect(() => parseLoop("from: 1", { read })).toThrow("more than 20 loops build on each other: loop -> 1 -> 2 -> ");
  });

  it("says where a parent is named that cannot be read, and why", () => {
    expect(problems("name: x\nfrom: nowhere")).toEqual([
      'main.yaml:2:7 from "nowhere" cannot be read: nothing is called nowhere',
    ]);
    expect(() => parseLoop("from: base")).toThrow("parseLoop reads no files; use loadLoop(path)");
    expect(problems("from: [a]")[0]).toContain('"from" names the loop that this one builds on');
  });

  it.each([
    ["a: b: c", "a.yaml:1:4 "],
    ["- 1", "main.yaml:1:7 from a.yaml is no loop to build on"],
    ["", "main.yaml:1:7 from a.yaml is no loop to build on"],
    ["context: {n: .inf}", "a.yaml:1:14 context.n Infinity cannot be stored"],
    ["context: &a [*a]", "a.yaml:1:14 context.0 this is part of itself"],
    ["x".repeat(1024 * 1024 + 1), "a.yaml:1:1  1048577 bytes are too many"],
  ])("refuses a parent that is no loop: %.20s", (text, problem) => {
    expect(problems("from: a", { "a.yaml": text })[0]).toContain(problem);
  });

  it("finds what is wrong where it is written: in the parent's file, with its source, or in the child's", () => {
    const error = refusal("name: child\nfrom: base\nstates:\n  fix: {on_error: dne}\n", {
      "base.yaml": BASE.replace("on_no: fix", "on_no: fxi"),
    });
    expect(error.problems.map(shown)).toEqual([
      expect.stringMatching(/^main\.yaml:4:19 states\.fix\.on_error unknown state "dne"/),
      expect.stringMatching(/^base\.yaml:7:\d+ states\.check\.on_no unknown state "fxi"/),
    ]);
    expect(error.code).toBe("LOOPS_LOOP_INVALID");
    expect(error.message).toContain("main.yaml is not a valid loop (2 errors):");
    expect(error.message).toContain("\n    7 |   check: {action: make, on_yes: done, on_no: fxi");
    expect(error.message).toContain("\n    4 |   fix: {on_error: dne}");
  });

  it("warns of what is odd in the parent, with the name of its file", () => {
    const { warnings } = main("from: base\nname: x", { "base.yaml": `${BASE}max_iteration: 010\n` });
    expect(warnings.map(shown)).toEqual([
      expect.stringContaining("base.yaml:10:16  010 is the octal number 8"),
      expect.stringContaining('base.yaml:10:1 max_iteration unknown field "max_iteration" has no effect.'),
    ]);
  });

  it("is part of what a loop is: when the parent changes, so does the loop's hash", () => {
    const hash = (base: string) => definitionHash(main("from: base\nname: x", { "base.yaml": base }).definition);
    expect(hash(BASE)).toBe(hash(`# the same\n${BASE}`));
    expect(hash(BASE)).not.toBe(hash(BASE.replace("make", "make all")));
    expect(hash(BASE)).toBe(definitionHash(main(BASE.replace("name: base", "name: x")).definition));
  });
});

describe("flow", () => {
  it("is states that lead from one to the next, or to two, and the last is the end", () => {
    const { definition, warnings } = main(
      "name: x\ninitial: a\nflow: [a, b?c:a, c]\nstate_defs: {a: {action: one, timeout: 3}, b: {action: two}}",
    );
    expect(warnings).toEqual([]);
    expect(definition.states).toEqual({
      a: { action: "one", timeout: 3, next: "b" },
      b: { action: "two", on_yes: "c", on_no: "a" },
      c: { terminal: true },
    });
    expect(definition).not.toHaveProperty("flow");
    expect(definition).not.toHaveProperty("state_defs");
  });

  it("gives way to what state_defs says of a state", () => {
    const { definition } = main("name: x\ninitial: a\nflow: [a, b, c]\nstate_defs: {a: {next: c}, b: }");
    expect(definition.states).toMatchObject({ a: { next: "c" }, b: { next: "c" } });
  });

  it("wins over inherited states, and over those beside it with a warning", () => {
    const { definition, warnings } = main("name: x\nfrom: base\nflow: [check, over]", { "base.yaml": BASE });
    expect(definition.states).toEqual({ check: { next: "over" }, over: { terminal: true } });
    expect(warnings).toEqual([]);
    const both = main("name: x\ninitial: a\nflow: [a, b]\nstates: {c: {terminal: true}}");
    expect(Object.keys(both.definition.states)).toEqual(["a", "b"]);
    expect(both.warnings.map(shown)).toEqual([
      'main.yaml:4:1 states "states" has no effect: "flow" says what they are. Use "state_defs".',
    ]);
  });

  it("may be inherited, with state_defs that the child adds to", () => {
    const { definition } = main("name: x\nfrom: base\nstate_defs: {a: {action: mine}}", {
      "base.yaml": "initial: a\nflow: [a, b]\nstate_defs: {a: {action: theirs, timeout: 2}}",
    });
    expect(definition.states["a"]).toEqual({ action: "mine", timeout: 2, next: "b" });
  });

  it("takes words and numbers for the names that they are", () => {
    const { definition } = main("name: x\ninitial: on\nflow: [on, 1?2:on, 2]");
    expect(definition.states).toEqual({
      on: { next: "1" },
      1: { on_yes: "2", on_no: "on" },
      2: { terminal: true },
    });
  });

  it.each([
    ["flow: a", '3:7 flow "flow" is a list of at least one state'],
    ["flow: []", '3:7 flow "flow" is a list of at least one state'],
    ["flow: [a, b?c, d]", '3:11 flow.1 "b?c" is not of the form "name?yes:no"'],
    ["flow: [a?:b, d]", '3:8 flow.0 "a?:b" is not of the form'],
    ['flow: ["a?b:", d]', '3:8 flow.0 "a?b:" is not of the form'],
    ["flow: [a, {b: c}]", "3:11 flow.1 expected a state of the flow"],
    ["flow: [a?b: c]", "3:8 flow.0 expected a state of the flow"],
    ["flow: [a, b]\nstate_defs: [c]", '4:13 state_defs "state_defs" is a mapping'],
    ["flow: [a, b]\nstate_defs: {a: [c]}", "4:17 state_defs.a expected a mapping with the fields of a state"],
  ])("refuses what cannot be read, where it is: %s", (fields, problem) => {
    const [first] = problems(`name: x\ninitial: a\n${fields}`);
    expect(first).toContain(`main.yaml:${problem}`);
  });

  it("points to its entry for what is wrong with a state that it made", () => {
    expect(problems("name: x\ninitial: a\nflow:\n  - a\n  - b?c:aa\n  - c\n")).toEqual([
      expect.stringContaining('main.yaml:5:5 states.b.on_no unknown state "aa"'),
    ]);
  });

  it("warns of states that it names twice, and of state_defs that it does not name", () => {
    const text = "name: x\ninitial: a\nflow: [a, b, a]\nstate_defs: {bb: {action: one}}";
    expect(main(text).warnings.map(shown)).toEqual([
      expect.stringContaining('main.yaml:3:14 flow.2 "a" was in the flow before; only this one counts.'),
      'main.yaml:4:14 state_defs.bb "bb" has no effect: it is not in the flow (a, b). Did you mean "b"?',
      expect.stringContaining("states.b unreachable"),
    ]);
    const alone = "name: x\ninitial: a\nstates: {a: {terminal: true}}\nstate_defs: {a: {action: one}}";
    expect(main(alone).warnings.map(shown)).toEqual([
      'main.yaml:4:1 state_defs "state_defs" has no effect: there is no "flow". Call it "states".',
    ]);
  });
});

const LIB = `fragments:
  gate:
    description: for those who choose
    action_type: shell
    evaluate: {type: output_contains, pattern: lib}
  other: {timeout: 9}
`;
const withFragment = (state: string, fields = "import: [lib.yaml]") =>
  `name: x\ninitial: a\n${fields}\nstates:\n  a: {${state}}\n  done: {terminal: true}\n`;

describe("fragments", () => {
  it("are what a state that names one builds on", () => {
    const state = "fragment: gate, action: make, on_yes: done, on_no: a, evaluate: {pattern: mine}";
    const { definition, warnings } = main(withFragment(state), { "lib.yaml": LIB });
    expect(warnings).toEqual([]);
    expect(definition.states["a"]).toEqual({
      action: "make",
      action_type: "shell",
      on_yes: "done",
      on_no: "a",
      evaluate: { type: "output_contains", pattern: "mine" },
    });
    for (const field of ["import", "fragments"]) expect(definition).not.toHaveProperty(field);
  });

  it("of a later import win over those of an earlier one, and the loop's own over both", () => {
    const libs = {
      "1.yaml": "fragments: {a: {timeout: 1, capture: gone}, b: {timeout: 1}, c: {timeout: 1}}",
      "2.yaml": "fragments: {b: {timeout: 2}, c: {timeout: 2}}",
    };
    const timeout = (name: string) => {
      const fields = "import: [1.yaml, 2.yaml]\nfragments: {c: {timeout: 3}}";
      return main(withFragment(`fragment: ${name}, next: done`, fields), libs).definition.states["a"]?.timeout;
    };
    expect(["a", "b", "c"].map(timeout)).toEqual([1, 2, 3]);
  });

  it("are there for states of a flow and for inherited ones, and those of a parent for its child", () => {
    const flow = main(
      "name: x\ninitial: a\nfragments: {slow: {timeout: 9}}\nflow: [a, b]\nstate_defs: {a: {fragment: slow}}",
    );
    expect(flow.definition.states["a"]).toEqual({ timeout: 9, next: "b" });
    const parent = withFragment("fragment: gate, action: make, on_yes: done, on_no: a");
    const { definition } = main("name: y\nfrom: parent\nfragments: {gate: {timeout: 7}}", {
      "parent.yaml": parent,
      "lib.yaml": LIB,
    });
    expect(definition.states["a"]).toEqual({ action: "make", on_yes: "done", on_no: "a", timeout: 7 });
  });

  it("that a parent imports are looked for next to the loop first, then next to the parent", () => {
    const asked: FileRequest[] = [];
    parseLoop("name: x\nfrom: lib/p\n", {
      file: "loops/main.yaml",
      read(request) {
        asked.push(request);
        if (request.name === "f") return { file: "loops/lib/f.yaml", text: LIB };
        return { file: "loops/lib/p.yaml", text: withFragment("fragment: other, next: done", "import: [f]") };
      },
    });
    expect(asked[1]).toEqual({ name: "f", beside: ["loops/main.yaml", "loops/lib/p.yaml"] });
  });

  it("refuses unknown ones, all at once, with what was probably meant", () => {
    const text = `name: x
initial: a
import: [lib.yaml]
states:
  a: {fragment: gaet, next: b}
  b: {fragment: [gate], next: done}
  done: {terminal: true}
`;
    expect(problems(text, { "lib.yaml": LIB })).toEqual([
      'main.yaml:5:17 states.a.fragment unknown fragment "gaet". Known fragments: gate, other. Did you mean "gate"?',
      "main.yaml:6:17 states.b.fragment expected the name of a fragment.",
    ]);
    expect(problems(withFragment("fragment: gate", ""))[0]).toContain(
      'unknown fragment "gate". There are none. Define it in "fragments", or add the file that has it to "import".',
    );
  });

  it("refuses imports that cannot be had, all at once", () => {
    expect(problems(withFragment("next: done", "import: [nowhere, lib.yaml, neither]"), { "lib.yaml": LIB })).toEqual([
      'main.yaml:3:10 import.0 "nowhere" cannot be read: nothing is called nowhere',
      'main.yaml:3:29 import.2 "neither" cannot be read: nothing is called neither',
    ]);
  });

  it.each([
    ["import: lib.yaml", "3:9 import", '"import" is a list of files'],
    ["import: [[a]]", "3:10 import.0", "expected the path of a file"],
    ["fragments: [a]", "3:12 fragments", '"fragments" is a mapping'],
    ["fragments: {a: 1}", "3:16 fragments.a", "expected a mapping with some fields of a state"],
  ])("refuses what is none: %s", (fields, place, message) => {
    const [first] = problems(withFragment("next: done", fields));
    expect(first).toContain(`main.yaml:${place} ${message}`);
  });

  it("finds what is wrong with a state in the file of the fragment that it has that from", () => {
    const state = "fragment: gate, action: make, on_yes: done, on_no: a";
    const error = refusal(withFragment(state), { "lib.yaml": LIB.replace("pattern: lib", "pattern: [1]") });
    expect(error.problems.map(shown)).toEqual([
      expect.stringContaining("lib.yaml:5:48 states.a.evaluate.pattern expected text; found a list."),
    ]);
    expect(error.message).toContain("lib.yaml:5:48 states.a.evaluate.pattern: expected text; found a list.\n    5 | ");
  });

  it("warns of imports without any, and of fragments that want to build on others", () => {
    const { warnings } = main(withFragment("fragment: a, next: done", "import: [lib]\nfragments: {a: {fragment: b}}"), {
      "lib.yaml": "states: {}",
    });
    expect(warnings.map(shown)).toEqual([
      'main.yaml:3:10 import.0 lib.yaml has no "fragments": this import has no effect.',
      expect.stringContaining('main.yaml:4:17 fragments.a.fragment "fragment" has no effect here'),
    ]);
  });

  it("are no error where they are switched off", () => {
    const { warnings } = main(withFragment("fragment: null, next: done", "import: null\nfragments: ~\nfrom: false"));
    expect(warnings).toEqual([]);
  });
});

it("the example of the README is a loop, without warnings", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const example = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const { definition, warnings } = main(example, {
    "lib/base.yaml": "timeout: 60",
    "lib/common.yaml": "fragments: {}",
  });
  expect(warnings).toEqual([]);
  expect(definition).toMatchObject({
    timeout: 60,
    states: { check: { on_yes: "done", on_no: "fix", evaluate: { type: "exit_code" } }, done: { terminal: true } },
  });
});

describe("bounds", () => {
  it("cut messages, however long the names in them are", () => {
    const long = "x".repeat(500_000);
    expect(refusal(`from: ${long}`).message.length).toBeLessThan(5000);
    expect(refusal(withFragment(`fragment: ${long}`, "")).message.length).toBeLessThan(5000);
  });

  it("stop at a hundred files, however many a loop names", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `f${index}`);
    let asked = 0;
    const read = ({ name }: FileRequest) => {
      asked++;
      return { file: name, text: "fragments: {}" };
    };
    const text = withFragment("next: done", `import: [${names.join(", ")}]`);
    expect(() => parseLoop(text, { read })).toThrow("a loop may be put together from 100 files at most");
    expect(asked).toBe(100);
  });

  it("stop at four million characters", () => {
    const read = ({ name }: FileRequest) => ({ file: name, text: `# ${"x".repeat(1_000_000)}\nfragments: {}` });
    const text = withFragment("next: done", "import: [a, b, c, d, e, f]");
    expect(() => parseLoop(text, { read })).toThrow("the files of this loop have more than 4194304 characters");
  });

  it("stop at a million fields, where many states build on a large fragment", () => {
    const fields = Array.from({ length: 5000 }, (_, index) => `f${index}: 1`).join(", ");
    const states = Array.from({ length: 2000 }, (_, index) => `s${index}: {fragment: f}`).join(", ");
    const text = `name: x\ninitial: s0\nfragments: {f: {${fields}}}\nstates: {${states}}\n`;
    expect(() => main(text)).toThrow("this loop becomes too large when its fragments are filled in");
  });
});
