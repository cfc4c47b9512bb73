import type { SqlDialect } from './sql-database.ts';

/**
 * One step of the schema. Steps that were released never change: a new one is added. `{text}`, `{int}`, `{real}`,
 * `{row}`, `{strict}` and `{clustered}` stand for what the dialects spell differently.
 */
export interface Migration {
  version: number;
  name: string;
  statements: readonly string[] | ((dialect: SqlDialect) => readonly string[]);
}

const DIMENSIONS = `
  service {text} NOT NULL, route {text} NOT NULL, cluster {text} NOT NULL, provider {text} NOT NULL,
  model {text} NOT NULL, requested_model {text} NOT NULL,
  organization {text} NOT NULL, team {text} NOT NULL, user_name {text} NOT NULL, key_id {text} NOT NULL,
  operation {text} NOT NULL, status {int} NOT NULL`;

const DIMENSION_NAMES =
  'service, route, cluster, provider, model, requested_model, organization, team, user_name, key_id, operation, status';

const SUMS = `
  requests {int} NOT NULL, errors {int} NOT NULL, attempts {int} NOT NULL, duration_ms {int} NOT NULL,
  first_token_ms {int} NOT NULL, first_tokens {int} NOT NULL,
  input {int} NOT NULL, cache_read {int} NOT NULL, cache_write {int} NOT NULL, cache_write_1h {int} NOT NULL,
  output {int} NOT NULL, reasoning {int} NOT NULL, input_audio {int} NOT NULL, output_audio {int} NOT NULL,
  input_image {int} NOT NULL, output_image {int} NOT NULL,
  images {int} NOT NULL, seconds {real} NOT NULL, characters {int} NOT NULL, search_units {real} NOT NULL,
  cost_nano_usd {int} NOT NULL, unpriced {int} NOT NULL, estimated {int} NOT NULL`;

/**
 * The rows of a rollup are found by hour and all dimensions. PostgreSQL bounds the size of an index entry, so there a
 * hash of the dimensions stands in for them.
 */
function rollup(table: string, extra: { column: string; name: string }, dialect: SqlDialect): string {
  const columns = `hour_ms {int} NOT NULL, ${DIMENSIONS}, ${extra.column}, ${SUMS}`;
  return dialect === 'sqlite'
    ? `CREATE TABLE ${table} (${columns}, PRIMARY KEY (hour_ms, ${DIMENSION_NAMES}, ${extra.name})) {clustered}`
    : `CREATE TABLE ${table} (${columns}, dimensions_hash BYTEA NOT NULL, PRIMARY KEY (hour_ms, dimensions_hash))`;
}

const LEDGER: Migration = {
  version: 1,
  name: 'usage ledger',
  statements: (dialect) => [
    `CREATE TABLE aigw_counter (name {text} PRIMARY KEY, value {int} NOT NULL) {strict}`,
    `INSERT INTO aigw_counter (name, value) VALUES ('usage_rolled_up', 0), ('usage_kept_from_ms', 0)`,
    `CREATE TABLE aigw_usage (
      {row} id {text} NOT NULL UNIQUE, kind {text} NOT NULL, request_id {text} NOT NULL, time_ms {int} NOT NULL,
      ${DIMENSIONS},
      sent_model {text} NOT NULL, answered_model {text} NOT NULL, key_name {text} NOT NULL, end_user {text} NOT NULL,
      client_dialect {text} NOT NULL, stream {int} NOT NULL, error_code {text} NOT NULL,
      attempts {int} NOT NULL, duration_ms {int} NOT NULL, first_token_ms {int},
      input {int} NOT NULL, cache_read {int} NOT NULL, cache_write {int} NOT NULL, cache_write_1h {int} NOT NULL,
      output {int} NOT NULL, reasoning {int} NOT NULL, input_audio {int} NOT NULL, output_audio {int} NOT NULL,
      input_image {int} NOT NULL, output_image {int} NOT NULL,
      images {int} NOT NULL, seconds {real} NOT NULL, characters {int} NOT NULL, search_units {real} NOT NULL,
      cost_nano_usd {int}, priced {text} NOT NULL, estimated {int} NOT NULL, tags {text} NOT NULL
    ) {strict}`,
    'CREATE INDEX aigw_usage_by_time ON aigw_usage (time_ms, id)',
    'CREATE INDEX aigw_usage_by_key ON aigw_usage (key_id, time_ms, id)',
    `CREATE TABLE aigw_usage_body (
      id {text} PRIMARY KEY, time_ms {int} NOT NULL, request {text}, response {text}
    ) {strict}`,
    'CREATE INDEX aigw_usage_body_by_time ON aigw_usage_body (time_ms)',
    // End users can be as many as requests: they have a rollup of their own, so that the common reports stay small.
    // There `has_end_user` tells apart the rows that the other table repeats.
    rollup('aigw_usage_hour', { column: 'has_end_user {int} NOT NULL', name: 'has_end_user' }, dialect),
    rollup('aigw_usage_hour_end_user', { column: 'end_user {text} NOT NULL', name: 'end_user' }, dialect),
  ],
};

