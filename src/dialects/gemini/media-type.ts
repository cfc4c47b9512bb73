const BY_EXTENSION: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  bmp: 'image/bmp',
  svg: 'image/svg+xml',
  avif: 'image/avif',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  wav: 'audio/wav',
  mp3: 'audio/mp3',
  aiff: 'audio/aiff',
  aac: 'audio/aac',
  ogg: 'audio/ogg',
  opus: 'audio/opus',
  flac: 'audio/flac',
  m4a: 'audio/m4a',
  pcm: 'audio/pcm',
  pcm16: 'audio/pcm',
  weba: 'audio/webm',
  mp4: 'video/mp4',
  mpeg: 'video/mpeg',
  mpg: 'video/mpg',
  mov: 'video/mov',
  avi: 'video/avi',
  flv: 'video/x-flv',
  webm: 'video/webm',
  wmv: 'video/wmv',
  '3gp': 'video/3gpp',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/md',
  csv: 'text/csv',
  htm: 'text/html',
  html: 'text/html',
  xml: 'text/xml',
  css: 'text/css',
  js: 'text/javascript',
  py: 'text/x-python',
  rtf: 'text/rtf',
  json: 'text/plain',
};

const YOUTUBE_HOSTS: readonly string[] = ['youtube.com', 'www.youtube.com', 'm.youtube.com', 'youtu.be'];

/** The media type of a file extension without its dot; `undefined` when it is not known. */
export function mediaTypeOfExtension(extension: string): string | undefined {
  const key = extension.toLowerCase();
  return Object.hasOwn(BY_EXTENSION, key) ? BY_EXTENSION[key] : undefined;
}

/**
 * The media type a URL's path suggests. YouTube links are videos, as Gemini takes them
 * (https://ai.google.dev/gemini-api/docs/video-understanding#youtube).
 */
export function mediaTypeOfUrl(url: string): string | undefined {
  const afterScheme = url.indexOf('://') + 3;
  if (afterScheme < 3) return undefined;
  let end = url.length;
  for (const mark of ['?', '#']) {
    const at = url.indexOf(mark, afterScheme);
    if (at !== -1 && at < end) end = at;
  }
  const slash = url.indexOf('/', afterScheme);
  const host = url.slice(afterScheme, slash === -1 ? end : Math.min(slash, end)).toLowerCase();
  if (YOUTUBE_HOSTS.includes(host)) return 'video/mp4';
  if (slash === -1 || slash > end) return undefined;
  const file = url.slice(url.lastIndexOf('/', end - 1) + 1, end);
  const dot = file.lastIndexOf('.');
  return dot === -1 ? undefined : mediaTypeOfExtension(file.slice(dot + 1));
}

/** Media types that Gemini refuses although their bytes are plain text. */
const TEXT_IN_DISGUISE: readonly string[] = [
  'application/json',
  'application/xml',
  'application/yaml',
  'application/x-yaml',
  'application/javascript',
  'application/typescript',
  'application/sql',
  'application/x-ndjson',
];

/** The media type to declare to Gemini for a document of this type: text formats it does not list go as plain text. */
export function documentMediaType(mediaType: string): string {
  const bare = mediaType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return TEXT_IN_DISGUISE.includes(bare) ? 'text/plain' : bare;
}
