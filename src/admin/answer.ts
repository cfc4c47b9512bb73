/** An answer of the admin server. */
export interface AdminAnswer {
  status: number;
  contentType: string;
  /** Whole, or in pieces that are sent as they come. */
  body: string | AsyncIterable<string>;
  /** Further headers, names in lower case. */
  headers?: Readonly<Record<string, string>>;
}

/** A JSON answer. Objects that hide themselves from JSON, such as `Secret`, stay hidden. */
export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): AdminAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n`, headers };
}

/** An error of the admin API: `code` for programs, `message` for people. */
export function errorAnswer(
  status: number,
  { code, message, headers }: { code: string; message: string; headers?: Readonly<Record<string, string>> },
): AdminAnswer {
  return jsonAnswer(status, { error: { code, message } }, headers);
}
