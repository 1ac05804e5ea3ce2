import type { PackageRecord } from '@tidewaiter/domain';

import { matchPackage } from '../../match-package.js';
import { readOsvRecord } from '../../osv-record.js';
import type { OsvAdvisory } from '../../osv-record.js';
import type { AdvisoryItem } from '../format.js';
import { redHatVex } from './redhat-vex.js';

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const itemOf = async (text: string): Promise<AdvisoryItem> =>
  (await Array.fromAsync(redHatVex.read({ name: 'cve-2024-1111.json', bytes: bytesOf(text) })))[0]!;

const main = 'cpe:/a:redhat:enterprise_linux:9::appstream';
const eus = 'cpe:/a:redhat:rhel_eus:9.2::appstream';
const all = 'cpe:/o:redhat:enterprise_linux:9';

/** Statement: status, CPE, purl after `pkg:rpm/redhat/`, remediation. */
type Statement = [status: string, cpe: string, purl: string, remedy?: object];

function documentOf(statements: readonly Statement[]): string {
  const idOf = (index: number) => `product-${index}:component-${index}`;
  const products = statements.flatMap(([, cpe, purl], index) => [
    { product: { product_id: `product-${index}`, product_identification_helper: { cpe } } },
    {
      product: { product_id: `component-${index}`, product_identification_helper: { purl: `pkg:rpm/redhat/${purl}` } },
    },
  ]);
  const ids = Map.groupBy(statements.keys(), (index) => statements[index]![0]);
  return JSON.stringify({
    document: {
      category: 'csaf_vex',
      title: 'overflow in libtiff',
      aggregate_severity: { text: 'Moderate' },
      publisher: { namespace: 'https://www.redhat.com' },
      tracking: {
        id: 'CVE-2024-1111',
        current_release_date: '2024-06-01T00:00:00+00:00',
        initial_release_date: '2024-05-01T00:00:00+00:00',
      },
    },
    product_tree: {
      branches: [{ branches: products }],
      relationships: statements.map((_, index) => ({
        full_product_name: { product_id: idOf(index) },
        product_reference: `component-${index}`,
        relates_to_product_reference: `product-${index}`,
      })),
    },
    vulnerabilities: [
      {
        cve: 'CVE-2024-1111',
        product_status: Object.fromEntries([...ids].map(([status, indexes]) => [status, indexes.map(idOf)])),
        remediations: statements.flatMap(([, , , remedy], index) =>
          remedy ? [{ details: '', ...remedy, product_ids: [idOf(index)] }] : [],
        ),
      },
    ],
  });
}

async function advisoryOf(...statements: Statement[]): Promise<OsvAdvisory> {
  const item = await itemOf(documentOf(statements));
  if ('error' in item) throw item.error;
  return item.advisory;
}

const libtiff: PackageRecord = {
  ...{ type: 'rpm', name: 'libtiff-devel', version: '4.4.0-10.el9', arch: 'x86_64', licenses: [], foundIn: '' },
  source: { name: 'libtiff', version: '4.4.0-10.el9' },
};
const key = { ecosystem: 'Red Hat', release: '9', names: ['libtiff-devel', 'libtiff'] };

function matchesOf(advisories: readonly OsvAdvisory[], pkg: Partial<PackageRecord> = {}, cpes: readonly string[] = []) {
  const qualifiers: Record<string, string> = cpes.length > 0 ? { repository_id: cpes.join(',') } : {};
  const candidates = advisories.flatMap((advisory) => advisory.affected.map((entry) => ({ ...entry, advisory })));
  const record = { ...libtiff, ...pkg, qualifiers: { ...qualifiers, ...pkg.qualifiers } };
  return matchPackage(record, key, candidates).map(({ state, fix, evidence }) => ({
    state: state === 'unknown' ? state : fix.state,
    version: fix.version,
    note: evidence.stateNote,
    erratum: evidence.erratum,
  }));
}

const fixedBy = (id: string) => ({ category: 'vendor_fix', url: `https://access.redhat.com/errata/${id}` });
const binary = (version: string) => `libtiff-devel@${version}?arch=x86_64`;

