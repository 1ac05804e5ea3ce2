import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { advisorySources, importFiles } from '@tidewaiter/advisory-sync';
import { findingKinds, severities } from '@tidewaiter/domain';
import type { Report } from '@tidewaiter/reports';
import { buildImage, type TarEntry } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { environment } from '../context.js';
import { scanOptions, type ScanFlags } from '../scan/scan.js';
import { openSource } from '../sources/sources.js';
import { evaluatedReport } from './evaluated-report.js';
import { usualAges } from './evaluation-flags.js';
import type { EvaluationOptions } from './image-report.js';
import { ScanProgress } from './progress.js';
import { type ReportInputs, reportKey } from './report-key.js';
import { type ImageToScan, scanImage } from './scan-image.js';

const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-reports-'));
const advisories = join(folder, 'advisories.db');
const inFolder = (name: string) => join(folder, name);
const program = 'a program';
const secretKey = Buffer.alloc(32, 7);
const dayMs = 86_400_000;
/** Tomorrow at noon: the file of advisories is older. */
const now = new Date((Math.floor(Date.now() / dayMs) + 1.5) * dayMs);
const later = (date: Date, ms: number) => new Date(date.getTime() + ms);
const day = (days: number) =>
  later(now, days * dayMs)
    .toISOString()
    .slice(0, 10);

const record = (id: string, name: string, fixed: string | null, cvss: string) => ({
  id,
  modified: `${day(-5)}T00:00:00Z`,
  severity: [{ type: 'CVSS_V3', score: `CVSS:3.1/${cvss}` }],
  affected: [
    {
      package: { ecosystem: 'Debian:10', name },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed === null ? [] : [{ fixed }])] }],
    },
  ],
});

/** Adds records to the file of advisories. */
async function importRecords(...records: { id: string }[]): Promise<void> {
  mkdirSync(inFolder('records'), { recursive: true });
  for (const each of records) writeFileSync(inFolder(`records/${each.id}.json`), JSON.stringify(each));
  using keeper = AdvisoryFileWriter.open(advisories);
  const nothing = () => undefined;
  const listener = { downloading: nothing, reading: nothing, rejected: nothing, keptDeleted: nothing, done: nothing };
  const failed = (name: string, error: unknown) => {
    throw new Error(name, { cause: error });
  };
  const listening = { ...listener, failed };
  await importFiles(await advisorySources(inFolder('records')), {
    ...{ keeper, acceptsRemovals: false, listener: listening },
  });
}

