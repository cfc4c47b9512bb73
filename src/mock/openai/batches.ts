import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { type Call, jsonReply, type Reply } from '../call.ts';
import { stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { remember } from '../state.ts';
import { openAiError } from './api.ts';
import { fileOf, page, storeFile } from './files.ts';

const DAY_SECONDS = 86_400;

/** Makes `POST /batches`: runs the whole input file at once; the batch shows `completed` from the first `GET` on. */
export function createBatchEndpoint(endpoints: Readonly<Record<string, (call: Call) => Reply>>): (call: Call) => Reply {
  return (call) => {
    const endpoint = stringOf(call.json['endpoint']);
    const handle = endpoints[endpoint];
    if (handle === undefined) {
      throw new Refusal({
        status: 400,
        message: `Invalid value: '${endpoint}'. Supported values are: ${Object.keys(endpoints).join(', ')}.`,
        param: 'endpoint',
      });
    }
    const inputId = stringOf(call.json['input_file_id']);
    const lines = fileOf(call, inputId)
      .content.toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
    const results = lines.map((line) => runLine(call, line, { endpoint, handle }));
    const completed = results.filter((result) => result.ok).length;
    const output = storeResults(call, results, true);
    const errors = storeResults(call, results, false);
    const now = Math.floor(call.now() / 1000);
    const id = call.newId('batch_');
    const validating: JsonObject = {
      id,
      object: 'batch',
      endpoint,
      errors: null,
      input_file_id: inputId,
      completion_window: stringOf(call.json['completion_window']) || '24h',
      status: 'validating',
      output_file_id: null,
      error_file_id: null,
      created_at: now,
      in_progress_at: null,
      expires_at: now + DAY_SECONDS,
      finalizing_at: null,
      completed_at: null,
      failed_at: null,
      expired_at: null,
      cancelling_at: null,
      cancelled_at: null,
      request_counts: { total: 0, completed: 0, failed: 0 },
      metadata: call.json['metadata'] ?? null,
    };
    remember(call.state.batches, id, {
      ...validating,
      status: 'completed',
      output_file_id: output,
      error_file_id: errors,
      in_progress_at: now,
      finalizing_at: now,
      completed_at: now,
      request_counts: { total: lines.length, completed, failed: lines.length - completed },
    });
    return jsonReply(validating);
  };
}

/** `GET /batches`, newest first. */
export function listBatches(call: Call): Reply {
  return jsonReply(page([...call.state.batches.values()].reverse()));
}

/** `GET /batches/{id}`. */
export function getBatch(call: Call): Reply {
  return jsonReply(batchOf(call));
}

/** `POST /batches/{id}/cancel`. */
export function cancelBatch(call: Call): Reply {
  const batch = batchOf(call);
  const now = Math.floor(call.now() / 1000);
  const cancelled: JsonObject = { ...batch, status: 'cancelled', cancelling_at: now, cancelled_at: now };
  call.state.batches.set(stringOf(batch['id']), cancelled);
  return jsonReply({ ...cancelled, status: 'cancelling', cancelled_at: null });
}

function batchOf(call: Call): JsonObject {
  const id = call.params[0] ?? '';
  const batch = call.state.batches.get(id);
  if (batch !== undefined) return batch;
  throw new Refusal({ status: 404, message: `No batch found with id '${id}'.` });
}

interface LineResult {
  ok: boolean;
  line: JsonObject;
}

function runLine(call: Call, text: string, to: { endpoint: string; handle: (call: Call) => Reply }): LineResult {
  let line: JsonValue = null;
  try {
    line = JSON.parse(text) as JsonValue;
  } catch {
    // Reported below as a line that is not an object.
  }
  const id = call.newId('batch_req_');
  const requestId = call.newId('req_', 32);
  if (!isObject(line) || !isObject(line['body']) || line['url'] !== to.endpoint) {
    const custom = isObject(line) ? (line['custom_id'] ?? null) : null;
    const error = {
      code: 'invalid_request',
      message: `Each line needs custom_id, method, url ${to.endpoint} and body.`,
    };
    return { ok: false, line: { id, custom_id: custom, response: null, error } };
  }
  const customId = line['custom_id'] ?? null;
  const response = (status: number, body: JsonValue): JsonObject => ({
    id,
    custom_id: customId,
    response: { status_code: status, request_id: requestId, body },
    error: null,
  });
  try {
    const reply = to.handle({ ...call, json: { ...line['body'], stream: false }, params: [] });
    const body = reply.kind === 'whole' ? (JSON.parse(String(reply.body)) as JsonValue) : null;
    return { ok: true, line: response(200, body) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, line: response(error.details.status, openAiError(error.details)) };
  }
}

function storeResults(call: Call, results: readonly LineResult[], ok: boolean): string | null {
  const lines = results.filter((result) => result.ok === ok).map((result) => JSON.stringify(result.line));
  if (lines.length === 0) return null;
  const name = ok ? 'batch_output.jsonl' : 'batch_errors.jsonl';
  const info = storeFile(call, { name, purpose: 'batch_output', content: Buffer.from(`${lines.join('\n')}\n`) });
  return stringOf(info['id']);
}
