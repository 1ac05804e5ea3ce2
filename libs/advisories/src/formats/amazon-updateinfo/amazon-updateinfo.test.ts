import type { PackageRecord } from '@tidewaiter/domain';

import { matchPackage } from '../../match-package.js';
import type { OsvAdvisory } from '../../osv-record.js';
import type { AdvisoryItem } from '../format.js';
import { amazonUpdateinfo } from './amazon-updateinfo.js';

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  // Pieces of odd sizes: a tag or a character may continue in the next.
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
}

const itemsOf = async (text: string): Promise<AdvisoryItem[]> =>
  Array.fromAsync(amazonUpdateinfo.read({ name: 'updateinfo.xml', bytes: bytesOf(text) }));

async function advisoriesOf(...updates: string[]): Promise<OsvAdvisory[]> {
  const items = await itemsOf(`<?xml version="1.0" ?>\n<updates>${updates.join('')}</updates>`);
  return items.map((item) => {
    if ('error' in item) throw item.error;
    return item.advisory;
  });
}

interface Update {
  id: string;
  collection: string;
  packages: readonly string[];
  severity?: string;
  date?: string;
}

/** Packages are `name version-release arch [epoch]`. */
function updateOf({ id, collection, packages, severity = 'important', date = '2024-05-06 07:08' }: Update): string {
  const list = packages.map((text) => {
    const [name, build, arch, epoch] = text.split(' ');
    const [version, release] = build!.split('-');
    return `<package name="${name}" version="${version}" release="${release}"${epoch ? ` epoch="${epoch}"` : ''} arch="${arch}"/>`;
  });
  return `<update type="security"><id>${id}</id><title>Amazon Linux - ${id}: ${severity} priority package update for x &amp; y</title>
    <issued date="${date}" /><updated date="${date}" /><severity>${severity}</severity>
    <references><reference id="CVE-2024-1111" type="cve"/><reference id="RHSA-2024:1" type="redhat"/></references>
    <pkglist><collection short="${collection}"><name>x</name>${list.join('')}</collection></pkglist></update>`;
}

const extra = { id: 'ALAS2KERNEL-5.15-2024-001', collection: 'amazon-linux-2---kernel-5.15' };

function matchesOf(advisories: readonly OsvAdvisory[], pkg: Partial<PackageRecord>, release: string) {
  const name = pkg.name ?? 'openssl';
  const record: PackageRecord = {
    ...{ type: 'rpm', name, version: '1.0-1', arch: 'x86_64', licenses: [], foundIn: 'var/lib/rpm/Packages' },
    source: { name, version: pkg.version ?? '1.0-1' },
    ...pkg,
  };
  const candidates = advisories.flatMap((advisory) => advisory.affected.map((entry) => ({ ...entry, advisory })));
  const matches = matchPackage(record, { ecosystem: 'Amazon Linux', release, names: [name] }, candidates);
  return matches.map(({ advisoryId, state, fix }) => [advisoryId, state, fix.version]);
}

