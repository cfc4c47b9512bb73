/** State by identity that one configuration takes over from the one before. */
export class Carried<Value> {
  #inForce = new Map<string, Value>();
  #next = this.#inForce;

  /** Begins the state of a new configuration. What it does not take is dropped by `commit`. */
  begin(): void {
    this.#next = new Map();
  }

  /** The value of this identity: that of the configuration in force, or a new one. */
  take(identity: string, make: () => Value): Value {
    const value = this.#next.get(identity) ?? this.#inForce.get(identity) ?? make();
    this.#next.set(identity, value);
    return value;
  }

  /** Forgets what the configuration in force no longer needs; a new one that has taken it keeps it. */
  drop(identity: string): void {
    this.#inForce.delete(identity);
  }

  /** The new configuration is in force. */
  commit(): void {
    this.#inForce = this.#next;
  }

  /** The new configuration is not put in force. */
  discard(): void {
    this.#next = this.#inForce;
  }
}
