import type { UnplacedIssue } from './issue.ts';
import type { GatewayConfig } from './model.ts';

/** The least a secret must have that keys are hashed with. */
const MIN_SECRET_BYTES = 16;

/** Addresses are of servers that can be asked, and what is to be kept has a place. */
export function checkStores(config: GatewayConfig): UnplacedIssue[] {
  const issues: UnplacedIssue[] = [];
  const { counters, ledger } = config.stores;
  if (typeof counters === 'object' && !hasScheme(counters.redis.url.reveal(), ['redis:', 'rediss:'])) {
    const path = ['stores', 'counters', 'redis', 'url'];
    const fix = 'write one such as redis://user:password@host:6379';
    issues.push({ path, severity: 'error', message: 'is not a redis:// or rediss:// URL', fix });
  }
  if (ledger !== undefined && 'postgres' in ledger) {
    if (!hasScheme(ledger.postgres.reveal(), ['postgres:', 'postgresql:'])) {
      const path = ['stores', 'ledger', 'postgres'];
      const fix = 'write one such as postgres://user:password@host:5432/aigw';
      issues.push({ path, severity: 'error', message: 'is not a postgres:// URL', fix });
    }
  }
  const { issued_keys: issued } = config;
  if (issued !== undefined && ledger === undefined) {
    const message = 'have no place: they are kept in the ledger’s database, and none is configured';
    const fix = 'add `stores: { ledger: { sqlite: ./aigw.db } }`';
    issues.push({ path: ['issued_keys'], severity: 'error', message, fix, part: 'key' });
  }
  if (issued !== undefined && Buffer.byteLength(issued.hmac_secret.reveal()) < MIN_SECRET_BYTES) {
    const message = `has fewer than ${MIN_SECRET_BYTES} bytes, so that it could be guessed`;
    const fix = 'take the output of `openssl rand -hex 32`';
    issues.push({ path: ['issued_keys', 'hmac_secret'], severity: 'error', message, fix });
  }
  return issues;
}

function hasScheme(text: string, schemes: readonly string[]): boolean {
  return URL.canParse(text) && schemes.includes(new URL(text).protocol);
}
