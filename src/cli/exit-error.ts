/** Ends a command with a message on standard error and a status. An empty message prints nothing. */
export class ExitError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ExitError';
    this.status = status;
  }
}
