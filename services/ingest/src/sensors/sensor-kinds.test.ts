import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { env } from 'node:process';

import { InvalidInput } from '@tidewaiter/domain';
import { hostileJson, replaceValue } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { sensorKind, sensorKinds } from './sensor-kinds.js';

const root = resolve(__dirname, '../../../..');
const context = { sensor: 'falco-eu1', cluster: null };

describe('the list', () => {
  const folders = readdirSync(__dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const page = readFileSync(join(root, 'docs/sources.md'), 'utf8');

  it('is the list of folders, each with a test', () => {
    expect(sensorKinds.map(({ kind }) => kind).toSorted()).toEqual(folders.toSorted());
    for (const folder of folders) expect(existsSync(join(__dirname, folder, `${folder}.test.ts`))).toBe(true);
  });

  it.each(sensorKinds)('documents $kind in docs/sources.md', ({ kind, title }) => {
    expect(page).toContain(`| \`${kind}\` | ${title} |`);
    expect(page).toMatch(new RegExp(`^## .*\`${kind}\``, 'm'));
  });

  it('knows no other name', () => {
    expect(sensorKind('constructor')).toBeUndefined();
  });
});

const samples: Record<string, object> = {
  falco: {
    rule: 'Terminal shell in container',
    priority: 'Notice',
    time: '2026-01-02T03:04:05Z',
    output: 'A shell',
    hostname: 'node-1',
    tags: ['shell'],
    output_fields: {
      'container.id': '0a1b2c3d4e5f',
      'container.image.digest': 'x',
      'proc.name': 'sh',
      'user.name': 'root',
      'ka.target.resource': 'pods',
    },
  },
};

describe.each(sensorKinds)('any body for $kind', (sensor) => {
  const sample = samples[sensor.kind] ?? {};
  const check = (body: Buffer) => {
    try {
      for (const event of sensor.parse({ headers: {}, body }, context).events) {
        expect(Number.isNaN(Date.parse(event.at))).toBe(false);
        expect(JSON.stringify(event)).not.toMatch(/\\u0000|\\ud[89a-f]/);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInput);
    }
    expect(({} as { polluted?: true }).polluted).toBeUndefined();
  };

  it('is read from the unchanged sample', () => {
    expect(sensor.parse({ headers: {}, body: Buffer.from(JSON.stringify(sample)) }, context).events).toHaveLength(1);
  });

  it('is read or refused, with one value replaced', () => {
    fc.assert(
      fc.property(fc.nat(15), hostileJson, (nth, by) => check(Buffer.from(replaceValue(sample, nth, by)))),
      { numRuns: 400 },
    );
  });

  it('is read or refused, whatever its bytes', () => {
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

interface Expected {
  request: 'accept' | 'reject';
  detection: boolean;
  time: string;
  [field: string]: unknown;
}

const runtime = join(env['TIDEWAITER_SHARED'] ?? resolve(root, '../shared'), 'fixtures/runtime');

(existsSync(runtime) ? describe : describe.skip)('the shared Falco alerts (needs TIDEWAITER_SHARED)', () => {
  const readFile = (path: string) => readFileSync(join(runtime, path), 'utf8');
  const files = existsSync(runtime) ? readdirSync(join(runtime, 'falco')).filter((file) => file.endsWith('.json')) : [];
  const expectations = existsSync(runtime)
    ? (JSON.parse(readFile('EXPECTED.json')) as { files: Record<string, Expected> }).files
    : {};
  const parse = (text: string) => sensorKind('falco')?.parse({ headers: {}, body: Buffer.from(text) }, context);

  it('are all there', () => {
    expect(files).toHaveLength(66);
  });

  it.each(files)('%s', (file) => {
    const { body } = JSON.parse(readFile(`falco/${file}`)) as { body: unknown };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const expected = expectations[`falco/${file}`];
    if (expected?.request === 'reject') {
      expect(() => parse(text)).toThrow(InvalidInput);
    } else if (expected !== undefined && !expected.detection) {
      expect(parse(text)?.ignored).toEqual({ [expected['rule'] === 'Test rule' ? 'test' : 'internal']: 1 });
    } else {
      expect(parse(text)?.events.map(flat)).toEqual([normalised(expected)]);
    }
  });

  it('stream.jsonl, as one batch', () => {
    const lines = readFile('falco/stream.jsonl').trim().split('\n');
    const batch = parse(lines.join('\n'));
    const detections = files.filter((file) => expectations[`falco/${file}`]?.detection);
    expect(batch?.events).toHaveLength(detections.length);
    expect((batch?.ignored['internal'] ?? 0) + (batch?.ignored['test'] ?? 0)).toBe(lines.length - detections.length);
  });

  function flat(event: NonNullable<ReturnType<typeof parse>>['events'][number]) {
    const { container, kubernetes, process } = event;
    return {
      rule: event.rule,
      priority: event.priority,
      time: event.at,
      host: event.host,
      containerId: container?.id ?? null,
      imageRepository: container?.imageRepository ?? null,
      imageTag: container?.imageTag ?? null,
      imageDigest: container?.imageDigest ?? null,
      namespace: kubernetes?.namespace ?? null,
      pod: kubernetes?.pod ?? null,
      user: process?.user ?? null,
      process: process?.name ?? null,
    };
  }

  /** What we expect otherwise than EXPECTED.json, and why. */
  function normalised(expected: Expected | undefined) {
    if (expected === undefined) throw new Error('nothing is expected of this file');
    const { request: _, detection: _detection, source: _source, onHost: _onHost, ...fields } = expected;
    return {
      ...fields,
      // `Z+2` is no time zone of ISO 8601.
      time: expected.time.replace(/Z\+2$/, 'Z'),
      // PostgreSQL keeps no U+0000.
      process: typeof fields['process'] === 'string' ? fields['process'].replaceAll('\0', '\uFFFD') : null,
      // Without the id of its container an event cannot say which container it means.
      ...(expected['containerId'] === null ? { imageRepository: null, imageTag: null } : {}),
    };
  }
});
