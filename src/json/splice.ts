import { type FieldSpan, type ScannedObject, scanObject } from './scan.ts';

/** A change to one top-level field of a JSON object's bytes. */
export type FieldEdit =
  /** Sets the field to this JSON text. */
  | { field: string; json: string }
  /** Drops the field. */
  | { field: string; json: undefined };

const NOTHING: readonly string[] = [];
const encoder = new TextEncoder();

/** Writes the object anew without the dropped fields: each kept field byte for byte, joined by commas. */
function dropFields(bytes: Uint8Array, dropped: ReadonlySet<number>): Uint8Array {
  const members: FieldSpan[] = [];
  scanObject(bytes, NOTHING, { members });
  const kept = members.filter((member) => !dropped.has(member.keyStart));
  const length = kept.reduce((sum, member) => sum + member.end - member.keyStart + 1, 0) + (kept.length === 0 ? 2 : 1);
  const result = new Uint8Array(length);
  let at = 0;
  result[at++] = 0x7b;
  for (const [index, member] of kept.entries()) {
    if (index > 0) result[at++] = 0x2c;
    result.set(bytes.subarray(member.keyStart, member.end), at);
    at += member.end - member.keyStart;
  }
  result[at] = 0x7d;
  return result;
}

/**
 * Applies edits to a scanned object and keeps every other field's bytes as they were. The pieces are given
 * in order; joined they are the new body. Fields that are not there are added before the closing brace.
 *
 * At most one edit per field; every edited field must have been among the scan's wanted ones.
 */
export function spliceObject(bytes: Uint8Array, scanned: ScannedObject, edits: readonly FieldEdit[]): Uint8Array[] {
  const dropped = new Set<number>();
  for (const edit of edits) {
    const span = edit.json === undefined ? scanned.fields[edit.field] : undefined;
    if (span !== undefined) dropped.add(span.keyStart);
  }
  if (dropped.size > 0) {
    const rest = dropFields(bytes, dropped);
    const sets = edits.filter((edit) => edit.json !== undefined);
    return spliceObject(
      rest,
      scanObject(
        rest,
        sets.map((edit) => edit.field),
      ),
      sets,
    );
  }
  const replacements: { span: FieldSpan; json: string }[] = [];
  let additions = '';
  for (const { field, json } of edits) {
    if (json === undefined) continue;
    const span = scanned.fields[field];
    if (span !== undefined) replacements.push({ span, json });
    else additions += `${scanned.empty && additions === '' ? '' : ','}${JSON.stringify(field)}:${json}`;
  }
  replacements.sort((a, b) => a.span.start - b.span.start);
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const { span, json } of replacements) {
    pieces.push(bytes.subarray(from, span.start), encoder.encode(json));
    from = span.end;
  }
  if (additions !== '') {
    pieces.push(bytes.subarray(from, scanned.end), encoder.encode(additions));
    from = scanned.end;
  }
  pieces.push(bytes.subarray(from));
  return pieces;
}
