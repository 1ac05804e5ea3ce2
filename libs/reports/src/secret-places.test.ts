import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type FindingLocation, withLocations } from '@tidewaiter/domain';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';

import { sampleReport } from '../samples/sample-report.js';
import { reportFormats } from './index.js';

const schemaIn = (path: string) => JSON.parse(readFileSync(join(__dirname, path), 'utf8')) as Record<string, unknown>;
const { $schema: _draft4, id: _id, ...sarifSchema } = schemaIn('sarif/fixtures/sarif-2.1.0.schema.json');
const validators = {
  sarif: addFormats.default(new Ajv({ strict: false, unicodeRegExp: false })).compile(sarifSchema),
  json: addFormats.default(new Ajv2020({ strict: false })).compile(schemaIn('../../../docs/report.schema.json')),
};

const place = (index: number): FindingLocation => ({
  ...{ path: `app/${String(index).padStart(2, '0')}.env`, line: 3, layer: index % 3, state: 'present', origin: 'file' },
  ...{ rule: 'aws-access-key-id', title: 'AWS access key id', severity: 'critical', confidence: 'certain' },
  masked: 'AKIA****',
});
const variable: FindingLocation = {
  ...place(0),
  path: null,
  line: undefined!,
  layer: null,
  origin: 'env',
  name: 'KEY',
};
delete variable.line;
const deleted: FindingLocation = { ...place(24), state: 'shadowed', removedInLayer: 2 };
const secret = sampleReport.findings.find(({ id }) => id === 'aws-access-key-id')!;
const locations = [...Array.from({ length: 23 }, (_, index) => place(index)), deleted, variable];
const finding = { ...withLocations(secret, locations.toReversed(), 5), fingerprint: 'f' };
const report = { ...sampleReport, findings: [finding] };
const render = (name: string) =>
  reportFormats
    .find((format) => format.name === name)!
    .render(report, { width: 200, isColored: false, toolVersion: '1' });

describe('a secret in several places, in reports', () => {
  it('is one finding with a list of its places in JSON, by the schema', () => {
    const { findings } = JSON.parse(render('json')) as { findings: { locations: object[] }[] };
    expect(findings).toMatchObject([{ path: 'app/00.env', layer: 0, evidence: { line: 3 }, moreLocations: 5 }]);
    expect(findings[0]!.locations).toHaveLength(25);
    expect(Object.keys(findings[0]!.locations[0]!).slice(0, 4)).toEqual(['path', 'line', 'layer', 'state']);
    validators.json(JSON.parse(render('json')));
    expect(validators.json.errors).toBeNull();
  });

  it('is one result with all locations in SARIF, by the schema', () => {
    const log = JSON.parse(render('sarif')) as { runs: { results: { locations: object[] }[] }[] };
    validators.sarif(log);
    expect(validators.sarif.errors).toBeNull();
    const [result, ...others] = log.runs[0]!.results;
    expect(others).toEqual([]);
    expect(result!.locations).toHaveLength(25);
    expect(result!.locations[0]).toMatchObject({
      physicalLocation: { artifactLocation: { uri: 'app/00.env' }, region: { startLine: 3 } },
    });
    expect(result!.locations.at(-1)).toMatchObject({ message: { text: 'app/24.env:3, layer 0, deleted in layer 2' } });
    expect(JSON.stringify(result!.locations)).toContain('env KEY');
  });

  it.each([
    ['table', /Secrets \(1\)[^]+app\/00\.env:3, layer 0, and 29 more places, AKIA/],
    ['github', /app\/00\.env:3, layer 0, and 29 more places/],
    ['csv', /^secret,[^\r\n]*,30,"app\/00\.env:3, layer 0; [^\r\n]*env KEY[^\r\n]*deleted in layer 2",\r\n$/m],
    ['junit', /and 29 more places:\napp\/03\.env:3, layer 0\n[^]+env KEY\n[^]+and 5 that are not listed/],
  ])('is one line or case in %s', (name, expected) => {
    const text = render(name);
    expect(text).toMatch(expected);
    expect(text.split('aws-access-key-id')).toHaveLength(2);
  });

  it.each(['cyclonedx', 'spdx', 'gitlab'])('does not appear in %s, which has no secrets', (name) => {
    expect(render(name)).not.toContain('app/00.env');
  });
});
