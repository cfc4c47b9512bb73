/** What a provider refuses a request with; each API renders it in its own shape. */
export interface RefusalDetails {
  status: number;
  message: string;
  /** The provider's own error type; absent: the usual one of the status. */
  type?: string;
  code?: string;
  param?: string;
  /** Further places at fault, where the API lists them (Gemini's `fieldViolations`). */
  violations?: { field: string; description: string }[];
}

/** Thrown by endpoints to refuse a request. */
export class Refusal extends Error {
  readonly details: RefusalDetails;

  constructor(details: RefusalDetails) {
    super(details.message);
    this.name = 'Refusal';
    this.details = details;
  }
}
