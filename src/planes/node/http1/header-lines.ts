/** So many lines are remembered, those up to this length. */
const MAX_LINES = 40;
const MAX_LENGTH = 256;

/**
 * The header lines of the last messages by their place: most messages to the same peer say most things again, and what was
 * found valid once need not be looked at once more.
 */
export class HeaderLines {
  /** Names and values in turn. */
  readonly #fields: string[] = [];
  readonly #lines: string[] = [];

  /** The line of a header if `add` made it for this place; undefined otherwise. `index` is that of its name: twice its place. */
  find(index: number, name: string, value: string): string | undefined {
    const fields = this.#fields;
    return fields[index] === name && fields[index + 1] === value ? this.#lines[index >> 1] : undefined;
  }

  /** Makes the line of a header that is valid wherever it is found again, and remembers it. */
  add(index: number, name: string, value: string): string {
    const line = `${name}: ${value}\r\n`;
    if (index < 2 * MAX_LINES && line.length <= MAX_LENGTH) {
      this.#fields[index] = name;
      this.#fields[index + 1] = value;
      this.#lines[index >> 1] = line;
    }
    return line;
  }
}
