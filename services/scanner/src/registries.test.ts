import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { Egress } from '@tidewaiter/egress';
import { parseSettings } from '@tidewaiter/runtime';
import { startHttpServer } from '@tidewaiter/testkit';

import type { ScannerConfig } from './config.js';
import { Registries } from './registries.js';

const manifest = '{"schemaVersion":2,"layers":[]}';
const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;

describe('Registries', () => {
  it('reads digests from the mirror of tidewaiter.yaml, and tags from the registry', async () => {
    const paths: string[] = [];
    const serve = (name: string) =>
      startHttpServer((request: IncomingMessage, response) => {
        paths.push(`${name} ${request.url}`);
        response.end(manifest);
      });
    const [origin, mirror] = [await serve('origin'), await serve('mirror')];
    const registry = `{ name: main, kind: distribution, url: "http://127.0.0.1:${origin.port}", allowPrivate: true,
    mirrors: [ { url: "http://127.0.0.1:${mirror.port}/hub/", allowPrivate: true } ] }`;
    const settings = parseSettings(`registries: [ ${registry} ]`, () => '');
    const egress = new Egress({ allow: [] });
    const registries = new Registries(settings, egress, { minBytesPerSecond: 65_536 } as ScannerConfig);
    try {
      for (const reference of ['1', digest]) await registries.client('main').manifest('shop/app', reference);
      expect(paths).toEqual(['origin /v2/shop/app/manifests/1', `mirror /v2/hub/shop/app/manifests/${digest}`]);
    } finally {
      await Promise.all([egress.close(), origin.stop(), mirror.stop()]);
    }
  });
});
