import type { UpstreamFailure } from '../../exchange/ports.ts';

const KINDS: Readonly<Record<string, UpstreamFailure['kind']>> = {
  ECONNREFUSED: 'connect',
  ENOTFOUND: 'connect',
  EAI_AGAIN: 'connect',
  EHOSTUNREACH: 'connect',
  ENETUNREACH: 'connect',
  EADDRNOTAVAIL: 'connect',
  EMFILE: 'connect',
  ETIMEDOUT: 'timeout-connect',
  UND_ERR_CONNECT_TIMEOUT: 'timeout-connect',
  UND_ERR_ABORTED: 'aborted',
  UND_ERR_SOCKET: 'reset',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'reset',
  UND_ERR_RESPONSE: 'protocol',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
};

/** Sorts an error of undici, Node's sockets or TLS. */
export function classifyFailure(error: NodeJS.ErrnoException): UpstreamFailure {
  const code = error.code ?? '';
  const known = KINDS[code];
  if (known !== undefined) return { kind: known, cause: error };
  if (code.startsWith('HPE_') || error.name === 'HTTPParserError') return { kind: 'protocol', cause: error };
  if (
    code.startsWith('ERR_TLS') ||
    code.startsWith('UNABLE_TO_') ||
    code.startsWith('DEPTH_ZERO') ||
    code.startsWith('SELF_SIGNED') ||
    code === 'EPROTO' ||
    code.startsWith('CERT_') ||
    code.includes('CERT') ||
    code.startsWith('ERR_SSL')
  ) {
    return { kind: 'tls', cause: error };
  }
  return { kind: 'reset', cause: error };
}
