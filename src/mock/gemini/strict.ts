import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { isMockSignature } from '../brain/signature.ts';
import { objectOf, objectsOf, stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { partsOf, pick, snakeCase } from './read-generate.ts';

/*
 * What generateContent refuses, in its own words as far as they are public (ai.google.dev/api/generate-content,
 * ai.google.dev/api/caching#Schema, ai.google.dev/gemini-api/docs/thought-signatures; Vertex: the REST reference of
 * GenerateContentRequest and Schema).
 */

const FIELDS = names(`contents systemInstruction tools toolConfig generationConfig safetySettings cachedContent
  serviceTier store model labels`);
const VERTEX_ONLY = names('labels modelArmorConfig');
const GENERATION_FIELDS = names(`candidateCount stopSequences maxOutputTokens temperature topP topK seed presencePenalty
  frequencyPenalty responseLogprobs logprobs responseMimeType responseSchema responseJsonSchema responseModalities
  thinkingConfig speechConfig mediaResolution enableEnhancedCivicAnswers imageConfig audioTimestamp routingConfig
  modelConfig enableAffectiveDialog`);
const DECLARATION_FIELDS = names(
  'name description parameters parametersJsonSchema response responseJsonSchema behavior',
);
const SCHEMA_FIELDS = names(`type format title description nullable enum items maxItems minItems properties required
  minProperties maxProperties minLength maxLength pattern example anyOf propertyOrdering default minimum maximum`);
/** Vertex's Schema message knows these as well. */
const VERTEX_SCHEMA_FIELDS = names('additionalProperties defs ref');
/** Accepted in place of a signature where a history has none (Google's thought signature guide). */
const SIGNATURE_STAND_INS = new Set(['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go']);
const FUNCTION_NAME = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/;
const NEEDS_SIGNATURES = /^gemini-(?:[3-9]|\d\d)/;

/** Refuses what generateContent and streamGenerateContent would refuse. */
export function checkGenerate(body: JsonObject, target: { vertex: boolean; model: string }): void {
  const unknown: Violation[] = [];
  const top = target.vertex ? new Set([...FIELDS, ...VERTEX_ONLY]) : FIELDS;
  findUnknown(body, top, { field: '', into: unknown });
  const config = objectOf(pick(body, 'generationConfig'));
  findUnknown(config, GENERATION_FIELDS, { field: 'generation_config', into: unknown });
  const schemaFields = target.vertex ? new Set([...SCHEMA_FIELDS, ...VERTEX_SCHEMA_FIELDS]) : SCHEMA_FIELDS;
  for (const [index, tool] of objectsOf(body['tools']).entries()) {
    for (const [position, fn] of objectsOf(pick(tool, 'functionDeclarations')).entries()) {
      const place = `tools[${index}].function_declarations[${position}]`;
      findUnknown(fn, DECLARATION_FIELDS, { field: place, into: unknown });
      checkSchema(fn['parameters'], schemaFields, { field: `${place}.parameters`, into: unknown });
      if (!FUNCTION_NAME.test(stringOf(fn['name']))) {
        refuse(`Invalid function name at ${place}.name. Must start with a letter or an underscore.`);
      }
    }
  }
  checkSchema(pick(config, 'responseSchema'), schemaFields, {
    field: 'generation_config.response_schema',
    into: unknown,
  });
  if (unknown.length > 0) {
    const message = unknown.map((violation) => violation.description).join('\n');
    throw new Refusal({ status: 400, message, violations: unknown });
  }
  const temperature = config['temperature'];
  if (typeof temperature === 'number' && (temperature < 0 || temperature > 2)) {
    refuse(
      `Unable to submit request because it has a temperature value of ${temperature} but the supported range is from 0 (inclusive) to 2.0 (inclusive). Update the value and try again.`,
    );
  }
  checkContents(body, target.model);
}

interface Violation {
  field: string;
  description: string;
}

interface Place {
  field: string;
  into: Violation[];
}

function names(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).flatMap((name) => [name, snakeCase(name)]));
}

function refuse(message: string): never {
  throw new Refusal({ status: 400, message });
}

function findUnknown(value: JsonObject, known: ReadonlySet<string>, place: Place): void {
  for (const name of Object.keys(value)) {
    if (known.has(name)) continue;
    const at = place.field === '' ? '' : ` at '${place.field}'`;
    place.into.push({
      field: place.field,
      description: `Invalid JSON payload received. Unknown name "${name}"${at}: Cannot find field.`,
    });
  }
}

/** A Schema message: an unknown keyword or a list as `type` is refused wherever it stands. */
function checkSchema(value: JsonValue | undefined, known: ReadonlySet<string>, place: Place): void {
  if (!isObject(value)) return;
  findUnknown(value, known, place);
  if (Array.isArray(value['type'])) {
    place.into.push({
      field: place.field,
      description: `Invalid JSON payload received. Unknown name "type" at '${place.field}': Proto field is not repeating, cannot start list.`,
    });
  }
  for (const [index, property] of Object.values(objectOf(value['properties'])).entries()) {
    checkSchema(property, known, { field: `${place.field}.properties[${index}].value`, into: place.into });
  }
  checkSchema(value['items'], known, { field: `${place.field}.items`, into: place.into });
  for (const [index, branch] of objectsOf(pick(value, 'anyOf')).entries()) {
    checkSchema(branch, known, { field: `${place.field}.any_of[${index}]`, into: place.into });
  }
}

function checkContents(body: JsonObject, model: string): void {
  const contents = isObject(body['contents']) ? [body['contents']] : objectsOf(body['contents']);
  if (contents.length === 0) refuse('* GenerateContentRequest.contents: contents is not specified');
  let waiting = 0;
  for (const [index, content] of contents.entries()) {
    const role = content['role'];
    if (role !== undefined && role !== 'user' && role !== 'model' && role !== 'function') {
      refuse('Please use a valid role: user, model.');
    }
    const parts = partsOf(content);
    if (parts.length === 0)
      refuse(`* GenerateContentRequest.contents[${index}].parts: contents.parts must not be empty.`);
    const responses = parts.filter((part) => pick(part, 'functionResponse') !== undefined).length;
    if (responses !== waiting) {
      refuse(
        'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      );
    }
    const calls = parts.filter((part) => pick(part, 'functionCall') !== undefined);
    if (calls.length > 0 && (role !== 'model' || index === 0)) {
      refuse(
        'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
      );
    }
    checkSignatures(parts, { index, model });
    waiting = calls.length;
  }
  if (waiting > 0) {
    refuse(
      'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
    );
  }
}

/** The stand-in itself, or its base64 (the field is of type bytes). */
function isStandIn(signature: string): boolean {
  return (
    SIGNATURE_STAND_INS.has(signature) || SIGNATURE_STAND_INS.has(Buffer.from(signature, 'base64').toString('latin1'))
  );
}

function checkSignatures(parts: readonly JsonObject[], at: { index: number; model: string }): void {
  let firstCall = true;
  for (const [position, part] of parts.entries()) {
    const signature = pick(part, 'thoughtSignature');
    const isCall = pick(part, 'functionCall') !== undefined;
    if (signature !== undefined && !isStandIn(stringOf(signature)) && !isMockSignature(signature)) {
      refuse('Thought signature is not valid.');
    }
    // From Gemini 3 on the first call of a turn must bring its signature back.
    if (isCall && firstCall && signature === undefined && NEEDS_SIGNATURES.test(at.model)) {
      refuse(
        `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call position ${position + 1}, contents[${at.index}].`,
      );
    }
    if (isCall) firstCall = false;
  }
}
