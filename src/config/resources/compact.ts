/** An object type without the optional fields' `undefined`. */
export type Compact<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** A copy without the fields that are undefined, so that what is printed holds only what is set. */
export function compact<T extends object>(value: T): Compact<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Compact<T>;
}
