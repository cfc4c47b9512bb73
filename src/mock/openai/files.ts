import type { JsonObject } from '../../json/types.ts';
import { type Call, jsonReply, type Reply, rawReply } from '../call.ts';
import { stringOf } from '../json-read.ts';
import { fieldText, parseMultipart } from '../multipart.ts';
import { Refusal } from '../refusal.ts';
import { remember, type StoredFile } from '../state.ts';

/** `POST /files`: multipart with `purpose` and `file`. */
export function uploadFile(call: Call): Reply {
  const parts = parseMultipart(call.headers['content-type'] ?? '', call.body);
  const file = parts.find((part) => part.name === 'file');
  const purpose = fieldText(parts, 'purpose');
  if (file === undefined) throw new Refusal({ status: 400, message: "'file' is a required property" });
  if (purpose === '') throw new Refusal({ status: 400, message: "'purpose' is a required property" });
  return jsonReply(storeFile(call, { name: file.fileName ?? 'upload', purpose, content: Buffer.from(file.content) }));
}

/** Keeps a file and gives its file object. */
export function storeFile(call: Call, file: { name: string; purpose: string; content: Buffer }): JsonObject {
  const id = call.newId('file-');
  const info: JsonObject = {
    id,
    object: 'file',
    bytes: file.content.length,
    created_at: Math.floor(call.now() / 1000),
    expires_at: null,
    filename: file.name,
    purpose: file.purpose,
    status: 'processed',
    status_details: null,
  };
  remember(call.state.files, id, { info, content: file.content });
  return info;
}

/** `GET /files`, newest first; `purpose` filters. */
export function listFiles(call: Call): Reply {
  const purpose = call.query.get('purpose');
  const data = [...call.state.files.values()]
    .map((file) => file.info)
    .filter((info) => purpose === null || info['purpose'] === purpose)
    .reverse();
  return jsonReply(page(data));
}

/** `GET /files/{id}`. */
export function getFile(call: Call): Reply {
  return jsonReply(fileOf(call, call.params[0] ?? '').info);
}

/** `GET /files/{id}/content`. */
export function getFileContent(call: Call): Reply {
  return rawReply('application/octet-stream', fileOf(call, call.params[0] ?? '').content);
}

/** `DELETE /files/{id}`. */
export function deleteFile(call: Call): Reply {
  const { info } = fileOf(call, call.params[0] ?? '');
  call.state.files.delete(stringOf(info['id']));
  return jsonReply({ id: info['id'] ?? '', object: 'file', deleted: true });
}

/** The stored file; throws Refusal 404. */
export function fileOf(call: Call, id: string): StoredFile {
  const file = call.state.files.get(id);
  if (file !== undefined) return file;
  throw new Refusal({ status: 404, message: `No such File object: ${id}`, param: 'id' });
}

/** OpenAI's list object: everything on one page. */
export function page(data: JsonObject[]): JsonObject {
  return {
    object: 'list',
    data,
    first_id: data[0]?.['id'] ?? null,
    last_id: data.at(-1)?.['id'] ?? null,
    has_more: false,
  };
}
