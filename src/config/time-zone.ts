/** Whether the name is of a time zone that is known. */
export function isTimeZone(name: string): boolean {
  // The default must not load the tables of all others.
  if (name === 'UTC') return true;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
