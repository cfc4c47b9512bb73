import { z } from 'zod';
import { isObject } from '../../json/types.ts';
import { explainIssues, schemaMessages } from '../explain.ts';
import type { ConfigPath, UnplacedIssue } from '../issue.ts';
import { fieldsAt, type Shape, shapesOf } from '../schema-walk.ts';
import type { Resource } from './resource.ts';
import { readSecret, type SecretContext } from './secrets.ts';
import { type SnakeCased, snakeCaseFields, toCamelCase } from './snake-case.ts';

type Schema = z.core.$ZodType;

/** Fields of a spec that belong to the resource, not to the model: they keep their spelling. */
const RESOURCE_FIELDS = ['parentRefs', 'targetRefs'] as const;

/**
 * `spec` of one of this gateway's own kinds in the model's spelling, secrets filled in; what is wrong with it is reported
 * in the author's. Undefined when it cannot be used.
 */
export function readOwnSpec<Input>(
  resource: Resource<unknown>,
  model: z.ZodType,
  context: SecretContext,
): Input | undefined {
  const { report } = context;
  const body = resource.body as { spec?: unknown };
  if (!isObject(body.spec)) {
    report.error(resource, ['spec'], 'is required and must be a map');
    return undefined;
  }
  const fields: Record<string, unknown> = { ...body.spec };
  const kept: Record<string, unknown> = {};
  for (const name of RESOURCE_FIELDS) {
    if (fields[name] !== undefined) kept[name] = fields[name];
    delete fields[name];
  }
  const spelled = snakeCaseFields(fields, model);
  const filled = fillSecrets(spelled, { resource, model, context });
  const root = { ...(filled as object), ...kept };
  const result = model.safeParse(root, { error: schemaMessages });
  if (result.success) return root as Input;
  for (const issue of explainIssues(result.error.issues, { schema: model, value: root })) {
    const isKept = RESOURCE_FIELDS.some((name) => issue.path[0] === name);
    const path = isKept ? issue.path : spelled.authoredPath(issue.path);
    const { fix, part } = issue;
    report.error(resource, ['spec', ...path], inCamelCase(issue.message, { model, issue, root }), {
      ...(part === undefined ? {} : { part }),
      fix: fix === undefined ? undefined : inCamelCase(fix, { model, issue, root }),
    });
  }
  return undefined;
}

/** A message with the fields' names as the author writes them. */
function inCamelCase(text: string, at: { model: z.ZodType; issue: UnplacedIssue; root: unknown }): string {
  const fields = new Set(fieldsAt(at.model, at.issue.path.slice(0, -1), at.root));
  return text.replaceAll(/[a-z0-9]+(?:_[a-z0-9]+)+/g, (word) => (fields.has(word) ? toCamelCase(word) : word));
}

/** `{ secretRef: { name, namespace?, key? } }` in place of a secret. */
const secretPlaceholder = z.strictObject({
  secret_ref: z.strictObject({
    name: z.string().min(1),
    namespace: z.string().min(1).optional(),
    key: z.string().min(1).optional(),
  }),
});

/** Key of a Secret where a reference names none, as the reference system's policies read it. */
const DEFAULT_KEY = 'apiKey';

interface FillContext {
  resource: Resource<unknown>;
  model: z.ZodType;
  context: SecretContext;
}

/** The value with the Secrets' texts in place of references to them, wherever the model has a secret. */
function fillSecrets(spelled: SnakeCased, { resource, model, context }: FillContext): unknown {
  const fill = (value: unknown, schemas: readonly Schema[], path: ConfigPath): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    const shapes = schemas.flatMap(shapesOf);
    if (Array.isArray(value)) {
      const items = shapes.flatMap((shape) => (shape.kind === 'list' ? [shape.item] : []));
      return value.map((item, index) => fill(item, items, [...path, index]));
    }
    if (shapes.some((shape) => shape.kind === 'leaf' && shape.secret)) {
      const reference = secretPlaceholder.safeParse(value);
      if (reference.success) return resolve(reference.data.secret_ref, path);
    }
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, fill(field, shapes.flatMap(fieldOf(name)), [...path, name])]),
    );
  };
  const resolve = (reference: z.output<typeof secretPlaceholder>['secret_ref'], path: ConfigPath): string => {
    const { key = DEFAULT_KEY, name, namespace } = reference;
    const at = ['spec', ...spelled.authoredPath(path), 'secretRef'];
    const wanted = { reference: { name, namespace }, key, from: resource, path: at };
    const found = readSecret(wanted, context, { required: true });
    // What is missing is reported; the rest of the spec is still checked.
    return found?.found === true ? found.text.trim() : '(missing)';
  };
  return fill(spelled.value, [model], []);
}

function fieldOf(name: string): (shape: Shape) => Schema[] {
  return (shape) => {
    if (shape.kind === 'record') return [shape.value];
    const field = shape.kind === 'object' && Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    return field === undefined ? [] : [field];
  };
}
