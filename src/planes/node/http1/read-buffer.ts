import type { OnReadOpts, Socket } from 'node:net';

/** As much as Node reads at once into memory of its own. */
const SIZE = 64 * 1024;

/** Who reads from a socket. */
export interface Receiver {
  /** Takes the first `length` bytes of `buffer`, which hold until it returns. */
  received(buffer: Buffer, length: number): void;
}

/**
 * One piece of memory into which many sockets read, one at a time: no memory is taken for each read, of which small answers
 * need little. Sockets get `onread` when they are made, and a receiver before they read.
 */
export class ReadBuffer {
  readonly onread: OnReadOpts;
  readonly #receivers = new WeakMap<Socket, Receiver>();

  constructor() {
    const buffer = Buffer.allocUnsafeSlow(SIZE);
    const receivers = this.#receivers;
    this.onread = {
      buffer,
      callback(this: Socket, length: number) {
        const receiver = receivers.get(this);
        // A provider that speaks before it may.
        if (receiver === undefined) this.destroy();
        else receiver.received(buffer, length);
        return true;
      },
    };
  }

  /** Has a socket's bytes go to a receiver. */
  attach(socket: Socket, receiver: Receiver): void {
    this.#receivers.set(socket, receiver);
  }
}
