/** Goes through a text character by character: whole ones, not halves of a pair. */
export class Scanner {
  readonly #characters: readonly string[];
  #index = 0;

  constructor(text: string) {
    this.#characters = [...text];
  }

  /** The next character; empty at the end. */
  get next(): string {
    return this.#characters[this.#index] ?? "";
  }

  /** Takes the next character; empty at the end. */
  take(): string {
    const { next } = this;
    if (next !== "") this.#index += 1;
    return next;
  }

  /** Takes `text` if that is what comes. */
  takeText(text: string): boolean {
    const characters = [...text];
    if (characters.some((character, offset) => this.#characters[this.#index + offset] !== character)) return false;
    this.#index += characters.length;
    return true;
  }

  /** Takes at most `max` characters that match. */
  takeWhile(expression: RegExp, max = Number.POSITIVE_INFINITY): string {
    let taken = "";
    for (let count = 0; count < max && this.next !== "" && expression.test(this.next); count += 1) taken += this.take();
    return taken;
  }

  /** Where it is, to come back to. */
  mark(): number {
    return this.#index;
  }

  backTo(mark: number): void {
    this.#index = mark;
  }
}
