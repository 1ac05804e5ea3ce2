import type { PackageRecord } from '@tidewaiter/domain';

import { matchPackage } from '../../match-package.js';
import type { OsvAdvisory } from '../../osv-record.js';
import type { AdvisoryItem } from '../format.js';
import { oracleOval } from './oracle-oval.js';

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

interface Definition {
  title?: string;
  criteria: string;
  issued?: string;
}

const criterion = (comment: string) => `<criterion test_ref="oval:com.oracle.elsa:tst:1" comment="${comment}"/>`;
const all = (...parts: string[]) => `<criteria operator="AND">${parts.join('')}</criteria>`;
const any = (...parts: string[]) => `<criteria operator="OR">${parts.join('')}</criteria>`;
const fix = (name: string, version: string, ...more: string[]) =>
  all(
    criterion(`${name} is earlier than ${version}`),
    criterion(`${name} is signed with the Oracle Linux 8 key`),
    ...more,
  );
const onRelease = (release: string, ...parts: string[]) =>
  all(criterion(`Oracle Linux ${release} is installed`), ...parts);

function definitionOf({
  title = 'ELSA-2024-1: openssl security update (IMPORTANT)',
  criteria,
  issued = '2024-05-06',
}: Definition) {
  return `<definition id="oval:com.oracle.elsa:def:1"><metadata><title>\n${title}\n</title>
    <reference source="elsa" ref_id="ELSA-2024-1"/><reference source="CVE" ref_id="CVE-2024-1111"/>
    <advisory><severity>IMPORTANT</severity><issued date="${issued}"/><cve>CVE-2024-1111</cve></advisory></metadata>${criteria}</definition>`;
}

const itemsOf = async (...definitions: string[]): Promise<AdvisoryItem[]> => {
  const text = `<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><definitions>${definitions.join('')}</definitions></oval_definitions>`;
  return Array.fromAsync(oracleOval.read({ name: 'elsa.xml', bytes: bytesOf(text) }));
};

async function advisoryOf(definition: Definition): Promise<OsvAdvisory> {
  const [item] = await itemsOf(definitionOf(definition));
  if (!item || 'error' in item) throw item?.error ?? new Error('no item');
  return item.advisory;
}

async function stateOf(criteria: string, pkg: Partial<PackageRecord>, release = '8'): Promise<string | undefined> {
  const advisory = await advisoryOf({ criteria });
  const version = pkg.version ?? '1-1.el8';
  const record: PackageRecord = {
    ...{ type: 'rpm', name: 'openssl', version, arch: 'x86_64', licenses: [], foundIn: '' },
    source: { name: 'openssl', version },
    ...pkg,
  };
  const candidates = advisory.affected.map((entry) => ({ ...entry, advisory }));
  const key = { ecosystem: 'Oracle Linux', release, names: [record.name] };
  return matchPackage(record, key, candidates)[0]?.state;
}

describe('oracleOval', () => {
  it('reads a definition of one package', async () => {
    expect(await advisoryOf({ criteria: onRelease('8', fix('openssl', '1:1.1.1k-9.el8')) })).toMatchObject({
      id: 'ELSA-2024-1',
      vulnerabilityId: 'CVE-2024-1111',
      title: 'openssl security update',
      severity: 'high',
      modified: '2024-05-06T00:00:00.000Z',
      affected: [
        {
          ...{ ecosystem: 'Oracle Linux', release: '8', name: 'openssl' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1:1.1.1k-9.el8' }] }],
        },
      ],
    });
  });

  it('keeps the releases and architectures of a definition apart', async () => {
    const arch = (name: string, ...parts: string[]) => all(criterion(`Oracle Linux arch is ${name}`), ...parts);
    const criteria = any(
      onRelease('7', any(arch('x86_64', fix('openssl', '0:1-7.el7')))),
      onRelease('8', any(arch('x86_64', fix('openssl', '0:1-8.el8')), arch('aarch64', fix('openssl', '0:1-8.el8')))),
    );
    expect(await stateOf(criteria, { version: '1-6.el7' }, '7')).toBe('affected');
    expect(await stateOf(criteria, { version: '1-6.el7', arch: 'aarch64' }, '7')).toBeUndefined();
    expect(await stateOf(criteria, { version: '1-7.el8', arch: 'aarch64' })).toBe('affected');
    expect(await stateOf(criteria, { version: '1-8.el8' })).toBeUndefined();
    expect(await stateOf(criteria, { version: '1-7.el8' }, '9')).toBeUndefined();
  });

  it('applies ksplice and FIPS builds to their own kind only', async () => {
    const ksplice = onRelease('8', fix('openssl', '2:1-9.ksplice1.el8', criterion('openssl is ksplice-based')));
    expect(await stateOf(ksplice, { version: '2:1-8.ksplice1.el8' })).toBe('affected');
    expect(await stateOf(ksplice, { version: '1:1-8.el8' })).toBeUndefined();
    const fips = onRelease('8', fix('openssl', '10:1-9.el8_fips', criterion('openssl is fips patched')));
    expect(await stateOf(fips, { version: '10:1-8.el8_fips' })).toBe('affected');
    expect(await stateOf(fips, { version: '1:1-8.el8' })).toBeUndefined();
  });

  it('applies a module to images that have enabled it', async () => {
    const version = '1:1.18.0-2.module+el8.4.0+1+0';
    const criteria = onRelease(
      '8',
      criterion('Module nginx:1.18 is enabled'),
      fix('openssl', '1:1.18.0-3.module+el8.4.0+2+0'),
    );
    const of = (modularity: string) => stateOf(criteria, { version, qualifiers: { modularity } });
    expect(await of('nginx:1.18')).toBe('affected');
    expect(await of('nginx:1.16')).toBeUndefined();
    expect(await of('nginx:1.18:8040:123')).toBe('affected');
    expect(await of('php:8.0,nginx:1.18')).toBe('affected');
    // The version is that of some module, which the image does not name.
    expect(await stateOf(criteria, { version })).toBe('unknown');
    expect(await stateOf(criteria, { version: '1.0-1.el8' })).toBeUndefined();
  });

  it.each<[string, Definition]>([
    ['a title without an id', { title: 'ELSA-2007:0057: bind', criteria: onRelease('8', fix('a', '1-1')) }],
    ['an unknown criterion', { criteria: onRelease('8', criterion('the moon is full')) }],
    ['a negated criterion', { criteria: all('<criterion negate="true" comment="Oracle Linux 8 is installed"/>') }],
    [
      'an unknown operator',
      { criteria: '<criteria operator="XOR"><criterion comment="a is earlier than 1"/></criteria>' },
    ],
    ['a fix without a release', { criteria: fix('openssl', '1-1') }],
    ['no criteria', { criteria: '' }],
    ['two packages at once', { criteria: onRelease('8', fix('a', '1-1'), fix('b', '1-1')) }],
  ])('leaves out a definition with %s and reads the others', async (_fault, broken) => {
    const good = definitionOf({ criteria: onRelease('8', fix('openssl', '1-1')) });
    const items = await itemsOf(definitionOf(broken), good);
    expect(items.map((item) => ('error' in item ? item.error.code : item.advisory.id))).toEqual([
      'OVAL_INVALID',
      'ELSA-2024-1',
    ]);
  });

  it('limits the alternatives of a definition', async () => {
    const many = any(...Array.from({ length: 200 }, (_, index) => criterion(`Module a:${index} is enabled`)));
    const [item] = await itemsOf(definitionOf({ criteria: all(many, many, many) }));
    expect(item).toMatchObject({ error: { code: 'LIMIT_EXCEEDED' } });
  });
});
