import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { analyzeLayer, type LayerFacts, type LayerOptions } from './index.js';

async function factsOf(entries: TarEntry[], options: Partial<LayerOptions>): Promise<LayerFacts> {
  // In pieces, as a registry sends it, whose memory is used for other pieces later.
  async function* blob(): AsyncGenerator<Uint8Array> {
    const tar = tarArchive(entries);
    for (let at = 0; at < tar.length; at += 65_536) {
      const piece = Buffer.from(tar.subarray(at, at + 65_536));
      yield piece;
      piece.fill(0);
    }
  }
  const { facts } = await analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar', ...options });
  return facts;
}

const code = (path: string, host: string): TarEntry => ({ path, content: `get("https://${host}/")\n` });

describe('FactCollector', () => {
  it('analyzes the target of a link by its own kind', async () => {
    const entries: TarEntry[] = [
      { path: 'data', content: 'ID=a\nHOME_URL="https://a.io/"\n' },
      { path: 'etc/os-release', content: '' },
      { path: 'etc/os-release', type: 'symlink', linkTarget: '/data' },
    ];
    const { files, hosts } = await factsOf(entries, { isInspected: true });
    expect({ files, hosts }).toMatchObject({ files: [{ os: { id: 'a' } }], hosts: [{ hosts: ['a.io'] }] });
  });

  describe('secrets of a large file', () => {
    const secretKey = Buffer.alloc(32, 1);
    const token = ['ghp', 'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC3'].join('_');
    const rest = `${'-'.repeat(99)}\n`.repeat(200_000);

    it('are found to its end, with their lines', async () => {
      const entries = [{ path: 'srv/dump.sql', content: `${token}\n${rest}${rest}k=${token.replace('aB', 'Ba')}\n` }];
      const { secrets, warnings } = await factsOf(entries, { secretKey });
      expect([secrets.map(({ line }) => line), warnings]).toEqual([[1, 400_002], []]);
    });

    it('are found above the limit for analyzers, which only warn', async () => {
      const path = 'srv/package-lock.json';
      const entries = [{ path, content: `{"a": "${rest}", "b": "${token}"}` }];
      const limits = { maxWantedFileBytes: 1024 * 1024 };
      const { secrets, warnings } = await factsOf(entries, { secretKey, limits });
      expect(secrets).toMatchObject([{ rule: 'github-pat', line: 200_001 }]);
      expect(warnings).toMatchObject([{ code: 'FILE_TOO_LARGE', path, message: expect.stringContaining('bytes') }]);
    });

    it('are found in a large program, with formats of their own', async () => {
      const content = `\x7fELF\0${'\0\xf3'.repeat(4_000_000)}${token}\0password=${token.slice(4)}\0`;
      const entries = [{ path: 'app/server', content: Buffer.from(content, 'latin1') }];
      const { secrets } = await factsOf(entries, { secretKey, limits: { maxWantedFileBytes: 1024 * 1024 } });
      expect(secrets.map(({ rule }) => rule)).toEqual(['github-pat']);
    });

    it('are found by the names in a database, and in the sources of a map', async () => {
      const password = ['Vq8zWm3L', 'xT0pRk7d'].join('');
      const folder = mkdtempSync(join(tmpdir(), 'layer-facts-'));
      const db = new DatabaseSync(join(folder, 'app.db'));
      db.exec('CREATE TABLE account (password TEXT, photo BLOB, login TEXT PRIMARY KEY) WITHOUT ROWID');
      db.exec(`INSERT INTO account VALUES ('${password}', zeroblob(5000000), 'alice')`);
      db.close();
      const content = readFileSync(join(folder, 'app.db'));
      rmSync(folder, { recursive: true });
      const sources = ['./src/settings.js', './src/other.js'];
      const map = { version: 3, sources, sourcesContent: [`x = {\n  password: "${password}" }`, rest], mappings: '' };
      const entries: TarEntry[] = [
        { path: 'srv/app.db', content },
        { path: 'srv/app.js.map', content: JSON.stringify(map) },
      ];
      const { secrets } = await factsOf(entries, { secretKey });
      expect(secrets.map((each) => [each.path, each.line, each.archive])).toEqual([
        ['srv/app.db', 1, undefined],
        ['srv/app.js.map!/src/settings.js', 2, 'srv/app.js.map'],
      ]);
    });

    it('end with a warning in words in a file of nothing but bait', async () => {
      const entries = [{ path: 'srv/bait', content: 'password=Ab1! '.repeat(1_000_000) }];
      const { warnings } = await factsOf(entries, { secretKey });
      expect(warnings).toEqual([
        { code: 'SECRET_SEARCH_CUT', path: 'srv/bait', message: expect.stringMatching(/^file of 14000000 bytes has /) },
      ]);
    });
  });

  describe('hosts in files', () => {
    it('omit files that a later entry of the layer replaces', async () => {
      const entries = [code('app/b.js', 'b.io'), code('app/a.js', 'old.io'), code('app/a.js', 'new.io')];
      const { hosts } = await factsOf([...entries, { path: 'readme.md', content: 'https://c.io' }], {
        isInspected: true,
      });
      expect(hosts).toEqual([
        { path: 'app/a.js', hosts: ['new.io'] },
        { path: 'app/b.js', hosts: ['b.io'] },
      ]);
    });

    it('are stored for twenty files each', async () => {
      const many = Array.from({ length: 30 }, (_, index) => code(`app/${String(index).padStart(2, '0')}.js`, 'a.io'));
      const { hosts } = await factsOf([...many, code('app/29b.js', 'rare.io')], { isInspected: true });
      expect(hosts).toHaveLength(21);
      expect(hosts?.at(-1)).toEqual({ path: 'app/29b.js', hosts: ['rare.io'] });
    });

    it('are unknown if not requested', async () => {
      expect(await factsOf([code('app/a.js', 'a.io')], {})).not.toHaveProperty('hosts');
    });
  });

  describe('scripts of a layer', () => {
    const options = { isInspected: true };
    const script = (path: string, content: string): TarEntry => ({ path, content, mode: 0o755 });

    it('are stored with masked secrets', async () => {
      const token = ['ghp', 'aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC3'].join('_');
      const { scripts } = await factsOf(
        [script('usr/local/bin/up.sh', `#!/bin/sh\ncurl -H "token: ${token}" x.io\n`)],
        options,
      );
      expect(scripts).toMatchObject([{ path: 'usr/local/bin/up.sh', text: expect.stringContaining('x.io') }]);
      expect(JSON.stringify(scripts)).not.toContain(token);
    });

    it('include no binaries, long files and library files', async () => {
      const entries = [
        script('usr/bin/elf', '\x7fELF\0'),
        script('usr/bin/nul', `#!/bin/sh\n${'x'.repeat(1_000)}\0`),
        script('usr/bin/long', `#!/bin/sh\n${'x'.repeat(70_000)}`),
        script('app/node_modules/a/run.sh', '#!/bin/sh\n'),
        script('app/notes.txt', 'text'),
      ];
      expect((await factsOf(entries, options)).scripts).toEqual([]);
    });

    it('omit replaced files and are limited to a thousand', async () => {
      const many = Array.from({ length: 1_005 }, (_, at) =>
        script(`opt/bin/${String(at).padStart(4, '0')}`, `echo ${at}`),
      );
      const { scripts } = await factsOf([script('opt/bin/0000', 'echo old'), ...many], options);
      expect(scripts).toHaveLength(1_000);
      expect(scripts?.[0]).toEqual({ path: 'opt/bin/0000', text: 'echo 0' });
    });

    it('are unknown if not requested', async () => {
      expect(await factsOf([script('usr/bin/a', '#!/bin/sh\n')], {})).not.toHaveProperty('scripts');
    });
  });
});
