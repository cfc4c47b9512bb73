const FORBIDDEN = /[^A-Za-z0-9\s\-()[\]]+/g;
const MAX_CHARS = 180;

/**
 * Makes the names of the documents of one request (API_runtime_DocumentBlock): letters, digits, single blanks,
 * hyphens, brackets; not two alike. The file extension is left out, for the format says it; a document without a usable
 * name is called `document`.
 */
export function createDocumentNames(): (name: string | undefined) => string {
  const taken = new Set<string>();
  return (name) => {
    const clean = (name ?? '')
      .replace(/\.[A-Za-z0-9]{1,5}$/, '')
      .replace(FORBIDDEN, '-')
      .replace(/\s+/g, ' ')
      .slice(0, MAX_CHARS)
      .replace(/^[\s-]+|[\s-]+$/g, '');
    const base = clean === '' ? 'document' : clean;
    let unique = base;
    for (let count = 2; taken.has(unique); count++) unique = `${base}-${count}`;
    taken.add(unique);
    return unique;
  };
}