describe('redHatVex', () => {
  it('takes the fix of the repositories that are enabled', async () => {
    const advisory = await advisoryOf(
      ['fixed', main, binary('4.4.0-12.el9'), fixedBy('RHSA-2024:1000')],
      ['fixed', eus, binary('4.4.0-10.el9_2.1'), fixedBy('RHSA-2024:2000')],
    );
    const fixOf = (version: string, cpes: string[]) => matchesOf([advisory], { version }, cpes)[0];
    expect(fixOf('4.4.0-10.el9', [main])).toMatchObject({ version: '4.4.0-12.el9', erratum: 'RHSA-2024:1000' });
    expect(fixOf('4.4.0-10.el9', [eus])).toMatchObject({ version: '4.4.0-10.el9_2.1', erratum: 'RHSA-2024:2000' });
    expect(fixOf('4.4.0-10.el9_2.1', [eus])).toBeUndefined();
    // Without repositories an image is one of the release itself.
    expect(fixOf('4.4.0-10.el9_2.1', [])).toMatchObject({ version: '4.4.0-12.el9' });
  });

  it.each([
    ['no_fix_planned', 'Will not fix', 'wont-fix'],
    ['no_fix_planned', 'Out of support scope', 'wont-fix'],
    ['none_available', 'Fix deferred', 'not-fixed'],
    ['none_available', 'Affected', 'not-fixed'],
  ])('reports what is unfixed: %s, %s', async (category, details, state) => {
    const advisory = await advisoryOf(['known_affected', all, 'libtiff-devel', { category, details }]);
    expect(matchesOf([advisory])).toMatchObject([{ state, note: details }]);
  });

  it('reports what is under investigation as unknown', async () => {
    const advisory = await advisoryOf(['under_investigation', all, 'libtiff-devel']);
    expect(matchesOf([advisory])).toEqual([expect.objectContaining({ state: 'unknown' })]);
  });

  it('clears the same vulnerability in an erratum of OSV', async () => {
    const erratum = readOsvRecord({
      ...{ id: 'RHSA-2024:3000', modified: '2024-06-01T00:00:00Z', upstream: ['CVE-2024-1111', 'CVE-2024-2222'] },
      affected: [
        {
          package: { ecosystem: 'Red Hat:enterprise_linux:9::appstream', name: 'libtiff-devel' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '0:4.4.0-13.el9' }] }],
        },
      ],
    });
    const about = async (...statements: Statement[]) => {
      const candidates = [erratum, await advisoryOf(...statements)].flatMap((advisory) =>
        advisory.affected.map((entry) => ({ ...entry, advisory })),
      );
      return matchPackage(libtiff, key, candidates).map(({ advisoryId, vulnerabilityIds }) => [
        advisoryId,
        vulnerabilityIds,
      ]);
    };
    expect(await about(['known_not_affected', all, 'libtiff-devel'])).toEqual([['RHSA-2024:3000', ['CVE-2024-2222']]]);
    expect(await about(['known_affected', all, 'libtiff-devel'])).toEqual([
      ['RHSA-2024:3000', ['CVE-2024-1111', 'CVE-2024-2222']],
      ['REDHAT-CVE-2024-1111', ['CVE-2024-1111']],
    ]);
  });

  it('prefers a fix to what was said before it', async () => {
    const advisory = await advisoryOf(
      ['known_affected', all, 'libtiff-devel'],
      ['fixed', main, binary('4.4.0-9.el9')],
      ['known_not_affected', main, 'libtiff-devel'],
    );
    expect(matchesOf([advisory])).toEqual([]);
  });

  it('compares sources where a document names only those', async () => {
    const advisory = await advisoryOf(
      ['fixed', main, 'libtiff@4.4.0-12.el9?epoch=0'],
      ['known_affected', all, 'libtiff?arch=src'],
    );
    expect(matchesOf([advisory])).toMatchObject([{ state: 'fixed', version: '4.4.0-12.el9' }]);
    // Beside binaries the source is left out.
    const both = await advisoryOf(
      ['fixed', main, 'libtiff@4.4.0-12.el9?arch=src'],
      ['fixed', main, 'libtiff-tools@4.4.0-12.el9?arch=x86_64'],
    );
    expect(matchesOf([both])).toEqual([]);
  });

  it('keeps modules apart, and does not compare numbers of their builds', async () => {
    const modular = { version: '4.4.0-10.module+el9+1+2', qualifiers: { modularity: 'tiff:4' } };
    const advisory = await advisoryOf([
      'fixed',
      main,
      'libtiff-devel@4.4.0-12.module%2Bel9%2B3%2B4?arch=x86_64&rpmmod=tiff:4:9000:ab',
    ]);
    expect(matchesOf([advisory], modular)).toMatchObject([{ version: '4.4.0-12.module+el9+3+4' }]);
    expect(matchesOf([advisory], { ...modular, qualifiers: { modularity: 'tiff:5' } })).toEqual([]);
    expect(matchesOf([advisory])).toEqual([]);
    const build = await advisoryOf(['fixed', main, 'libtiff@4-9000020240826.ab?arch=src&rpmmod=tiff:4']);
    expect(matchesOf([build], modular)).toMatchObject([{ state: 'unknown' }]);
  });

  it('leaves out what is no RPM package of a release', async () => {
    const advisory = await advisoryOf(['known_affected', 'cpe:/a:redhat:red_hat_3scale_amp:2', 'libtiff-devel']);
    expect(advisory.affected).toEqual([]);
  });

  it.each([
    ['', 'REDHAT_VEX_INVALID'],
    ['[]', 'REDHAT_VEX_INVALID'],
    ['{"document":{"tracking":{"id":"CVE-2023-0030","status":"deleted"}}}', 'REDHAT_VEX_INVALID'],
    ['['.repeat(100_000), 'REDHAT_VEX_INVALID'],
    [
      documentOf([]).replace('"branches":[', `"branches":[${'{"branches":['.repeat(50)}${']}'.repeat(50)},`),
      'LIMIT_EXCEEDED',
    ],
    [documentOf([]).replace('"cve":"CVE-2024-1111"', '"cve":"1"'), 'REDHAT_VEX_INVALID'],
  ])('rejects the document %#', async (text, code) => {
    expect(await itemOf(text)).toMatchObject({ name: 'cve-2024-1111.json', error: { code } });
  });
});
