import { createRandom } from '../../../src/mock/random.ts';

/** Sizes of the model: one that loads at once and answers in milliseconds. */
const WIDTH = 64;
const HEADS = 4;
const LAYERS = 2;
const INNER = 160;
const CONTEXT = 8192;

/** Types of values and tokens in a GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). */
const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;
const TOKEN_NORMAL = 1;
const TOKEN_UNKNOWN = 2;
const TOKEN_CONTROL = 3;
const TOKEN_BYTE = 6;
const ALIGNMENT = 32;

const SPECIAL = ['<unk>', '<s>', '</s>'];
const WORDS =
  'a and are at but cold for from green has in is it light near new of on or river ship still the to was wind';
const CHAT_TEMPLATE =
  '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}';

interface Tensor {
  name: string;
  /** Fastest dimension first. */
  shape: number[];
  values: Float32Array;
}

function bytesOf(...numbers: [value: number, size: 1 | 4 | 8][]): Buffer {
  return Buffer.concat(
    numbers.map(([value, size]) => {
      const bytes = Buffer.alloc(size);
      if (size === 8) bytes.writeBigUInt64LE(BigInt(value));
      else bytes.writeUIntLE(value, 0, size);
      return bytes;
    }),
  );
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([bytesOf([bytes.length, 8]), bytes]);
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

type Pair = [key: string, type: number, value: Buffer];

function array(type: number, items: readonly Buffer[]): Buffer {
  return Buffer.concat([bytesOf([type, 4], [items.length, 8]), ...items]);
}

/** A vocabulary in which every byte can be said, and some words. */
function vocabulary(): { tokens: string[]; types: number[] } {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  // SentencePiece writes a space as U+2581.
  const letters = [...'\u2581abcdefghijklmnopqrstuvwxyz.,'];
  const words = WORDS.split(' ').map((word) => `\u2581${word}`);
  return {
    tokens: [...SPECIAL, ...bytes, ...words, ...letters],
    types: [
      TOKEN_UNKNOWN,
      TOKEN_CONTROL,
      TOKEN_CONTROL,
      ...bytes.map(() => TOKEN_BYTE),
      ...[...words, ...letters].map(() => TOKEN_NORMAL),
    ],
  };
}

function metadata(): Pair[] {
  const { tokens, types } = vocabulary();
  const count = (key: string, value: number): Pair => [key, UINT32, bytesOf([value, 4])];
  return [
    ['general.architecture', STRING, text('llama')],
    ['general.name', STRING, text('tiny')],
    count('llama.context_length', CONTEXT),
    count('llama.embedding_length', WIDTH),
    count('llama.block_count', LAYERS),
    count('llama.feed_forward_length', INNER),
    count('llama.attention.head_count', HEADS),
    count('llama.rope.dimension_count', WIDTH / HEADS),
    ['llama.attention.layer_norm_rms_epsilon', FLOAT32, float(1e-5)],
    ['tokenizer.ggml.model', STRING, text('llama')],
    ['tokenizer.ggml.tokens', ARRAY, array(STRING, tokens.map(text))],
    [
      'tokenizer.ggml.scores',
      ARRAY,
      array(
        FLOAT32,
        tokens.map((_, index) => float(-index)),
      ),
    ],
    [
      'tokenizer.ggml.token_type',
      ARRAY,
      array(
        INT32,
        types.map((type) => bytesOf([type, 4])),
      ),
    ],
    count('tokenizer.ggml.unknown_token_id', 0),
    count('tokenizer.ggml.bos_token_id', 1),
    count('tokenizer.ggml.eos_token_id', 2),
    ['tokenizer.ggml.add_space_prefix', BOOL, bytesOf([0, 1])],
    ['tokenizer.chat_template', STRING, text(CHAT_TEMPLATE)],
  ];
}

function tensors(): Tensor[] {
  const random = createRandom(11);
  const noise = (name: string, columns: number, rows: number): Tensor => ({
    name,
    shape: [columns, rows],
    values: Float32Array.from({ length: columns * rows }, () => (random() + random() + random() - 1.5) * 0.6),
  });
  const ones = (name: string): Tensor => ({ name, shape: [WIDTH], values: new Float32Array(WIDTH).fill(1) });
  const size = vocabulary().tokens.length;
  const output = noise('output.weight', WIDTH, size);
  // Control tokens and lone bytes are said but rarely, so that answers are words and as long as they may be.
  const rare = (SPECIAL.length + 256) * WIDTH;
  output.values.set(output.values.subarray(0, rare).map((value) => value / 100));
  const blocks = Array.from({ length: LAYERS }, (_, layer) => {
    const at = (part: string) => `blk.${layer}.${part}.weight`;
    return [
      ones(at('attn_norm')),
      ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((part) => noise(at(part), WIDTH, WIDTH)),
      ones(at('ffn_norm')),
      noise(at('ffn_gate'), WIDTH, INNER),
      noise(at('ffn_up'), WIDTH, INNER),
      noise(at('ffn_down'), INNER, WIDTH),
    ];
  });
  return [noise('token_embd.weight', WIDTH, size), ...blocks.flat(), ones('output_norm.weight'), output];
}

function padding(length: number): Buffer {
  return Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}

/**
 * A language model of random weights in the format that llama.cpp reads, half a megabyte long: it says nonsense, always the same
 * nonsense to the same prompt at temperature 0.
 */
export function tinyModel(): Buffer {
  const pairs = metadata();
  const weights = tensors();
  const heads: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const { name, shape, values } of weights) {
    const dimensions = bytesOf([shape.length, 4], ...shape.map((size): [number, 8] => [size, 8]));
    heads.push(text(name), dimensions, bytesOf([0, 4], [offset, 8]));
    const bytes = Buffer.from(values.buffer);
    const filler = padding(bytes.length);
    data.push(bytes, filler);
    offset += bytes.length + filler.length;
  }
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    bytesOf([3, 4], [weights.length, 8], [pairs.length, 8]),
    ...pairs.flatMap(([key, type, value]) => [text(key), bytesOf([type, 4]), value]),
    ...heads,
  ]);
  return Buffer.concat([head, padding(head.length), ...data]);
}