const KEYS: Migration = {
  version: 2,
  name: 'issued keys and limit overrides',
  statements: [
    `INSERT INTO aigw_counter (name, value) VALUES ('key_sequence', 0)`,
    `CREATE TABLE aigw_key (
      id {text} PRIMARY KEY, hash {text} NOT NULL UNIQUE, prefix {text} NOT NULL, name {text} NOT NULL,
      organization {text} NOT NULL, team {text} NOT NULL, user_name {text} NOT NULL,
      created_ms {int} NOT NULL, expires_ms {int}, revoked_ms {int}, rotated_from {text}, overlap_until_ms {int},
      allowed_models {text} NOT NULL, allowed_endpoints {text} NOT NULL, allowed_routes {text} NOT NULL,
      allowed_ips {text} NOT NULL, limits {text} NOT NULL, budget {text} NOT NULL, metadata {text} NOT NULL,
      version {int} NOT NULL, sequence {int} NOT NULL UNIQUE
    ) {strict}`,
    'CREATE INDEX aigw_key_by_time ON aigw_key (created_ms, id)',
    'CREATE INDEX aigw_key_by_owner ON aigw_key (organization, team, user_name, created_ms, id)',
    `CREATE TABLE aigw_limit_override (
      id {text} PRIMARY KEY, scope {text} NOT NULL, unit {text} NOT NULL, amount {int} NOT NULL,
      from_ms {int} NOT NULL, until_ms {int} NOT NULL, reason {text} NOT NULL, created_by {text} NOT NULL,
      created_ms {int} NOT NULL, ended_ms {int}, sequence {int} NOT NULL UNIQUE
    ) {strict}`,
    'CREATE INDEX aigw_limit_override_by_time ON aigw_limit_override (created_ms, id)',
  ],
};

const AUDIT: Migration = {
  version: 3,
  name: 'audit log',
  statements: (dialect) => [
    `CREATE TABLE aigw_audit (
      id {text} PRIMARY KEY, time_ms {int} NOT NULL, actor {text} NOT NULL, role {text} NOT NULL,
      action {text} NOT NULL, target {text} NOT NULL, before_json {text}, after_json {text},
      request_id {text} NOT NULL, source_ip {text} NOT NULL
    ) {strict}`,
    'CREATE INDEX aigw_audit_by_time ON aigw_audit (time_ms, id)',
    'CREATE INDEX aigw_audit_by_target ON aigw_audit (target, time_ms, id)',
    ...(dialect === 'sqlite' ? SQLITE_APPEND_ONLY : POSTGRES_APPEND_ONLY),
  ],
};

const SQLITE_APPEND_ONLY = ['UPDATE', 'DELETE'].map(
  (change) =>
    `CREATE TRIGGER aigw_audit_no_${change.toLowerCase()} BEFORE ${change} ON aigw_audit
     BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END`,
);

const POSTGRES_APPEND_ONLY = [
  `CREATE FUNCTION aigw_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
   $$ BEGIN RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$`,
  `CREATE TRIGGER aigw_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON aigw_audit
   FOR EACH STATEMENT EXECUTE FUNCTION aigw_audit_append_only()`,
];

const CONTEXT_FIELDS =
  'kind, service, route, cluster, provider, model, requested_model, organization, team, user_name, key_id, operation, ' +
  'status, sent_model, answered_model, key_name, client_dialect, stream, error_code, attempts, priced, estimated, tags';

