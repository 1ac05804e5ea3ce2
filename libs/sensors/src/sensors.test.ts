import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import {
  activities,
  InvalidInput,
  isDigest,
  type JsonObject,
  runtimeSources,
  type RuntimeRecord,
} from '@tidewaiter/domain';
import { hostileJson, replaceValue } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { isObject } from './json.js';
import { maxEventBytes } from './record-size.js';
import { sensorsMarkdown } from './sensor-page.js';
import { observe, sensorOf, sensors } from './sensors.js';
import { logsourcesOf, scalarsOf, sigmaField } from './sigma-view.js';

const root = resolve(__dirname, '../../..');
const connection = {
  sensor: 'main',
  cluster: null,
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
  fields: { id: 'id', at: 'ts', node: 'host', 'process.executable': 'exe', 'container.image': 'image' },
};

function sampleOf(source: string): JsonObject {
  return JSON.parse(readFileSync(join(__dirname, source, 'fixtures/event.json'), 'utf8')) as JsonObject;
}

describe('steps', () => {
  it.each(sensors.map((sensor) => [sensor.source, sensor] as const))(
    'of %s pause after each event, and end as reading at once',
    (source, sensor) => {
      const body = Buffer.from(`${JSON.stringify(sampleOf(source))}\n`.repeat(50));
      const steps = sensor.steps(body, connection);
      let pauses = 0;
      let step = steps.next();
      for (; !step.done; step = steps.next()) pauses += 1;
      expect(step.value).toEqual(sensor.read(body, connection));
      expect(step.value.records.length).toBeGreaterThanOrEqual(50);
      // One after its document is parsed, one after it is read.
      expect(pauses).toBeGreaterThanOrEqual(2 * 50);
    },
  );
});

describe('the list', () => {
  const folders = readdirSync(__dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const page = readFileSync(join(root, 'docs/sensors.md'), 'utf8');

  it('is the list of folders and of sources, each with its test, its samples and its recipe', () => {
    const kinds = sensors.map(({ source }) => source).toSorted();
    expect(kinds).toEqual(folders.toSorted());
    expect(kinds).toEqual([...runtimeSources].toSorted());
    for (const folder of folders) {
      expect(existsSync(join(__dirname, folder, `${folder}.test.ts`))).toBe(true);
      expect(existsSync(join(root, 'deploy/sensors', folder, 'README.md'))).toBe(true);
    }
  });

  it('has each word once, and knows no other', () => {
    const words = sensors.flatMap(({ source, aliases }) => [source, ...aliases]);
    expect(new Set(words).size).toBe(words.length);
    expect(words.every((word) => sensorOf(word) !== undefined)).toBe(true);
    expect(sensorOf('constructor')).toBeUndefined();
  });

  it('is what docs/sensors.md says (npm run docs)', () => {
    expect(page).toBe(sensorsMarkdown(sensors));
  });
});

function check(records: readonly RuntimeRecord[]): void {
  for (const record of records) {
    expect(record.id).toMatch(/^[\x21-\x7e]{1,128}$/);
    expect(Number.isNaN(Date.parse(record.at))).toBe(false);
    expect(Buffer.byteLength(JSON.stringify(record.event))).toBeLessThanOrEqual(maxEventBytes);
    const observation = observe(record);
    expect(activities).toContain(observation.activity);
    const digest = observation.container?.imageDigest ?? null;
    expect(digest === null || isDigest(digest)).toBe(true);
    // An escaped backslash and what follows are text.
    expect(JSON.stringify(observation).replaceAll('\\\\', '')).not.toMatch(/\\u0000|\\ud[89a-f]/);
    // Unknown values are null, never empty; only an alert may have empty texts.
    expect(JSON.stringify({ ...observation, native: null, alert: null })).not.toContain(':""');
    expect(logsourcesOf(observation).length).toBeGreaterThan(0);
    for (const name of ['Image', 'Process.Executable', 'Request.Images', '__proto__', 'constructor.name']) {
      sigmaField(observation, name);
    }
    expect([...scalarsOf(observation)].every((each) => typeof each !== 'object')).toBe(true);
    // The native fields of a record survive the bus.
    expect(JSON.parse(JSON.stringify(record))).toEqual(record);
  }
  expect(({} as { polluted?: true }).polluted).toBeUndefined();
}

describe.each(sensors)('any body for $source', ({ source, read }) => {
  const sample = sampleOf(source);
  const attempt = (body: Buffer) => {
    try {
      check(read(body, connection).records);
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
    }
  };

  it('is read from the sample, as one document, in an array and one a line', () => {
    const once = read(Buffer.from(JSON.stringify(sample)), connection).records;
    expect(once).toHaveLength(1);
    check(once);
    for (const body of [
      JSON.stringify([sample, sample]),
      `${JSON.stringify(sample)}\n\n${JSON.stringify(sample)}\r\n`,
    ]) {
      // The same event has the same id, whatever its envelope.
      expect(read(Buffer.from(body), connection).records.map(({ id }) => id)).toEqual([once[0]?.id, once[0]?.id]);
    }
  });

  it('is read out of what a shipper wraps it in, as it is and as text', () => {
    for (const wrapped of [{ log: sample }, { message: JSON.stringify(sample), host: 'node-1' }, { MESSAGE: sample }]) {
      expect(read(Buffer.from(JSON.stringify(wrapped)), connection)).toMatchObject({
        records: [{ source }],
        ignored: {},
      });
    }
  });

  it('is read or refused, with one value replaced', () => {
    fc.assert(
      fc.property(fc.nat(40), hostileJson, (nth, by) => attempt(Buffer.from(replaceValue(sample, nth, by)))),
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
        (bytes) => attempt(Buffer.from(bytes)),
      ),
    );
  });

  it('is observed whatever the event of a record is', () => {
    fc.assert(
      fc.property(fc.nat(40), hostileJson, (nth, by) => {
        const event = JSON.parse(replaceValue(sample, nth, by)) as RuntimeRecord['event'];
        const place = { sensor: 'main', cluster: null, node: null };
        observe({ id: 'e1', source, ...place, at: 'yesterday', event: isObject(event) ? event : {} });
      }),
      { numRuns: 400 },
    );
  });

  it('is refused as a whole when nothing of it is of this kind', () => {
    for (const body of ['{}', '[{}]', '7', '"x"', '[1,{"a":1}]']) {
      expect(() => read(Buffer.from(body), connection)).toThrow(expect.objectContaining({ code: 'BODY_UNRECOGNIZED' }));
    }
    for (const body of ['', '12:41:07.2: Notice A shell\n', '{"rule":']) {
      expect(() => read(Buffer.from(body), connection)).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
    }
  });

  it('has one bad event of a batch stop none of its neighbors', () => {
    const lines = [JSON.stringify(sample), '{"half":', 'null', '{}'];
    expect(read(Buffer.from(lines.join('\n')), connection)).toMatchObject({
      records: [{ source }],
      ignored: { malformed: 3 },
    });
  });

  it('is cut to what one message takes', () => {
    const long = '\u0001"\u00e9'.repeat(100_000);
    const [record] = read(Buffer.from(JSON.stringify({ ...sample, note: long, more: { long } })), connection).records;
    check(record === undefined ? [] : [record]);
  });
});
