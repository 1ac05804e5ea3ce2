import { InvalidInput } from '@tidewaiter/domain';

import { isBinaryCloudEvent, readEach } from './cloud-events.js';
import type { HookRequest } from './hook-request.js';
import { registryKind } from './registry-kinds.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const read = { outcome: 'push', repository: 'a/b', tag: '1', digest };
const message = { action: 'INSERT', digest: `h.example/a/b@${digest}`, tag: 'h.example/a/b:1' };

/** Kinds whose sender, or a broker after it, sends CloudEvents: type and data of a push. */
const pushes: Readonly<Record<string, { type: string; data: object }>> = {
  harbor: {
    type: 'harbor.artifact.pushed',
    data: { resources: [{ digest, tag: '1', resource_url: 'h/a/b:1' }], repository: { repo_full_name: 'a/b' } },
  },
  zot: { type: 'zotregistry.image.updated', data: { name: 'a/b', reference: '1', digest } },
  acr: {
    type: 'Microsoft.ContainerRegistry.ImagePushed',
    data: { action: 'push', target: { repository: 'a/b', tag: '1', digest } },
  },
  ecr: {
    type: 'com.amazon.ecr.image.push',
    data: { repositoryName: 'a/b', imageTag: '1', imageDigest: digest, registryId: '123456789012' },
  },
  gar: {
    type: 'google.cloud.pubsub.topic.v1.messagePublished',
    data: { message: { data: Buffer.from(JSON.stringify(message)).toString('base64') } },
  },
  generic: { type: 'container.image.push', data: { repository: 'a/b', tag: '1', digest } },
};

const attributes = { specversion: '1.0', source: '/registry', time: '2026-01-02T03:04:05Z' };
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const binary = (event: { data?: object; [attribute: string]: unknown }): HookRequest => {
  const { data, ...rest } = event;
  const headers = Object.fromEntries(Object.entries(rest).map(([name, value]) => [`ce-${name}`, String(value)]));
  return { headers: { 'content-type': 'application/json', ...headers }, body: data ? json(data) : Buffer.alloc(0) };
};
const structured = (event: object, mediaType = 'application/cloudevents+json; charset=UTF-8'): HookRequest => ({
  headers: { 'content-type': mediaType },
  body: json(event),
});
const batch = (...events: unknown[]): HookRequest => structured(events, 'application/cloudevents-batch+json');

describe.each(Object.entries(pushes))('CloudEvents of %s', (kind, { type, data }) => {
  const { parse } = registryKind(kind)!;
  const event = { ...attributes, id: 'c1', type, data };
  const { data: _data, ...withoutData } = event;
  const encoded = { ...withoutData, data_base64: json(data).toString('base64') };

  it.each([
    ['binary', binary(event)],
    ['structured', structured(event)],
    ['structured, as application/json', structured(event, 'application/json')],
    ['structured, with data in Base64', structured(encoded)],
    ['batch', batch(event)],
    ['batch, as application/json', structured([event], 'application/json')],
  ])('are read in %s mode', (_, request) => {
    expect(parse(request)).toMatchObject({ events: [read], ignored: {} });
  });

  it('have the same delivery key in all modes where they carry an id', () => {
    const keys = [binary(event), structured(event)].map((request) => parse(request).events[0]?.deliveryKey);
    expect(keys[0]).toBe(keys[1]);
  });

  it('each count in a batch, in which an unreadable one does not affect the others', () => {
    const { events, ignored } = parse(batch(event, { ...withoutData, id: 'c2' }, 7, { ...event, id: 'c3' }));
    expect(events).toMatchObject([read, read]);
    expect(new Set(events.map(({ deliveryKey }) => deliveryKey)).size).toBe(2);
    expect(Object.values(ignored).reduce((sum, count) => sum + count, 0)).toBe(2);
  });

  it('of an unused type are ignored, whatever their data', () => {
    const unused = { ...withoutData, type: 'com.example.unused' };
    const text = { ...binary(unused), body: Buffer.from('full'), headers: { 'content-type': 'text/plain' } };
    const requests = [
      binary(unused),
      { ...text, headers: { ...binary(unused).headers, ...text.headers } },
      structured(unused),
      structured({ ...unused, data: 'full', datacontenttype: 'text/plain' }),
      structured({ ...unused, data_base64: 'AAEC', datacontenttype: 'image/png' }),
      batch(unused, unused),
    ];
    for (const request of requests) {
      const { events, ignored } = parse(request);
      expect(events).toEqual([]);
      expect(ignored).toEqual({ ignore: request.body.toString().startsWith('[') ? 2 : 1 });
    }
  });

  it.each([
    [batch(1, 2)],
    [structured({}, 'application/cloudevents-batch+json')],
    [{ ...binary(event), body: Buffer.from('{') }],
    [{ ...structured(event), body: Buffer.from('{') }],
  ])('are refused when nothing can be read: %j', (request) => {
    const refuses = () => parse(request);
    // Google's topic and a generic sender may send any JSON object.
    if (kind === 'gar' && request.body.toString() !== '{') return;
    expect(refuses).toThrow(InvalidInput);
  });
});

describe('readEach', () => {
  const documentOf = (request: HookRequest) => {
    const documents: unknown[] = [];
    readEach(request, (document) => {
      documents.push(document);
      return [];
    });
    return documents;
  };

  it('decodes percent-encoded headers, and keeps what is not encoded', () => {
    const headers = { 'ce-type': 't', 'ce-source': '/a%20b', 'ce-subject': '100%', 'ce-': 'x' };
    expect(documentOf({ headers, body: Buffer.from('[1]') })).toEqual([
      { specversion: '1.0', type: 't', source: '/a b', subject: '100%', data: [1] },
    ]);
  });

  it('keeps a list of other objects as one document', () => {
    expect(documentOf(structured([{ eventType: 'x' }], 'application/json'))).toEqual([[{ eventType: 'x' }]]);
    expect(documentOf(structured([], 'application/json'))).toEqual([[]]);
  });

  it('reads an empty batch', () => {
    expect(documentOf(batch())).toEqual([]);
  });
});

describe('isBinaryCloudEvent', () => {
  it('is true for attributes in headers alone', () => {
    expect(isBinaryCloudEvent({ headers: { 'ce-type': 't' } })).toBe(true);
    expect(isBinaryCloudEvent({ headers: { 'ce-type': 't', 'content-type': 'application/cloudevents+json' } })).toBe(
      false,
    );
    expect(isBinaryCloudEvent({ headers: {} })).toBe(false);
  });
});
