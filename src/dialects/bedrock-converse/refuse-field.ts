import { GatewayError } from '../../errors/gateway-error.ts';

/** Throws `invalid_request` for a field that is not what the API takes; `param` is its dotted path. */
export function refuseField(param: string, wanted: string): never {
  throw new GatewayError('invalid_request', `${param} must be ${wanted}.`, { param });
}
