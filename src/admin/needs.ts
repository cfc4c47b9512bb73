import { AdminError } from './admin-error.ts';

/** What the program provides, or the 501 that names what to configure for it. */
export function provided<Part>(part: Part | undefined, what: string, configure: string): Part {
  if (part !== undefined) return part;
  throw new AdminError(501, 'not_configured', { message: `This gateway has no ${what}; configure ${configure}.` });
}
