import { toPlainData } from "./plain-data.js";
import { formatPath, type LoopProblem } from "./problem.js";
import { readYaml, type YamlSource } from "./yaml-source.js";

/** The text of one loop file, read. */
export interface LoopSource {
  /** What to call it, usually its path. */
  readonly file: string;
  readonly text: string;
  readonly yaml: YamlSource;
}

export function readLoopSource(file: string, text: string): LoopSource {
  return { file, text, yaml: readYaml(text) };
}

/** What is wrong with a source as YAML. `root` is the file that was asked for: problems of others name theirs. */
export function yamlProblems(source: LoopSource, root: LoopSource): LoopProblem[] {
  return source.yaml.problems.map((problem) => ({ path: "", ...fileOf(source, root), ...problem }));
}

/** Where a problem lies, for messages: nothing where it is the file that was asked for. */
export function fileOf(source: LoopSource, root: LoopSource): { readonly file?: string } {
  return source === root ? {} : { file: source.file };
}

/** The data of a source as finite plain data, with a problem for each part that is none. */
export function plainData(source: LoopSource, root: LoopSource): { data: unknown; problems: LoopProblem[] } {
  const { data, findings } = toPlainData(source.yaml.data);
  const problems = findings.map(({ path, at = "value", severity, message }) => ({
    path: formatPath(path),
    ...fileOf(source, root),
    ...source.yaml.locate(path, at),
    severity,
    message,
  }));
  return { data, problems };
}
