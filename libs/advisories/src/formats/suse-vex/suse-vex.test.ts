import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { PackageRecord } from '@tidewaiter/domain';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { advisoryKeyOf } from '../../advisory-key.js';
import { matchPackage } from '../../match-package.js';
import { type OsvAdvisory, readOsvRecord } from '../../osv-record.js';
import type { AdvisoryItem } from '../format.js';
import { formatOfHead } from '../formats.js';
import { suseVex } from './suse-vex.js';

async function* bytesOf(content: string | Buffer): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content);
}

const itemOf = async (content: string | Buffer): Promise<AdvisoryItem> =>
  (await Array.fromAsync(suseVex.read({ name: 'cve-2024-1111.json', bytes: bytesOf(content) })))[0]!;

/** Statement: status, platform, component, further facts. */
type Statement = [status: string, platform: string, component: string, more?: { upstream?: string; remedy?: string }];

const server = 'SUSE Linux Enterprise Server 15 SP5';

function documentOf(statements: readonly Statement[], description = 'An overflow.'): string {
  const ids = Map.groupBy(statements, ([status]) => status);
  const idOf = ([, platform, component]: Statement) => `${platform}:${component}`;
  return JSON.stringify({
    document: {
      aggregate_severity: { text: 'important' },
      category: 'csaf_vex',
      notes: [{ category: 'description', text: description }],
      publisher: { namespace: 'https://www.suse.com/' },
      title: 'SUSE CVE CVE-2024-1111',
      tracking: {
        id: 'CVE-2024-1111',
        current_release_date: '2024-06-01T00:00:00Z',
        initial_release_date: '2024-05-01T00:00:00Z',
      },
    },
    product_tree: {
      branches: statements.flatMap(([, , component, { upstream } = {}]) =>
        upstream === undefined
          ? []
          : [
              {
                product: {
                  product_id: component,
                  product_identification_helper: { purl: `pkg:rpm/suse/x@1?upstream=${upstream}` },
                },
              },
            ],
      ),
      relationships: statements.map((each) => ({
        full_product_name: { product_id: idOf(each) },
        product_reference: each[2],
        relates_to_product_reference: each[1],
      })),
    },
    vulnerabilities: [
      {
        cve: 'CVE-2024-1111',
        product_status: Object.fromEntries([...ids].map(([status, each]) => [status, each.map(idOf)])),
        remediations: statements.flatMap((each) =>
          each[3]?.remedy === undefined ? [] : [{ category: each[3].remedy, product_ids: [idOf(each)] }],
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

/** Versions that fix `libfoo1` of the source `foo`, or the state of the fix. */
function fixesFor(
  advisories: readonly OsvAdvisory[],
  pkg: Partial<Pick<PackageRecord, 'name' | 'version'>> & { source?: string } = {},
  os = { id: 'sles', versionId: '15.5' },
): string[] {
  const { name = 'libfoo1', version = '1.2-150500.1.1', source = 'foo' } = pkg;
  const record: PackageRecord = {
    ...{ type: 'rpm', name, version, arch: 'x86_64', licenses: [], foundIn: '' },
    source: { name: source, version },
  };
  const key = advisoryKeyOf(record, { ...os, idLike: ['suse'], name: '' })!;
  const candidates = advisories.flatMap((advisory) => advisory.affected.map((entry) => ({ ...entry, advisory })));
  return matchPackage(record, key, candidates).map(({ state, fix }) =>
    state === 'unknown' ? state : (fix.version ?? fix.state),
  );
}

const fixIn = (platform: string, version = '1.2-150500.3.1'): Statement => [
  'recommended',
  platform,
  `libfoo1-${version}`,
  { upstream: `foo-${version}.src.rpm` },
];

describe('suse-vex', () => {
  it.each<[string, Statement[], string[]]>([
    ['a fix', [fixIn(server)], ['1.2-150500.3.1']],
    [
      'a fix of a module of the release',
      [fixIn('SUSE Linux Enterprise Module for Basesystem 15 SP5')],
      ['1.2-150500.3.1'],
    ],
    [
      'a fix in long-term support',
      [['known_affected', server, 'libfoo1'], fixIn(`${server}-LTSS`)],
      ['1.2-150500.3.1'],
    ],
    ['a fix with an architecture', [['first_fixed', server, 'libfoo1-1.2-150500.3.1.x86_64']], ['1.2-150500.3.1']],
    ['a fix that is installed', [fixIn(server, '1.2-150500.1.1')], []],
    ['a fix of another release', [fixIn('SUSE Linux Enterprise Server 15 SP4')], []],
    ['a fix of a rebuild for other hardware', [fixIn('SUSE Linux Enterprise Server for Raspberry Pi 15 SP5')], []],
    ['a fix of another product', [fixIn('SUSE Manager Server 15 SP5')], []],
    ['a fix of openSUSE', [fixIn('openSUSE Leap 15.5')], []],
    ['a fix of another package of the source', [['fixed', server, 'libfoo2-1.2-150500.3.1']], []],
    ['no fix yet', [['known_affected', server, 'libfoo1']], ['not-fixed']],
    ['no fix yet, by the name of the source', [['known_affected', server, 'foo']], ['not-fixed']],
    ['no fix ever', [['known_affected', server, 'libfoo1', { remedy: 'no_fix_planned' }]], ['wont-fix']],
    [
      'a source that stays in the list after the fix',
      [['known_affected', server, 'foo'], fixIn(server, '1.2-150500.1.1')],
      [],
    ],
    [
      'a source that stays unfixed beside a fixed package of it',
      [
        ['known_affected', server, 'foo', { remedy: 'no_fix_planned' }],
        ['recommended', server, 'libbar1-2-1', { upstream: 'foo-2-1.src.rpm' }],
      ],
      ['wont-fix'],
    ],
    ['a statement that it is not affected', [['known_not_affected', server, 'libfoo1']], []],
    ['an investigation', [['under_investigation', server, 'libfoo1']], ['unknown']],
    ['a version of another line', [fixIn(server, '0.9-150500.9.1'), fixIn(server)], ['1.2-150500.3.1']],
  ])('evaluates %s', async (_what, statements, states) => {
    expect(fixesFor([await advisoryOf(...statements)])).toEqual(states);
  });

  it.each([
    ['openSUSE Leap 15.6', { id: 'opensuse-leap', versionId: '15.6' }],
    ['openSUSE Tumbleweed', { id: 'opensuse-tumbleweed', versionId: '20251101' }],
    ['SUSE Linux Enterprise Server 16.0', { id: 'sles', versionId: '16.0' }],
    ['SUSE Linux Micro 6.1', { id: 'sl-micro', versionId: '6.1' }],
    ['SUSE Linux Enterprise Micro 5.5', { id: 'sle-micro', versionId: '5.5' }],
    ['SUSE Linux Enterprise Server for SAP Applications 12 SP5', { id: 'sles_sap', versionId: '12.5' }],
  ])('knows %s', async (platform, os) => {
    expect(fixesFor([await advisoryOf(fixIn(platform))], {}, os)).toEqual(['1.2-150500.3.1']);
  });

  it('goes before an update that names the vulnerability for packages without it', async () => {
    const update = readOsvRecord({
      ...{ id: 'SUSE-SU-2024:1-1', modified: '2024-06-01T00:00:00Z', upstream: ['CVE-2024-1111'] },
      affected: [
        {
          package: { ecosystem: `SUSE:${server.slice(5)}`, name: 'foo' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.2-150500.3.1' }] }],
          ecosystem_specific: { binaries: [{ libfoo1: '1.2-150500.3.1', 'foo-data': '1.2-150500.3.1' }] },
        },
      ],
    });
    const statement = await advisoryOf(
      ['known_not_affected', server, 'libfoo1'],
      ['known_affected', server, 'foo-data'],
      ['recommended', 'SUSE Linux Enterprise Server 12 SP5', 'libfoo1-1.0-1.1'],
    );
    expect(fixesFor([update])).toEqual(['1.2-150500.3.1']);
    expect(fixesFor([update, statement])).toEqual([]);
  });

  it('forgets statements about packages that no release has affected', async () => {
    const { affected } = await advisoryOf(
      ['known_not_affected', server, 'libfoo1'],
      ['known_not_affected', server, 'foo'],
    );
    expect(affected).toEqual([]);
  });

  it.each([
    '** REJECT **  DO NOT USE THIS CANDIDATE NUMBER.',
    'This CVE ID has been rejected or withdrawn by its CVE Numbering Authority.',
  ])('withdraws what MITRE rejected: %s', async (text) => {
    expect(await itemOf(documentOf([fixIn(server)], text))).toMatchObject({
      isRemoval: true,
      advisory: { id: 'SUSE-CVE-2024-1111', affected: [] },
    });
  });

  it.each([
    ['', 'SUSE_VEX_INVALID'],
    ['{}', 'SUSE_VEX_INVALID'],
    ['['.repeat(100_000), 'SUSE_VEX_INVALID'],
    [documentOf([]).replace('"cve":"CVE-2024-1111"', '"cve":"1"'), 'SUSE_VEX_INVALID'],
    [documentOf([fixIn(server)]).replace('"recommended":[', '"recommended":[{},'), 'SUSE_VEX_INVALID'],
  ])('refuses %#', async (text, code) => {
    expect(await itemOf(text)).toMatchObject({ error: { code } });
  });

  it('keeps nothing that PostgreSQL cannot store', async () => {
    const text = documentOf([['known_affected', server, 'lib\0foo\uD8001']]);
    const item = await itemOf(text);
    expect(item).toMatchObject({ advisory: { affected: [{ name: 'libfoo\uFFFD1' }, { name: 'libfoo\uFFFD1' }] } });
  });

  it('leaves out products that are none of the tree', async () => {
    const text = documentOf([fixIn(server)]).replace('"relationships":[{', '"relationships":[{}],"of":[{');
    expect(await itemOf(text)).toMatchObject({ advisory: { affected: [] } });
  });
});

const feeds = sharedData('feeds');

describeWith(feeds)('documents of SUSE', () => {
  const contentOf = (cve: string) => readFileSync(join(feeds.path, 'suse/csaf-vex', `${cve}.json`));

  it('evaluates one of 2023, with blanks in the names of its lists', async () => {
    const content = contentOf('CVE-2023-5568');
    expect(formatOfHead(content)).toBe(suseVex);
    const item = await itemOf(content);
    if ('error' in item) throw item.error;
    const samba = { name: 'samba-libs', source: 'samba' };
    const tumbleweed = { id: 'opensuse-tumbleweed', versionId: '20231101' };
    const fixed = '4.19.2+git.322.7e9201cef5-1.1';
    expect(fixesFor([item.advisory], { ...samba, version: '4.19.1+git.1-1.1' }, tumbleweed)).toEqual([fixed]);
    expect(fixesFor([item.advisory], { ...samba, version: fixed }, tumbleweed)).toEqual([]);
    expect(fixesFor([item.advisory], { ...samba, version: '4.17.9-150500.3.1' })).toEqual([]);
  });

  it('keeps nothing of one without a statement', async () => {
    expect(await itemOf(contentOf('CVE-1999-0003'))).toMatchObject({
      isRemoval: true,
      advisory: { id: 'SUSE-CVE-1999-0003' },
    });
  });
});
