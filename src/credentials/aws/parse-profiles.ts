/** The settings of one profile, by their names in lower case. */
export type AwsProfile = ReadonlyMap<string, string>;

/**
 * Reads the text of an AWS credentials or config file: profile name to settings. `[profile name]` and `[name]` are the
 * same here; sections of other kinds (`sso-session`, `services`) are left out, as are lines that are no setting.
 */
export function parseProfiles(text: string): Map<string, Map<string, string>> {
  const profiles = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    if (line.startsWith('[')) {
      const name = profileName(line.slice(1, line.includes(']') ? line.indexOf(']') : undefined).trim());
      current = undefined;
      if (name === undefined) continue;
      current = profiles.get(name) ?? new Map();
      profiles.set(name, current);
      continue;
    }
    const equals = line.indexOf('=');
    if (equals > 0) current?.set(line.slice(0, equals).trim().toLowerCase(), line.slice(equals + 1).trim());
  }
  return profiles;
}

/** Lays the profiles of one file over those of another: settings of `upper` win. */
export function mergeProfiles(
  lower: ReadonlyMap<string, AwsProfile>,
  upper: ReadonlyMap<string, AwsProfile>,
): Map<string, AwsProfile> {
  const merged = new Map(lower);
  for (const [name, profile] of upper) merged.set(name, new Map([...(lower.get(name) ?? []), ...profile]));
  return merged;
}

function profileName(header: string): string | undefined {
  if (/^(?:sso-session|services)\s/.test(header)) return undefined;
  const name = /^profile\s/.test(header) ? header.slice(8).trim() : header;
  const quoted = /^(["'])(.*)\1$/.exec(name);
  return quoted?.[2] ?? name;
}
