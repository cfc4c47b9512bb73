import type { JsonObject } from '../../json/types.ts';
import { type Call, jsonReply, type Reply } from '../call.ts';
import { stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { remember } from '../state.ts';

/** `POST /fine_tuning/jobs`: the job is done at the first `GET`. */
export function createJob(call: Call): Reply {
  const model = stringOf(call.json['model']);
  const trainingFile = stringOf(call.json['training_file']);
  if (model === '' || trainingFile === '') {
    const param = model === '' ? 'model' : 'training_file';
    throw new Refusal({ status: 400, message: `Missing required parameter: '${param}'.`, param });
  }
  const id = call.newId('ftjob-');
  const now = Math.floor(call.now() / 1000);
  const created: JsonObject = {
    id,
    object: 'fine_tuning.job',
    created_at: now,
    error: null,
    fine_tuned_model: null,
    finished_at: null,
    hyperparameters: { n_epochs: 'auto', batch_size: 'auto', learning_rate_multiplier: 'auto' },
    model,
    organization_id: 'org-mock',
    result_files: [],
    seed: 42,
    status: 'validating_files',
    trained_tokens: null,
    training_file: trainingFile,
    validation_file: call.json['validation_file'] ?? null,
    estimated_finish: null,
    integrations: [],
    metadata: call.json['metadata'] ?? null,
    method: call.json['method'] ?? { type: 'supervised' },
  };
  remember(call.state.fineTuningJobs, id, {
    ...created,
    status: 'succeeded',
    fine_tuned_model: `ft:${model}:mock::${id.slice(-8)}`,
    finished_at: now,
    trained_tokens: 1000,
  });
  return jsonReply(created);
}

/** `GET /fine_tuning/jobs`, newest first. */
export function listJobs(call: Call): Reply {
  return jsonReply({ object: 'list', data: [...call.state.fineTuningJobs.values()].reverse(), has_more: false });
}

/** `GET /fine_tuning/jobs/{id}`. */
export function getJob(call: Call): Reply {
  return jsonReply(jobOf(call));
}

/** `POST /fine_tuning/jobs/{id}/cancel`. */
export function cancelJob(call: Call): Reply {
  const cancelled: JsonObject = { ...jobOf(call), status: 'cancelled', fine_tuned_model: null };
  call.state.fineTuningJobs.set(stringOf(cancelled['id']), cancelled);
  return jsonReply(cancelled);
}

/** `GET /fine_tuning/jobs/{id}/events` and `/checkpoints`. */
export function listJobDetails(call: Call): Reply {
  const job = jobOf(call);
  const isEvents = call.params[1] === 'events';
  const event: JsonObject = {
    object: 'fine_tuning.job.event',
    id: 'ftevent-mock',
    created_at: job['created_at'] ?? 0,
    level: 'info',
    message: 'The job has successfully completed',
    type: 'message',
  };
  return jsonReply({ object: 'list', data: isEvents ? [event] : [], has_more: false });
}

function jobOf(call: Call): JsonObject {
  const id = call.params[0] ?? '';
  const job = call.state.fineTuningJobs.get(id);
  if (job !== undefined) return job;
  throw new Refusal({ status: 404, message: `Could not find fine tune: ${id}`, code: 'fine_tune_not_found' });
}
