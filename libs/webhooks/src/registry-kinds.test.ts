import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { InvalidInput, isDigest } from '@tidewaiter/domain';
import { hostileJson, replaceValue } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { setupExample } from './registry-kind.js';
import { registryKind, registryKindNames, registryKinds } from './registry-kinds.js';
import { registryPage, registryTable } from './registry-pages.js';

const root = resolve(__dirname, '../../..');

describe('registryKinds', () => {
  const folders = readdirSync(__dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  it.each(folders)('has the folder %s with a test and a sample', (folder) => {
    expect(registryKind(folder)).toBeDefined();
    expect(existsSync(join(__dirname, folder, `${folder}.test.ts`))).toBe(true);
    expect(existsSync(join(__dirname, folder, 'fixtures/event.json'))).toBe(true);
  });

  it('has one folder for each kind and each name once', () => {
    expect(registryKinds.map(({ kind }) => kind).toSorted()).toEqual(folders.toSorted());
    expect(new Set(registryKindNames).size).toBe(registryKindNames.length);
  });

  it.each(registryKinds)('documents $kind in docs/registries', (registry) => {
    expect(readFileSync(join(root, `docs/registries/${registry.kind}.md`), 'utf8')).toBe(registryPage(registry));
  });

  it.each(registryKinds)(
    'shows address and secret of a connection to $kind by the texts that stand for them',
    ({ setup }) => {
      const steps = setup.steps.join('\n');
      expect(steps).toContain(setupExample.hookUrl);
      expect(steps).toContain(setupExample.secret);
      // No other address of the example's host, which a reader would copy as it is.
      expect(steps.replaceAll(setupExample.hookUrl, '')).not.toContain(new URL(setupExample.hookUrl).host);
    },
  );

  it('has a page for each kind and a table of all', () => {
    const pages = readdirSync(join(root, 'docs/registries')).filter((name) => name !== 'README.md');
    expect(pages).toEqual(folders.map((name) => `${name}.md`).toSorted());
    expect(readFileSync(join(root, 'docs/registries/README.md'), 'utf8')).toBe(registryTable(registryKinds));
  });
});

const digest = `sha256:${'ab'.repeat(32)}`;

describe('registryKind', () => {
  it('finds a kind by its name and by an alias', () => {
    for (const name of registryKindNames) expect(registryKind(name)).toBeDefined();
    expect(registryKind('github')?.kind).toBe('ghcr');
  });

  it('returns undefined for any other name', () => {
    expect(registryKind('constructor')).toBeUndefined();
  });
});

describe.each(registryKinds)('RegistryKind $kind', (registry) => {
  const { kind } = registry;
  const sample = readFileSync(join(__dirname, kind, 'fixtures/event.json'));
  // Zot's sample is the data of a CloudEvent in binary mode.
  const headers: Record<string, string> = kind === 'zot' ? { 'ce-type': 'zotregistry.image.updated' } : {};
  const check = (body: Buffer) => {
    try {
      for (const event of registry.parse({ headers, body }).events) {
        expect(event.repository).toMatch(/^[a-z0-9][a-z0-9._/-]{0,254}$/i);
        expect(event.digest === null || isDigest(event.digest)).toBe(true);
        expect(event.deliveryKey).toMatch(/^[\x20-\x7e]{1,220}$/);
        // An escaped backslash and what follows are text.
        expect(JSON.stringify(event).replaceAll('\\\\', '')).not.toMatch(/\\u0000|\\ud[89a-f]/);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInput);
    }
    expect(({} as { polluted?: true }).polluted).toBeUndefined();
  };

  it('parses its sample', () => {
    const { events } = registry.parse({ headers, body: sample });
    // These kinds do not send the digest.
    const claimed = ['dockerhub', 'quay', 'nexus', 'gitea'].includes(kind) ? null : digest;
    expect(events).toMatchObject([{ repository: 'a/b', tag: '1', digest: claimed }]);
  });

  it('parses or rejects a sample with one value replaced', () => {
    fc.assert(
      fc.property(fc.nat(25), hostileJson, (nth, by) =>
        check(Buffer.from(replaceValue(JSON.parse(sample.toString()), nth, by))),
      ),
      { numRuns: 400 },
    );
  });

  it('parses or rejects any bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => check(Buffer.from(bytes)),
      ),
    );
  });
});
