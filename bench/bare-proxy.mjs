// What Node costs when it does nothing but carry requests: `node:http` in front, undici's `Pool.dispatch` behind, both JSON
// bodies parsed (a gateway has to look into them), streams passed on with back-pressure. The argument is the provider's origin.
// Plain JavaScript, so that no loader adds to its memory.
import { createServer } from 'node:http';
import { Pool } from 'undici';

const NOT_FORWARDED = new Set(['connection', 'host', 'content-length', 'transfer-encoding']);

function forwarded(raw) {
  const headers = [];
  for (let index = 0; index < raw.length; index += 2) {
    if (!NOT_FORWARDED.has(raw[index].toLowerCase())) headers.push(raw[index], raw[index + 1]);
  }
  return headers;
}

function relay(response) {
  let streamed = false;
  const held = [];
  return {
    onRequestStart(controller) {
      response.on('close', () => {
        if (!response.writableFinished) controller.abort(new Error('the client is gone'));
      });
    },
    onResponseStart(_controller, status, headers) {
      const type = headers['content-type'];
      streamed = type !== 'application/json';
      response.writeHead(status, { 'content-type': type });
      if (streamed) response.flushHeaders();
    },
    onResponseData(controller, chunk) {
      if (!streamed) held.push(chunk);
      else if (!response.write(chunk)) {
        controller.pause();
        response.once('drain', () => controller.resume());
      }
    },
    onResponseEnd() {
      if (streamed) {
        response.end();
        return;
      }
      const body = Buffer.concat(held);
      JSON.parse(body.toString('utf8'));
      response.end(body);
    },
    onResponseError() {
      response.destroy();
    },
  };
}

const pool = new Pool(process.argv[2], { connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    JSON.parse(body.toString('utf8'));
    pool.dispatch({ path: request.url, method: 'POST', headers: forwarded(request.rawHeaders), body }, relay(response));
  });
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  process.stdout.write(`listening on ${server.address().port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