describe('amazonUpdateinfo', () => {
  it('reads an update of some packages', async () => {
    const packages = [
      'openssl 1.0.2k-24.amzn2 x86_64 1',
      'openssl 1.0.2k-24.amzn2 aarch64 1',
      'openssl-libs 1.0.2k-24.amzn2 x86_64',
    ];
    const [advisory] = await advisoriesOf(updateOf({ id: 'ALAS2-2024-2500', collection: 'amazon-linux-2', packages }));
    expect(advisory).toMatchObject({
      id: 'ALAS2-2024-2500',
      vulnerabilityId: 'CVE-2024-1111',
      severity: 'high',
      title: 'important priority package update for x & y',
      published: '2024-05-06T07:08:00.000Z',
      affected: [
        {
          ...{ ecosystem: 'Amazon Linux', release: '2', name: 'openssl' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1:1.0.2k-24.amzn2' }] }],
          conditions: { repository: 'core', architectures: ['x86_64', 'aarch64'] },
        },
        { name: 'openssl-libs', conditions: { repository: 'core', architectures: ['x86_64'] } },
      ],
    });
  });

  it.each([
    ['amazon-linux-ami', '1', 'core'],
    ['amazon-linux-2', '2', 'core'],
    ['amazon-linux-2---docker', '2', 'extras/docker'],
    ['amazon-linux-2023', '2023', 'core'],
    ['amazon-linux-2023---nvidia', '2023', 'nvidia'],
  ])('reads release and repository of the collection %s', async (collection, release, repository) => {
    const [advisory] = await advisoriesOf(updateOf({ id: 'ALAS-2024-1', collection, packages: ['a 1-1 x86_64'] }));
    expect(advisory!.affected).toMatchObject([{ release, conditions: { repository } }]);
  });

  it('applies an update to packages of its repository', async () => {
    const kernel = updateOf({
      ...extra,
      packages: ['kernel 5.15.43-20.amzn2 x86_64', 'bpftool 5.15.43-20.amzn2 x86_64'],
    });
    const advisories = await advisoriesOf(kernel);
    const of = (repository: string, version: string) =>
      matchesOf(advisories, { name: 'bpftool', version, qualifiers: { repository_id: repository } }, '2');
    expect(of('amzn2extra-kernel-5.15', '5.15.35-15.amzn2')).toEqual([[extra.id, 'affected', '5.15.43-20.amzn2']]);
    expect(of('amzn2-core', '4.14.275-207.amzn2')).toEqual([]);
    expect(of('amzn2-core', '5.15.35-15.amzn2')).toEqual([]);
    expect(of('amazonlinux', '5.15.35-15.amzn2')).toEqual([]);
  });

  it('takes a package of unknown origin for one of the core, and reports that it may be of a topic', async () => {
    const advisories = await advisoriesOf(
      updateOf({ id: 'ALAS2-2024-1', collection: 'amazon-linux-2', packages: ['ruby 2.0-5 x86_64'] }),
      updateOf({ id: 'ALAS2RUBY3.0-2024-1', collection: 'amazon-linux-2---ruby3.0', packages: ['ruby 3.0-5 x86_64'] }),
      updateOf({ ...extra, packages: ['kernel 5.15.43-20.amzn2 x86_64'] }),
    );
    expect(matchesOf(advisories, { name: 'ruby', version: '2.0-1' }, '2')).toEqual([
      ['ALAS2-2024-1', 'affected', '2.0-5'],
      ['ALAS2RUBY3.0-2024-1', 'unknown', undefined],
    ]);
    // The version alone excludes another line of the kernel.
    expect(matchesOf(advisories, { name: 'kernel', version: '4.14.1-1.amzn2' }, '2')).toEqual([]);
  });

  it('distinguishes the lines of the kernel by the versions of packages built with it', async () => {
    const packages = ['kernel6.12 6.12.22-27 x86_64', 'bpftool 6.12.22-27 x86_64', 'microcode_ctl 2.1-9 x86_64'];
    const advisories = await advisoriesOf(
      updateOf({ id: 'ALAS2023-2025-935', collection: 'amazon-linux-2023', packages }),
    );
    const ids = (name: string, version: string) => matchesOf(advisories, { name, version }, '2023').map(([id]) => id);
    expect(ids('bpftool', '6.1.134-150')).toEqual([]);
    expect(ids('bpftool', '6.12.20-23')).toEqual(['ALAS2023-2025-935']);
    expect(ids('microcode_ctl', '2.1-8')).toEqual(['ALAS2023-2025-935']);
  });

  it('leaves out a broken update and reads the others', async () => {
    const good = updateOf({ id: 'ALAS-2024-2', collection: 'amazon-linux-ami', packages: ['a 1-1 x86_64'] });
    const broken = [
      updateOf({ id: 'RHSA-2024:1', collection: 'amazon-linux-ami', packages: [] }),
      updateOf({ id: 'ALAS-2024-3', collection: 'plan9', packages: [] }),
      updateOf({ id: 'ALAS-2024-4', collection: 'amazon-linux-ami', packages: [], date: 'yesterday' }),
      updateOf({ id: 'ALAS-2024-5', collection: 'amazon-linux-ami', packages: ['a 1- x86_64'] }),
    ];
    const items = await itemsOf(`<updates>${[...broken, good].join('')}</updates>`);
    expect(items.map((item) => ('error' in item ? item.error.code : item.advisory.id))).toEqual([
      ...broken.map(() => 'UPDATEINFO_INVALID'),
      'ALAS-2024-2',
    ]);
  });

  it.each([
    ['<!DOCTYPE lolz [<!ENTITY lol "lol">]><updates/>', 'XML_INVALID'],
    ['<updates><update><id>&lol;</id></update></updates>', 'XML_INVALID'],
    ['<updates><update><id>a\0b</id></update></updates>', 'XML_INVALID'],
    ['<updates><update><id>&#xD800;</id></update></updates>', 'XML_INVALID'],
    ['<updates><update>', 'XML_INVALID'],
    ['<updates></update>', 'XML_INVALID'],
    ['', 'XML_INVALID'],
    ['<updates/><updates/>', 'XML_INVALID'],
    ['<updates><update a="1" b/></updates>', 'XML_INVALID'],
    ['<updates><update a="<b>"/></updates>', 'XML_INVALID'],
    [`<updates>${'<a>'.repeat(100)}`, 'LIMIT_EXCEEDED'],
    [`<updates><update>${'x'.repeat(3_000_000)}</update></updates>`, 'LIMIT_EXCEEDED'],
  ])('rejects the file %#', async (text, code) => {
    await expect(itemsOf(text)).rejects.toMatchObject({ code });
  });
});
