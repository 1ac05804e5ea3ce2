import { findingOf, Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';

import { plainHttp } from '../src/http-config.js';
import type { OutgoingImage, OutgoingMessage, SendContext } from '../src/sender.js';
import { sampleDelivery } from './outgoing-messages.js';

export const sampleImage: OutgoingImage = {
  ...{ name: 'registry.example.com/shop/app', version: '1.2', digest: `sha256:${'a'.repeat(64)}`, revision: 'f00d' },
  ...{ analyzedAt: '2026-11-25T10:42:00.000Z', bom: '{"bomFormat":"CycloneDX"}' },
  findings: [
    {
      ...findingOf({
        ...{
          kind: 'vulnerability',
          id: 'CVE-2026-1',
          severity: 'critical',
          title: 'a hole',
          fingerprint: 'f1',
          layer: 0,
        },
        ...{ packageName: 'openssl', installedVersion: '3.0.1', aliases: ['GHSA-1'], state: 'present' },
        fix: { state: 'fixed', version: '3.0.14' },
      }),
      ...{ kev: true, epss: 0.5 },
    },
    {
      ...findingOf({
        ...{ kind: 'misconfiguration', id: 'image-root', severity: 'negligible', title: 'runs as root' },
        ...{ fingerprint: 'f2', layer: null, state: 'present' },
      }),
      ...{ kev: false, epss: null },
    },
  ],
};

export const uploadConfig = { http: plainHttp, timeoutMs: 0, sendResolved: false as const, takes: () => true };

/** Server of a test that keeps its requests. */
interface Sink<Request> {
  url: string;
  received: Request[];
  stop(): Promise<void>;
}

/** Sends an image to a server; returns the outcome and the requests. */
export async function uploaded<Request>(
  sink: Sink<Request>,
  send: (url: string, delivery: OutgoingMessage, context: SendContext) => Promise<unknown>,
  image: OutgoingImage = sampleImage,
): Promise<{ outcome: unknown; requests: Request[] }> {
  const egress = new Egress({ allow: [] });
  try {
    const signal = new AbortController().signal;
    const outcome = await send(sink.url, { ...sampleDelivery(), image }, { egress, signal });
    return { outcome, requests: sink.received };
  } finally {
    await egress.close();
    await sink.stop();
  }
}

/** Fields of a multipart form, as a server reads them. */
export async function formOf({ text, headers }: { text: string; headers: NodeJS.Dict<string | string[]> }) {
  const type = String(headers['content-type']);
  const form = await new Response(text, { headers: { 'content-type': type } }).formData();
  const fields = await Promise.all(
    [...form].map(async ([name, value]) => [name, typeof value === 'string' ? value : await value.text()] as const),
  );
  return Object.fromEntries(fields);
}

export const sampleSecret = new Secret('s3cret');
