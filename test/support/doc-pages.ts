import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A page of the documentation. */
export interface Page {
  /** Path from the root of the repository. */
  readonly name: string;
  readonly text: string;
}

/** A fenced block of a page. */
export interface Snippet {
  /** Page and line, for messages. */
  readonly place: string;
  readonly language: string;
  readonly text: string;
  /** Why a test must not run it: the page says `<!-- not run: REASON -->` above it. */
  readonly notRun: string | undefined;
  /** What running it must print: the page says `<!-- prints: TEXT -->` above it. */
  readonly prints: string | undefined;
}

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((item) => {
    const path = join(folder, item.name);
    if (item.isDirectory()) return item.name === 'node_modules' || item.name === 'testdata' ? [] : markdownIn(path);
    return item.name.endsWith('.md') ? [path] : [];
  });
}

/** Every page: those at the root, in `docs`, and the short ones beside the sources. */
export function readPages(): Page[] {
  const atRoot = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  return [...atRoot, ...['docs', 'src', 'bench', 'examples', 'test'].flatMap(markdownIn)].sort().map((name) => ({
    name,
    text: readFileSync(join(ROOT, name), 'utf8'),
  }));
}

const FENCE = /^(?:<!-- (not run|prints): (.*?) -->\n)?```([a-z]*)\n([\s\S]*?)^```$/gm;

/** The fenced blocks of a page in order. */
export function snippetsOf({ name, text }: Page): Snippet[] {
  return [...text.matchAll(FENCE)].map((match) => {
    const [, directive, words, language = '', body = ''] = match;
    return {
      place: `${name}:${text.slice(0, match.index).split('\n').length}`,
      language,
      text: body,
      notRun: directive === 'not run' ? words : undefined,
      prints: directive === 'prints' ? words : undefined,
    };
  });
}

/** The anchor that a heading gets. */
function slugOf(heading: string): string {
  return heading
    .replace(/[`*]|\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function anchorsOf(text: string): ReadonlySet<string> {
  const plain = text.replace(/^```[\s\S]*?^```$/gm, '');
  return new Set([...plain.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => slugOf(heading ?? '')));
}

/** The links of a page that lead nowhere inside the repository. */
export function brokenLinks({ name, text }: Page): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
  const broken: string[] = [];
  for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)|(?<=src=")([^"]+)/g)) {
    if (target === '' || /^[a-z]+:/.test(target)) continue;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? join(ROOT, name) : resolve(ROOT, dirname(name), path);
    if (!existsSync(file)) broken.push(`${name}: ${target}: there is no ${relative(ROOT, file)}`);
    else if (anchor !== undefined && file.endsWith('.md') && !anchorsOf(readFileSync(file, 'utf8')).has(anchor)) {
      broken.push(`${name}: ${target}: the page has no heading #${anchor}`);
    }
  }
  return broken;
}

/** The rows of the table that follows `<!-- table: NAME -->` in a page, cells trimmed, without its two head lines. */
export function tableRows(text: string, table: string): string[][] {
  const block = new RegExp(`<!-- table: ${table} -->\\n([\\s\\S]*?)\\n(?:<!-- end -->|\\n)`).exec(text)?.[1];
  if (block === undefined) throw new Error(`the page has no table "${table}"`);
  return block
    .split('\n')
    .slice(2)
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** The words of a cell that stand in code font. */
export function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? '');
}

/** A page with the generated table `NAME` between `<!-- table: NAME -->` and `<!-- end -->` replaced. */
export function withTable(text: string, table: string, lines: readonly string[]): string {
  const place = new RegExp(`(<!-- table: ${table} -->\\n)[\\s\\S]*?(<!-- end -->)`);
  if (!place.test(text)) throw new Error(`the page has no place for the table "${table}"`);
  return text.replace(place, (_, start: string, end: string) => `${start}${lines.join('\n')}\n${end}`);
}