beforeAll(async () => {
  const stanza = (name: string) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n`;
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const base: TarEntry[] = [
    { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="10"\n' },
    { path: 'var/lib/dpkg/status', content: [stanza('zlib1g'), stanza('openssl'), stanza('curl')].join('\n') },
  ];
  const layers = [base, [{ path: 'app/id_ed25519', content: key }], base];
  await buildImage(inFolder('image'), {
    layers,
    config: { Labels: { team: 'shop' } },
    created: `${day(-14)}T00:00:00Z`,
  });
  await importRecords(
    record('DEBIAN-CVE-2026-1001', 'zlib1g', '2', 'AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'),
    record('DEBIAN-CVE-2026-1002', 'openssl', null, 'AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N'),
    record('DEBIAN-CVE-2026-1003', 'curl', '2', 'AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:N'),
  );
  const ignore = (id: string, until: string) => `ignore:\n  - id: ${id}\n    reason: accepted\n    until: ${until}\n`;
  writeFileSync(inFolder('ended.yaml'), ignore('CVE-2026-1001', day(-14)));
  writeFileSync(inFolder('soon.yaml'), ignore('CVE-2026-1001', day(0)));
  writeFileSync(inFolder('long.yaml'), ignore('CVE-2026-1003', day(3_650)));
  const statement = { vulnerability: { name: 'CVE-2026-1002' }, products: [{ '@id': 'pkg:deb/debian/openssl' }] };
  const vex = {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    ...{ '@id': 'https://example.com/vex/1', author: 'shop', timestamp: `${day(-14)}T00:00:00Z`, version: 1 },
    statements: [{ ...statement, status: 'not_affected', justification: 'vulnerable_code_not_present' }],
  };
  writeFileSync(inFolder('vex.json'), JSON.stringify(vex));
  const policy = (name: string, expression: string) =>
    writeFileSync(inFolder(name), `name: own\nrules:\n  - expression: ${expression}\n`);
  policy('labeled.yaml', "\"image.labels['team'] == 'shop'\"");
  policy('timed.yaml', '"now - image.createdAt < duration(\'400h\')"');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The image as of a time; every call opens it anew. */
async function opened(startedAt = now, more: Partial<ImageToScan> = {}): Promise<ImageToScan> {
  const target = `oci:${inFolder('image')}`;
  const { signal } = new AbortController();
  const source = await openSource(target, { isInsecure: false, isOffline: true, signal });
  const progress = new ScanProgress(target, 1, true);
  const image = { target, source, startedAt, cacheDir: inFolder('cache'), secretKey, needsDigests: false };
  return { ...image, progress, signal, ...more };
}

const flags = (given: Partial<ScanFlags> = {}): ScanFlags => ({
  ...{ kinds: [...findingKinds], maxAdvisoryAge: usualAges, timeout: 60_000, advisories, ...given },
});

const chosen = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 });
const options = {
  kinds: chosen(findingKinds),
  severity: chosen(severities),
  failOn: fc.constantFrom(...severities),
  onIncomplete: fc.constantFrom('warn', 'fail'),
  onlyFixed: fc.constant(true),
  reachable: fc.constant(true),
  maxAdvisoryAge: fc.constantFrom(
    ...[3_600_000, 5 * dayMs, Number.POSITIVE_INFINITY].map((usualMs) => ({ usualMs, named: {} })),
    usualAges,
    { ...usualAges, named: { Debian: 3_600_000 } },
  ),
  vex: fc.constant([inFolder('vex.json')]),
  ignoreFile: fc.subarray(['ended.yaml', 'soon.yaml', 'long.yaml'].map(inFolder), { minLength: 1 }),
  policy: fc.subarray([inFolder('labeled.yaml'), 'no-secrets', 'no-old-critical']),
};
const optionNames = Object.keys(options) as (keyof typeof options)[];
/** Any combination of the flags that say what counts. */
const anyFlags = fc.record(options, { requiredKeys: [] }) as fc.Arbitrary<Partial<ScanFlags>>;

function inputsOf(image: ImageToScan, evaluating: EvaluationOptions): ReportInputs {
  const { target, source } = image;
  return { program: [program], target, source, evaluating, secretKey: image.secretKey, environment, now };
}

/** Report without the times and counts of the run. */
const answer = ({ stats, ...report }: Report) => JSON.stringify([report, stats.files, stats.advisoriesAsOf]);

describe('evaluatedReport', () => {
  const changed = new Set<string>();
  it.each(optionNames)('has another key wherever %s gives another report', async (option) => {
    const resultOf = async (given: Partial<ScanFlags>) => {
      const image = await opened();
      const evaluating = await scanOptions(flags(given));
      return [reportKey(inputsOf(image, evaluating)), answer((await scanImage(image, evaluating)).report)];
    };
    const given = fc.tuple(anyFlags, fc.subarray(optionNames, { maxLength: 2 })).map(([all, names]) => ({
      ...Object.fromEntries(names.map((name) => [name, all[name]]).filter(([, value]) => value !== undefined)),
    }));
    await fc.assert(
      fc.asyncProperty(given, options[option] as fc.Arbitrary<unknown>, async (others, value) => {
        const [firstKey, first] = await resultOf(others);
        const [otherKey, other] = await resultOf({ ...others, [option]: value });
        if (first === other) return;
        expect(otherKey).not.toBe(firstKey);
        changed.add(option);
      }),
      { numRuns: 10 },
    );
  });

  it('has another key for another key of fingerprints, target, program or limit', async () => {
    const evaluating = await scanOptions(flags());
    const inputs = inputsOf(await opened(), evaluating);
    const others: Partial<ReportInputs>[] = [
      { secretKey: Buffer.alloc(32, 8) },
      { target: 'oci:elsewhere' },
      { program: ['another'] },
      { environment: { TIDEWAITER_MAX_SECRETS: '100' } },
      { source: { ...inputs.source, digest: `sha256:${'0'.repeat(64)}` } },
      { source: { ...inputs.source, layers: inputs.source.layers.toReversed() } },
    ];
    const keys = [{}, ...others].map((other) => reportKey({ ...inputs, ...other }));
    expect(new Set(keys).size).toBe(keys.length);
    expect(reportKey({ ...inputs, environment: { ...environment, TERM: 'other' } })).toBe(reportKey(inputs));
    // The properties before have proved something only for options that gave another report.
    expect(changed.size).toBeGreaterThan(optionNames.length / 2);
  });

  it('gives a report that holds until the time that is named, under any options', async () => {
    const moments = fc.tuple(fc.integer({ min: 0, max: 20 * dayMs }), fc.double({ min: 0, max: 1, noNaN: true }));
    let held = 0;
    await fc.assert(
      fc.asyncProperty(anyFlags, moments, async (given, [startMs, share]) => {
        const start = later(now, startMs - 7.5 * dayMs);
        const evaluating = await scanOptions(flags(given));
        const first = await scanImage(await opened(start), evaluating);
        if (first.until === null) return;
        held += 1;
        const lastMs = first.until.getTime() - start.getTime() - 1;
        for (const ms of [Math.floor(lastMs * share), lastMs]) {
          const { report } = await scanImage(await opened(later(start, ms)), evaluating);
          expect(answer(report)).toBe(answer(first.report));
        }
      }),
      { numRuns: 30 },
    );
    expect(held).toBeGreaterThan(10);
  });

  it('answers a known image with the report that a scan gives', async () => {
    const evaluating = await scanOptions(flags());
    const first = await evaluatedReport(await opened(), evaluating, program);
    const written = readdirSync(inFolder('cache/reports'));
    // A scan would end at its signal.
    const image = await opened(later(now, 1_000), { signal: AbortSignal.abort() });
    const known = await evaluatedReport(image, evaluating, program);
    const scanned = (await scanImage(await opened(later(now, 1_000)), evaluating)).report;
    expect({ ...known, stats: { ...known.stats, durationMs: 0 } }).toEqual({
      ...scanned,
      stats: { ...scanned.stats, durationMs: 0 },
    });
    expect(JSON.stringify({ ...known, stats: null })).toBe(JSON.stringify({ ...first, stats: null }));
    expect(written).toHaveLength(2);
  });

  it('evaluates anew for another program, and keeps nothing without one', async () => {
    const evaluating = await scanOptions(flags({ kinds: ['secret'] }));
    const count = () => readdirSync(inFolder('cache/reports')).length;
    await evaluatedReport(await opened(), evaluating, program);
    const before = count();
    await evaluatedReport(await opened(), evaluating, undefined);
    expect(count()).toBe(before);
    await evaluatedReport(await opened(), evaluating, 'another');
    expect(count()).toBe(before + 1);
  });

  it('keeps nothing that depends on the minute, on signatures elsewhere, or on an unread layer', async () => {
    const evaluating = await scanOptions(flags());
    const timed = await scanOptions(flags({ policy: [inFolder('timed.yaml')] }));
    expect((await scanImage(await opened(), timed)).until).toBeNull();
    const trust = { keys: [], certificates: [] } as never;
    expect(reportKey(inputsOf(await opened(), { ...evaluating, trust }))).toBeNull();
    const image = await opened();
    image.source.layers[1]!.verify = () => Promise.reject(new Error('another digest'));
    expect((await scanImage(image, evaluating)).until).toBeNull();
  });

  it('reads an image again whose blob no longer has its digest', async () => {
    const evaluating = await scanOptions(flags({ kinds: ['secret', 'integrity'] }));
    await evaluatedReport(await opened(), evaluating, program);
    const image = await opened();
    image.source.layers[1]!.verify = () => Promise.reject(new Error('another digest'));
    const { findings } = await evaluatedReport(image, evaluating, program);
    expect(findings.map(({ id }) => id)).toContain('layer-not-analyzed');
  });

  it('sees a new advisory, and waits until the file is settled', async () => {
    const evaluating = await scanOptions(flags({ kinds: ['vulnerability'] }));
    const before = reportKey(inputsOf(await opened(), evaluating));
    await importRecords(record('DEBIAN-CVE-2026-1004', 'curl', '3', 'AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'));
    const inputs = inputsOf(await opened(), evaluating);
    expect(reportKey({ ...inputs, now: later(statSync(advisories).mtime, 1_000) })).toBeNull();
    const after = reportKey(inputs);
    expect(after).not.toBeNull();
    expect(after).not.toBe(before);
  });
});
