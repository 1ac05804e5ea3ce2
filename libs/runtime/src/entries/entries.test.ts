import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { entryKinds, type JsonObject, type ManagedEntry, Secret } from '@tidewaiter/domain';

import { ConfigFiles } from '../config-files.js';
import { loadSettings, parseSettings } from '../settings.js';
import { checkEntry } from './check-entry.js';
import { entryRules } from './entry-rules.js';
import { hasPlaceFor, splitSecrets, withSecrets } from './entry-secrets.js';
import { seal, unseal } from './sealing.js';

const key = new Secret('k'.repeat(32));
const exception = {
  ...{ repository: 'shop/*', finding: 'CVE-2026-1', reason: 'not reachable', owner: 'team-shop', until: '2027-01-31' },
};
const entry = (kind: ManagedEntry['kind'], document: JsonObject, sealed = {}): ManagedEntry => ({
  ...{ kind, name: document['name'] as string, document, sealed },
});
const parse = (text: string, entries: ManagedEntry[], entryKey: Secret | undefined = key) =>
  parseSettings(
    text,
    (file) => `content of ${file}`,
    () => [],
    undefined,
    { entries, key: entryKey },
  );
const registry = { name: 'hub', kind: 'harbor', url: 'https://hub.example.com', credentials: { username: 'reader' } };
const sealedPassword = (document: JsonObject = registry) => ({
  'credentials.password': seal('pw', key, { kind: 'registries', name: 'hub', path: 'credentials.password', document }),
});

describe('entryRules', () => {
  it('has a file for each kind', () => {
    const files = readdirSync(join(__dirname, 'kinds')).map((file) => file.replace('.ts', ''));
    expect(files.toSorted()).toEqual([...entryKinds].toSorted());
    expect(Object.keys(entryRules)).toEqual(entryKinds);
  });
});

describe('exceptionEntries', () => {
  it.each([
    ['CVE-2024-0001', /^cve-2024-0001-[0-9a-f]{6}$/],
    ['c0ffee123456'.padEnd(64, 'a'), /^c0ffee123456-[0-9a-f]{6}$/],
    ['*', /^[0-9a-f]{6}$/],
  ])('names an exception of %s', (finding, name) => {
    expect(entryRules.exceptions.nameOf!({ finding, repository: 'shop/*' })).toMatch(name);
  });
});

describe('managed entries', () => {
  it('are added to those of the file', () => {
    const { rules, fileEntries } = parse(`exceptions:\n  - ${JSON.stringify(exception)}\n`, [
      entry('exceptions', { ...exception, name: 'other', finding: 'CVE-2026-2' }),
    ]);
    expect(rules.exceptions.map(({ source, finding }) => [source, finding])).toEqual([
      ['exceptions[0]', 'CVE-2026-1'],
      ['exceptions/other', 'CVE-2026-2'],
    ]);
    expect(rules.written).toHaveLength(2);
    expect(fileEntries).toMatchObject([{ kind: 'exceptions', line: 2, document: exception }]);
  });

  it('do not replace an entry of the file with their name', () => {
    const text = `policies: [{ name: no-secrets, mode: enforce }]\n`;
    const { rules } = parse(text, [entry('policies', { name: 'no-secrets', mode: 'audit' })]);
    expect(rules.policies.map(({ name, mode }) => [name, mode])).toEqual([['no-secrets', 'enforce']]);
  });

  it('are named in problems, with no value', () => {
    const wrong = entry('sensors', { name: 'nodes', kind: 'private-value' });
    expect(() => parse('sensors: [{ name: a, kind: falco }]', [wrong])).toThrow(/sensors\/nodes \(managed\).kind: /);
    expect(() => parse('', [wrong])).not.toThrow(/private-value/);
  });

  it('get their secrets decrypted for the place that they were encrypted for', () => {
    const read = parse('', [entry('registries', registry, sealedPassword())]).registries[0]!;
    expect(read.credentials?.password.reveal()).toBe('pw');
    const moved = { ...registry, url: 'https://attacker.example.com' };
    for (const [stored, entryKey] of [
      [entry('registries', moved, sealedPassword()), key],
      [entry('registries', registry, sealedPassword()), new Secret('x'.repeat(32))],
      [entry('registries', registry, sealedPassword()), undefined],
    ] as const)
      expect(() =>
        parseSettings(
          '',
          () => '',
          () => [],
          undefined,
          { entries: [stored], key: entryKey },
        ),
      ).toThrow('registries/hub (managed): credentials.password: cannot be decrypted');
  });

  it('read files of their own folder alone', () => {
    const text = 'management: { filesDir: /etc/entries }';
    const files: string[] = [];
    const read = (document: JsonObject, settings = text) =>
      parseSettings(
        settings,
        (file) => (files.push(file), 'content'),
        () => [],
        undefined,
        {
          entries: [entry('registries', document)],
        },
      );
    read({ ...registry, credentials: { username: 'u', passwordFile: 'hub-password' }, caFile: 'ca.pem' });
    expect(files.toSorted()).toEqual(['/etc/entries/ca.pem', '/etc/entries/hub-password']);
    for (const caFile of ['/etc/shadow', '../shadow', 'a/b', '..', '.ssh'])
      expect(() => read({ ...registry, caFile })).toThrow('caFile: is no name of a file');
    expect(() => read({ ...registry, caFile: 'ca.pem' }, '')).toThrow('management.filesDir');
  });
});

