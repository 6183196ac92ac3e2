// Packs and sends beside the main thread what src/tracking/transport.rs hands over.
// A request costs the main thread of Chromium 2 ms, packing 1 ms; a message costs it a quarter.
// Nothing newer than Safari 14 is taken for granted: events must leave from old browsers too.
const TIMEOUT_MS = 10_000;
// Shorter bodies leave as they are: a single event.
const PACK_FROM_BYTES = 1_024;

async function pack(bytes) {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Response(packed).arrayBuffer();
}

async function send(url, authorization, bytes) {
  const headers = { 'Content-Type': 'application/json' };
  if (authorization) headers.Authorization = authorization;
  let body = bytes;
  if (bytes.length >= PACK_FROM_BYTES && self.CompressionStream) {
    const packed = await pack(bytes).catch(() => null);
    if (packed) {
      body = packed;
      headers['Content-Encoding'] = 'gzip';
    }
  }
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    // A redirect leads to somebody else, such as a sign-in page: it is not followed.
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: abort.signal });
    const read = (name) => answer.headers.get(name);
    return [
      answer.status,
      answer.redirected || answer.type === 'opaqueredirect',
      read('Content-Type'),
      read('Retry-After'),
      read('clm-clock-skew-ms'),
    ];
  } finally {
    clearTimeout(timer);
  }
}

onmessage = async ({ data: [id, url, authorization, bytes] }) => {
  // Status 0 and no redirect: nobody answered.
  const answer = await send(url, authorization, bytes).catch(() => [0, false, null, null, null]);
  postMessage([id, ...answer]);
};
