import { createHash } from 'node:crypto';

import { type SinkAnswer, httpSink, type HttpSink, type ReceivedRequest } from '@tidewaiter/testkit';

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** Registry whose every answer contains a secret, each time another one in another place. */
export async function echoingRegistry(texts: readonly string[]): Promise<HttpSink> {
  let count = 0;
  const documents = new Map<string, string>();
  return httpSink((request) => {
    const text = texts[count % texts.length]!;
    const answer = answers[Math.floor(count / 2) % answers.length]!;
    count += 1;
    return documents.has(request.path.split('/').at(-1) ?? '')
      ? { status: 200, body: documents.get(request.path.split('/').at(-1) ?? '')! }
      : answer(text, request, documents);
  });
}

type Reply = (text: string, request: ReceivedRequest, documents: Map<string, string>) => SinkAnswer;

const answers: readonly Reply[] = [
  (text) => ({ status: 404, body: { errors: [{ code: 'MANIFEST_UNKNOWN', message: text, detail: { note: text } }] } }),
  (text) => ({ status: 403, headers: { 'x-note': text }, body: { errors: [{ code: 'DENIED', message: text }] } }),
  (text, { headers: { host } }) => ({
    status: 401,
    headers: {
      'www-authenticate': `Bearer realm="http://ci:${encodeURIComponent(text)}@${host}/token?token=${encodeURIComponent(text)}",service="${encodeURIComponent(text)}"`,
    },
    body: text,
  }),
  (text) => ({
    status: 307,
    headers: { location: `http://ci:${encodeURIComponent(text)}@127.0.0.1:9/x?sig=${encodeURIComponent(text)}` },
  }),
  (text) => ({ status: 200, headers: { 'content-type': `text/plain; note=${encodeURIComponent(text)}` }, body: text }),
  (text) => ({
    status: 200,
    headers: { 'content-type': manifestType },
    body: JSON.stringify({ schemaVersion: 2, mediaType: text, config: { mediaType: text, digest: text, size: text } }),
  }),
  (text, _, documents) => {
    const config = JSON.stringify({ os: text, architecture: text, config: { Env: text }, rootfs: { note: text } });
    documents.set(digestOf(config), config);
    return {
      status: 200,
      headers: { 'content-type': manifestType },
      body: JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          digest: digestOf(config),
          size: Buffer.byteLength(config),
        },
        layers: [],
        annotations: { note: text },
      }),
    };
  },
  (text) => ({ status: 418, body: text }),
];
