/** A shell command with places for values. */
export interface CommandTemplate {
  /** Whether it has a place for that value. */
  has(name: string): boolean;
  /** What the shell is to run: values come from its environment, never as text of the script, so nothing in them is executed. */
  readonly script: string;
  /** The environment with the values. */
  environment(values: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
}

export interface CommandTemplateOptions {
  /** `${name}` in the command stands for a value, `${name:shell}` for it as one word. Everything else is the shell's. */
  readonly command: string;
  readonly names: readonly string[];
  /** Before the names of the variables in the environment. */
  readonly prefix: string;
  /** Comes on standard input where the command has no place for it. */
  readonly input: string;
}

/** Puts values into a command line without putting them into its text. */
export function commandTemplate({ command, names, prefix, input }: CommandTemplateOptions): CommandTemplate {
  const reference = new RegExp(`\\$\\{(${names.join("|")})(:shell)?\\}`, "g");
  const used = new Set([...command.matchAll(reference)].map(([, name]) => name));
  const variableOf = (name: string) => `${prefix}${name.toUpperCase()}`;
  const body = command.replace(reference, (_match, name: string, quoted?: string) => {
    const variable = `\${${variableOf(name)}}`;
    return quoted === undefined ? variable : `"${variable}"`;
  });
  return {
    has: (name) => used.has(name),
    script: used.has(input) ? body : `exec <<<"\${${variableOf(input)}}"\n${body}`,
    environment: (values) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [variableOf(name), value])),
  };
}
