/** How an exchange can go wrong; `status` is an error answer in the provider's own shape. */
export const FAULT_NAMES = [
  'reset',
  'stall',
  'cut',
  'error-event',
  'error-first',
  'garbage',
  'empty',
  'trickle',
] as const;

/** One kind of fault. */
export type FaultKind = (typeof FAULT_NAMES)[number] | `${number}`;

/** A fault and how often it strikes, 0 to 1. */
export interface FaultSpec {
  kind: FaultKind;
  probability: number;
}

const STATUS = /^[2-5]\d\d$/;

/** The fault of that name: one of `FAULT_NAMES` or an HTTP status from 200; undefined when it is neither. */
export function parseFaultKind(text: string): FaultKind | undefined {
  const name = FAULT_NAMES.find((one) => one === text);
  if (name !== undefined) return name;
  return STATUS.test(text) ? (text as `${number}`) : undefined;
}

/** The HTTP status of a fault that is one. */
export function faultStatus(kind: FaultKind): number | undefined {
  const status = Number(kind);
  return Number.isNaN(status) ? undefined : status;
}

/** Which fault strikes for a number in [0, 1): the probabilities lie one after the other. */
export function pickFault(faults: readonly FaultSpec[], roll: number): FaultKind | undefined {
  let edge = 0;
  for (const fault of faults) {
    edge += fault.probability;
    if (roll < edge) return fault.kind;
  }
  return undefined;
}

/** The words a provider would use for an error status that was asked for. */
export function faultMessage(status: number): string {
  switch (status) {
    case 400:
      return 'The request is invalid (injected by the mock).';
    case 401:
      return 'The credentials are not valid (injected by the mock).';
    case 403:
      return 'Access is denied (injected by the mock).';
    case 404:
      return 'The model or resource was not found (injected by the mock).';
    case 408:
      return 'The request timed out (injected by the mock).';
    case 429:
      return 'Rate limit reached; try again later (injected by the mock).';
    case 503:
    case 529:
      return 'The service is overloaded; try again later (injected by the mock).';
    default:
      return `The service answered ${status} (injected by the mock).`;
  }
}