describe('loadSettings', () => {
  const load = (entries: ManagedEntry[], isStart: boolean) =>
    loadSettings({ entryKey: key }, 'scanner', new ConfigFiles(), { managed: { revision: 1, entries }, isStart });
  const broken = [
    entry('policies', { name: 'gone', repositories: ['shop/*'] }),
    entry('signers', { name: 'release', repositories: ['base/*'] }),
    entry('exceptions', { name: 'wrong', ...exception, until: 'soon' }),
    entry('exceptions', { name: 'right', ...exception }),
  ];

  it('starts with the strictest entry in place of one that cannot be read', () => {
    const { settings, configError } = load(broken, true);
    expect(configError?.code).toBe('SETTINGS_INVALID');
    expect(settings.rules.exceptions.map(({ source }) => source)).toEqual(['exceptions/right']);
    expect(settings.rules.policies.map(({ name, mode }) => [name, mode])).toEqual([['gone', 'enforce']]);
    expect(settings.rules.signedRepositories).toEqual(['base/*']);
  });

  it('keeps the last good settings later', () => {
    expect(() => load(broken, false)).toThrow('exceptions/wrong (managed).until');
  });
});

describe('splitSecrets', () => {
  it('takes secrets out at any depth, and withSecrets puts them back', () => {
    const mirrors: JsonObject[] = [{ credentials: { password: 'p' } }, { url: 'm' }];
    const document: JsonObject = { url: 'u', webhookSecret: 's', mirrors };
    const split = splitSecrets(document, ['webhookSecret', 'password']);
    expect(split).toEqual({
      document: { url: 'u', mirrors: [{ credentials: {} }, { url: 'm' }] },
      secrets: { webhookSecret: 's', 'mirrors.0.credentials.password': 'p' },
      removed: [],
    });
    expect(withSecrets(split.document, split.secrets)).toEqual(document);
    expect(splitSecrets({ token: null }, ['token'])).toMatchObject({ document: {}, removed: ['token'] });
    expect(hasPlaceFor({ mirrors: [] }, 'mirrors.0.credentials.password')).toBe(false);
    expect(hasPlaceFor({}, '__proto__.polluted.password')).toBe(false);
  });
});

describe('seal', () => {
  const place = { kind: 'registries', name: 'hub', path: 'webhookSecret', document: registry } as const;

  it('encrypts differently each time, and is reversed with the key and the place', () => {
    const [one, two] = [seal('secret', key, place), seal('secret', key, place)];
    expect(one).not.toBe(two);
    expect(unseal(one, key, place)).toBe('secret');
    expect(unseal(one, key, { ...place, name: 'other' })).toBeUndefined();
    expect(unseal(one, key, { ...place, path: 'token' })).toBeUndefined();
    expect(unseal(`${one.slice(0, -4)}AAAA`, key, place)).toBeUndefined();
    expect(unseal('v0.AAAA', key, place)).toBeUndefined();
  });
});

describe('checkEntry', () => {
  it('reports every wrong key of a document', () => {
    const document = { name: 'r', kind: 'nonsense', url: 'no url', caFile: '/etc/shadow', insecure: true };
    const problems = () => checkEntry('registries', document, {}, { filesDir: '/etc/entries' });
    expect(problems).toThrow(/caFile: is no name/);
    expect(problems).toThrow(/insecure: is for tidewaiter.yaml alone/);
    expect(problems).toThrow(/^kind: /m);
    expect(problems).toThrow(/^url: /m);
  });
});
