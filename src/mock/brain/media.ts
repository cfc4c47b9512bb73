/** One white-ish pixel as a PNG file, base64. */
export const PNG_BASE64 =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const SAMPLE_RATE = 8000;

/** A tenth of a second of a soft tone: 16-bit mono samples at 8 kHz, little-endian, without a header. */
export function tonePcm(): Buffer {
  const samples = Buffer.alloc((SAMPLE_RATE / 10) * 2);
  for (let index = 0; index < SAMPLE_RATE / 10; index += 1) {
    samples.writeInt16LE(Math.round(4000 * Math.sin((2 * Math.PI * 440 * index) / SAMPLE_RATE)), index * 2);
  }
  return samples;
}

/** The tone as a WAV file (RIFF header, 44 bytes, then the samples). */
export function toneWav(): Buffer {
  const samples = tonePcm();
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

/** Four silent MPEG-1 layer III frames (128 kbit/s, 44.1 kHz). */
export function silentMp3(): Buffer {
  const frame = Buffer.alloc(417);
  frame.set([0xff, 0xfb, 0x90, 0xc4]);
  return Buffer.concat([frame, frame, frame, frame]);
}
