import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv } from 'ajv';

import { emptyReport, hostileReport, sampleReport, unknownReport } from '../../samples/sample-report.js';
import type { Report } from '../report.js';
import { spdx } from './spdx.js';

// schemas/spdx-schema-2-3.json of spdx/spdx-spec at b536507 (CC-BY-3.0), minified and without its
// descriptions.
const schema = JSON.parse(readFileSync(join(__dirname, 'fixtures/spdx-2.3.schema.json'), 'utf8')) as object;
const validate = new Ajv({ allErrors: true }).compile(schema);

interface Document {
  creationInfo: { created: string };
  documentNamespace: string;
  packages: { SPDXID: string; name: string; licenseDeclared: string; licenseComments?: string }[];
  relationships: { spdxElementId: string; relationshipType: string; relatedSpdxElement: string }[];
  hasExtractedLicensingInfos?: { licenseId: string }[];
}

const render = (report: Report) => spdx.render(report, { width: 80, isColored: false, toolVersion: '0.1.0' });
const documentOf = (report: Report) => JSON.parse(render(report)) as Document;
const twice = { ...sampleReport, packages: [...sampleReport.packages, ...sampleReport.packages] };

describe('spdx', () => {
  it.each(
    Object.entries({ sampleReport, emptyReport, unknownReport, twice, hostileReport: hostileReport('\uD800"\n') }),
  )('writes %s by the official schema', (_name, report) => {
    validate(documentOf(report));
    expect(validate.errors).toBeNull();
  });

  it('is validated by a schema that rejects errors', () => {
    expect(validate({ ...documentOf(sampleReport), packages: [{ name: 'x' }] })).toBe(false);
  });

  it.each(Object.entries({ twice, hostileReport: hostileReport('ä b/c') }))(
    'gives each element of %s a unique valid identifier and relates it to the image',
    (_name, report) => {
      const { packages, relationships } = documentOf(report);
      const ids = packages.map(({ SPDXID }) => SPDXID);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
      const [first, ...others] = relationships.map((each) => Object.values(each).join(' '));
      expect(first).toBe('SPDXRef-DOCUMENT DESCRIBES SPDXRef-Image');
      expect(others).toEqual(ids.slice(1).map((id) => `SPDXRef-Image CONTAINS ${id}`));
    },
  );

  it('asserts only licenses that SPDX lists', () => {
    const { packages, hasExtractedLicensingInfos } = documentOf(sampleReport);
    const licenses = new Map(packages.map((each) => [each.name, each]));
    expect(licenses.get('@babel/core')?.licenseDeclared).toBe('MIT');
    expect(licenses.get('express')?.licenseDeclared).toBe('(MIT OR Apache-2.0)');
    expect(licenses.get('leftpad')).toMatchObject({
      licenseDeclared: 'NOASSERTION',
      licenseComments: 'see COPYING; GPL-2.0-only',
    });
    expect(licenses.get('openssl')?.licenseDeclared).toBe('NOASSERTION');
    expect(hasExtractedLicensingInfos).toMatchObject([{ licenseId: 'LicenseRef-Acme' }]);
  });

  it('names each package by its purl', () => {
    const openssl = documentOf(sampleReport).packages.find(({ name }) => name === 'openssl');
    expect(openssl).toMatchObject({
      versionInfo: '3.0.15-1~deb12u1',
      externalRefs: [
        {
          referenceCategory: 'PACKAGE-MANAGER',
          referenceType: 'purl',
          referenceLocator: 'pkg:deb/debian/openssl@3.0.15-1~deb12u1?arch=amd64&distro=debian-12',
        },
      ],
    });
  });

  it('omits packages that a later layer hides', () => {
    expect(render(sampleReport)).not.toContain('wget');
  });

  it('writes times without fractions', () => {
    expect(documentOf(sampleReport).creationInfo.created).toBe('2026-11-25T10:00:00Z');
  });

  it('changes its namespace with the content', () => {
    expect(documentOf(twice).documentNamespace).not.toBe(documentOf(sampleReport).documentNamespace);
  });

  it('keeps its namespace for the same content at another time', () => {
    const later = {
      ...sampleReport,
      stats: { ...sampleReport.stats, startedAt: '2027-01-01T00:00:00Z', durationMs: 1 },
    };
    expect(documentOf(later).documentNamespace).toBe(documentOf(sampleReport).documentNamespace);
  });
});