const FIGURES =
  'duration_ms, first_token_ms, input, cache_read, cache_write, cache_write_1h, output, reasoning, input_audio, ' +
  'output_audio, input_image, output_image, images, seconds, characters, search_units, cost_nano_usd';

/**
 * SQLite pays for a record by its columns and indexes. So what the records of an hour have in common is kept once, a record has
 * its figures and the number of its context, and the view shows it whole. PostgreSQL keeps the one table.
 */
const SQLITE_CONTEXTS = [
  `CREATE TABLE aigw_usage_context (
    id {int} PRIMARY KEY, hour_ms {int} NOT NULL, kind {text} NOT NULL, ${DIMENSIONS},
    sent_model {text} NOT NULL, answered_model {text} NOT NULL, key_name {text} NOT NULL, client_dialect {text} NOT NULL,
    stream {int} NOT NULL, error_code {text} NOT NULL, attempts {int} NOT NULL, priced {text} NOT NULL,
    estimated {int} NOT NULL, tags {text} NOT NULL
  ) {strict}`,
  'CREATE INDEX aigw_usage_context_by_hour ON aigw_usage_context (hour_ms)',
  `CREATE TABLE aigw_usage_row (
    id {text} NOT NULL UNIQUE, request_id {text}, time_ms {int} NOT NULL, context {int} NOT NULL,
    end_user {text} NOT NULL DEFAULT '', duration_ms {int} NOT NULL, first_token_ms {int},
    input {int} NOT NULL, cache_read {int} NOT NULL DEFAULT 0, cache_write {int} NOT NULL DEFAULT 0,
    cache_write_1h {int} NOT NULL DEFAULT 0, output {int} NOT NULL, reasoning {int} NOT NULL DEFAULT 0,
    input_audio {int} NOT NULL DEFAULT 0, output_audio {int} NOT NULL DEFAULT 0, input_image {int} NOT NULL DEFAULT 0,
    output_image {int} NOT NULL DEFAULT 0, images {int} NOT NULL DEFAULT 0, seconds {real} NOT NULL DEFAULT 0,
    characters {int} NOT NULL DEFAULT 0, search_units {real} NOT NULL DEFAULT 0, cost_nano_usd {int},
    PRIMARY KEY (time_ms, id)
  ) {clustered}`,
  "INSERT INTO aigw_counter (name, value) VALUES ('usage_context_spans', 0)",
  "DELETE FROM aigw_counter WHERE name = 'usage_rolled_up'",
  `INSERT INTO aigw_usage_context (hour_ms, ${CONTEXT_FIELDS})
   SELECT DISTINCT time_ms / 3600000 * 3600000, ${CONTEXT_FIELDS} FROM aigw_usage`,
  `CREATE UNIQUE INDEX aigw_usage_context_once ON aigw_usage_context (hour_ms, ${CONTEXT_FIELDS})`,
  `INSERT INTO aigw_usage_row (id, request_id, time_ms, context, end_user, ${FIGURES})
   SELECT id, NULLIF(request_id, id), time_ms,
     (SELECT context.id FROM aigw_usage_context AS context
      WHERE (hour_ms, ${CONTEXT_FIELDS}) = (old.time_ms / 3600000 * 3600000, ${CONTEXT_FIELDS.replaceAll(/\w+/g, 'old.$&')})),
     end_user, ${FIGURES}
   FROM aigw_usage AS old`,
  'DROP INDEX aigw_usage_context_once',
  // Numbers from here on are given out by spans of 2^20.
  "UPDATE aigw_counter SET value = (SELECT COALESCE(MAX(id), 0) >> 20 FROM aigw_usage_context) WHERE name = 'usage_context_spans'",
  'DROP TABLE aigw_usage',
  `CREATE VIEW aigw_usage AS
   SELECT usage.id, COALESCE(request_id, usage.id) AS request_id, time_ms, end_user, ${CONTEXT_FIELDS}, ${FIGURES}
   FROM aigw_usage_row AS usage CROSS JOIN aigw_usage_context AS context ON context.id = usage.context`,
];

const CONTEXTS: Migration = {
  version: 4,
  name: 'usage records in a narrow table',
  statements: (dialect) => (dialect === 'sqlite' ? SQLITE_CONTEXTS : []),
};

/** All steps, oldest first; versions count up from 1. */
export const MIGRATIONS: readonly Migration[] = [LEDGER, KEYS, AUDIT, CONTEXTS];
