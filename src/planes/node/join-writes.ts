import { Socket } from 'node:net';

/** What is written together up to this size leaves as one text; larger pieces are worth a list of their own. */
const MAX_JOINED = 16 * 1024;

/** A piece as Node's streams hand it to `_writev`. */
interface Piece {
  readonly chunk: Buffer | string;
  readonly encoding: BufferEncoding;
}

/** The pieces as one text of a character for each byte; undefined when they are large, or hold text of another encoding. */
function join(pieces: readonly Piece[]): string | undefined {
  let text = '';
  for (const { chunk, encoding } of pieces) {
    if (typeof chunk === 'string') {
      if (encoding !== 'latin1') return undefined;
      text += chunk;
    } else {
      if (chunk.length > MAX_JOINED) return undefined;
      text += chunk.toString('latin1');
    }
    if (text.length > MAX_JOINED) return undefined;
  }
  return text;
}

/**
 * Has a socket send a head and a small body that are written together as one piece of text: Node makes no list of pieces
 * for the system and no memory of its own for the texts among them, which it does for each pair of a text and bytes.
 */
export function joinWrites(socket: Socket): void {
  const writeEach = Socket.prototype._writev as NonNullable<Socket['_writev']>;
  socket._writev = function writeJoined(this: Socket, pieces, callback) {
    const text = join(pieces);
    if (text === undefined) writeEach.call(this, pieces, callback);
    else this._write(text, 'latin1', callback);
  };
}
