import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { Unavailable } from '@tidewaiter/domain';
import { LayerProcesses } from '@tidewaiter/sandbox';
import { DeadLetters, ImageManifests, Images, type Push } from '@tidewaiter/store';
import { digestOf, dpkg, osRelease, tarArchive, until, TestScanner } from '@tidewaiter/testkit';

import { start } from './main.js';

let scanner: TestScanner;

beforeAll(async () => {
  scanner = await TestScanner.start(start);
});

afterAll(async () => scanner.stop());

describe('scanner', () => {
  it('reads a layer once for all images that share it', async () => {
    const base = tarArchive([{ path: 'base', content: randomUUID() }]);
    for (const tag of ['1', '2', '3'])
      scanner.registry.put('shared', tag, [{ content: osRelease }, { content: base }, { content: dpkg(`p${tag}`) }]);
    const ends = await Promise.all(['1', '2', '3'].map((tag) => scanner.push('shared', tag)));
    expect(ends.map(({ state }) => state)).toEqual(['analyzed', 'analyzed', 'analyzed']);
    expect(scanner.registry.downloads.filter((digest) => digest === digestOf(gzipSync(base)))).toHaveLength(1);
  });

  describe('misconfiguration of an image', () => {
    const insecure = { User: '', Env: ['NODE_TLS_REJECT_UNAUTHORIZED=0'], ExposedPorts: { '22/tcp': {} } };
    const found = async (digest: string) =>
      (await scanner.findingsIn([digest])).flatMap(({ kind, id }) => (kind === 'misconfiguration' ? [id] : [])).sort();
    const expected = ['image-admin-port', 'image-no-healthcheck', 'image-no-user', 'image-setuid-files'];
    let digest: string;

    it('is found in its config and its files, and counted', async () => {
      const su = tarArchive([{ path: 'usr/bin/su', content: randomUUID(), mode: 0o4755 }]);
      digest = scanner.registry.put('insecure', '1', [{ content: osRelease }, { content: su }], { config: insecure });
      const { counts } = await scanner.push('insecure', '1');
      expect(await found(digest)).toEqual([...expected, 'image-tls-verification-off']);
      expect(counts).toMatchObject({ medium: expect.any(Number), low: expect.any(Number) });
      expect(counts!.medium).toBeGreaterThanOrEqual(2);
      expect((await new Images(scanner.store).get(digest))?.notEvaluated).toEqual([]);
    });

    it('is found after an upgrade in images that were pushed before', async () => {
      await scanner.store.query(
        `UPDATE image SET config_version = NULL, analyzers_version = 'old', not_evaluated = '{misconfiguration}' WHERE digest = $1`,
        [digest],
      );
      await scanner.store.query('DELETE FROM image_finding WHERE image_digest = $1', [digest]);
      const again = await scanner.startAnother();
      await until('the config is read again', async () => (await found(digest)).length > 0);
      await until('the files are evaluated again', async () => (await found(digest)).length > expected.length);
      expect((await new Images(scanner.store).get(digest))?.notEvaluated).toEqual([]);
      await again.stop();
    });
  });

  describe('an image that claims the diffID of a good layer for another blob', () => {
    const good = tarArchive([{ path: 'usr/bin/good', content: 'good' }]);
    const bad = tarArchive([{ path: 'usr/bin/miner', content: 'bad' }]);

    it('has an unreadable layer and does not spoil the valid layer for others', async () => {
      scanner.registry.put('evil', '1', [{ content: osRelease }, { content: bad, diffId: digestOf(good) }]);
      expect(await scanner.unreadIn(await scanner.push('evil', '1'))).toEqual(['DIFF_ID_MISMATCH']);
      scanner.registry.put('honest', '1', [{ content: osRelease }, { content: good }]);
      expect(await scanner.unreadIn(await scanner.push('honest', '1'))).toEqual([]);
    });

    it('has no files of the valid layer if that was read before', async () => {
      scanner.registry.put('evil', '2', [{ content: osRelease }, { content: bad, diffId: digestOf(good) }]);
      const evil = await scanner.push('evil', '2');
      expect(await scanner.unreadIn(evil)).toEqual(['DIFF_ID_MISMATCH']);
      const files = await new ImageManifests(scanner.store, new Images(scanner.store)).get(evil.digest!);
      expect(files?.get('/usr/bin/good')).toBeNull();
    });
  });

  it('ignores a false size that an image claims for a shared blob', async () => {
    const layer = tarArchive([{ path: 'sized', content: randomUUID() }]);
    scanner.registry.put('liar', '1', [{ content: layer, sizeBytes: 7 }]);
    scanner.registry.put('truthful', '1', [{ content: layer }]);
    const [liar, truthful] = await Promise.all([scanner.push('liar', '1'), scanner.push('truthful', '1')]);
    expect(await scanner.unreadIn(truthful)).toEqual([]);
    expect(await scanner.unreadIn(liar)).toEqual(['SIZE_MISMATCH']);
  });

  describe('a layer that cannot be read', () => {
    const aws = { path: 'app/.env', content: 'AWS_ACCESS_KEY_ID=AKIAQYLPMN5HFIQR7XYA\n' };
    const noise = () => tarArchive([{ path: randomUUID(), content: randomUUID() }]);

    it.each([
      ['a corrupt tar', Buffer.alloc(10_240, 1), {}, 'CORRUPT_LAYER'],
      [
        'a tar that ends too early',
        tarArchive([{ path: 'a', content: 'a'.repeat(9_000) }]).subarray(0, 2_048),
        {},
        'TRUNCATED_LAYER',
      ],
      ['xz inside of gzip', Buffer.from('fd377a585a000000', 'hex'), {}, 'TRUNCATED_LAYER'],
    ])('leaves the findings of the other layers, and is a finding itself: %s', async (what, content, spec, code) => {
      const repository = `unread/${what.replaceAll(' ', '-')}`;
      scanner.registry.put(repository, '1', [
        { content: osRelease },
        { content: tarArchive([aws]) },
        { content, ...spec },
      ]);
      const found = await scanner.push(repository, '1');
      expect(found).toMatchObject({ state: 'analyzed', verdict: 'fail' });
      const findings = await scanner.findingsIn([found.digest!], found);
      expect(findings.map(({ kind, id }) => `${kind} ${id}`)).toEqual(
        expect.arrayContaining(['integrity layer-not-analyzed', 'secret aws-access-token']),
      );
      expect(await scanner.unreadIn(found)).toEqual([code]);
    });

    it('is a finding of its own repository only', async () => {
      const layer = noise();
      const blob = digestOf(gzipSync(layer));
      scanner.registry.put('a/without', '1', [{ content: layer }], { missing: [blob] });
      scanner.registry.put('b/with', '1', [{ content: layer }]);
      scanner.registry.put('c/without', '1', [{ content: layer }], { missing: [blob] });
      const [without, beside, also] = await Promise.all([
        scanner.push('a/without', '1'),
        scanner.push('b/with', '1'),
        scanner.push('c/without', '1'),
      ]);
      expect(beside.state).toBe('analyzed');
      expect(await scanner.unreadIn(beside)).toEqual([]);
      expect([without.state, also.state]).toEqual(['analyzed', 'analyzed']);
      // Layers read from one repository are known in all.
      await until('the layer is known', async () => (await scanner.unreadIn(without)).length === 0);
    });

    it('is a finding and a dead letter after the tries if it kills its reader each time; others go on', async () => {
      const poison = noise();
      const { analyze } = LayerProcesses.prototype;
      let tries = 0;
      const fragile = jest.spyOn(LayerProcesses.prototype, 'analyze').mockImplementation(function (
        this: LayerProcesses,
        ...[open, options, signal]: Parameters<typeof analyze>
      ) {
        if (options.expectedDiffId !== digestOf(poison)) return analyze.call(this, open, options, signal);
        tries += 1;
        return Promise.reject(
          new Unavailable('LAYER_READER_FAILED', 'the process that read the layer ended (SIGABRT)'),
        );
      });
      scanner.registry.put('poison', '1', [{ content: osRelease }, { content: poison }]);
      const poisoned = scanner.push('poison', '1');
      const others = ['1', '2', '3'].map((tag) => {
        scanner.registry.put('beside', tag, [{ content: osRelease }, { content: noise() }]);
        return scanner.push('beside', tag);
      });
      expect((await Promise.all(others)).map(({ state }) => state)).toEqual(['analyzed', 'analyzed', 'analyzed']);
      // Seven tries take a quarter of an hour: the next one is the last.
      const hurry = setInterval(() => {
        void scanner.store.query(
          `UPDATE job SET attempt = 6, run_at = now(), swept_at = now() - interval '1 minute'
           WHERE queue = 'layer' AND state = 'queued' AND code = 'LAYER_READER_FAILED'`,
        );
      }, 200);
      const found = await poisoned.finally(() => clearInterval(hurry));
      fragile.mockRestore();
      expect(found.state).toBe('analyzed');
      expect(await scanner.unreadIn(found)).toEqual(['LAYER_READER_FAILED']);
      expect(tries).toBeGreaterThan(1);
      expect(tries).toBeLessThan(8);
      expect(await scanner.store.query(`SELECT code FROM dead_letter WHERE code = 'LAYER_READER_FAILED'`)).toHaveLength(
        1,
      );
    }, 90_000);

    it('is retried by the next push of the same digest', async () => {
      const layer = noise();
      scanner.registry.put('later', '1', [{ content: layer }], { missing: [digestOf(gzipSync(layer))] });
      expect(await scanner.unreadIn(await scanner.push('later', '1'))).toEqual(['BLOB_UNKNOWN']);
      scanner.registry.put('later', '1', [{ content: layer }]);
      const again = await scanner.push('later', '1');
      expect(await scanner.unreadIn(again)).toEqual([]);
      expect(again.verdict).not.toBe('fail');
    });
  });

  it('reads a layer from any repository that has it', async () => {
    const layer = tarArchive([{ path: 'rare', content: randomUUID() }]);
    scanner.registry.put('without', '1', [{ content: layer }], { missing: [digestOf(gzipSync(layer))] });
    const without = await scanner.push('without', '1');
    expect(without).toMatchObject({ state: 'analyzed', verdict: 'fail' });
    expect(await scanner.unreadIn(without)).toEqual(['BLOB_UNKNOWN']);
    scanner.registry.put('with', '1', [{ content: layer }]);
    expect(await scanner.unreadIn(await scanner.push('with', '1'))).toEqual([]);
    await until('the verdict follows', async () => (await scanner.pushes.get(without.id))?.verdict !== 'fail');
    expect(await scanner.unreadIn(without)).toEqual([]);
  });

  it('retries after a transient failure of the registry', async () => {
    const layer = tarArchive([{ path: 'flaky', content: randomUUID() }]);
    scanner.registry.put('flaky', '1', [{ content: layer }]);
    scanner.registry.failures.push(
      { part: 'flaky/manifests', status: 503 },
      { part: digestOf(gzipSync(layer)), status: 500 },
    );
    expect(await scanner.push('flaky', '1')).toMatchObject({ state: 'analyzed' });
  });

  describe('a push that the registry refuses', () => {
    const redriven = async ({ id }: Push, letterSubject: string) => {
      const letters = new DeadLetters(scanner.store);
      const { items } = await letters.list({ limit: 10 });
      await letters.redrive(items.find(({ subject }) => subject.includes(letterSubject))!.id);
      // The next sweep takes it, not one in ten seconds.
      await scanner.store.query(`UPDATE job SET swept_at = '-infinity' WHERE state = 'queued'`);
      const deadline = Date.now() + 60_000;
      for (;;) {
        const found = (await scanner.pushes.get(id))!;
        if (found.state === 'analyzed') return found;
        if (Date.now() > deadline) throw new Error('it was not tried again');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };

    it('fails at once and continues when it is retried', async () => {
      scanner.registry.put('locked', '1', [{ content: osRelease }]);
      scanner.registry.failures.push({ part: 'locked/manifests', status: 403 });
      const locked = await scanner.push('locked', '1');
      expect(locked).toMatchObject({ state: 'dead-lettered', code: 'REGISTRY_FORBIDDEN' });
      await redriven(locked, locked.id);
    });

    it('gets a new verdict after the refused layer is retried, with its original origin', async () => {
      const layer = tarArchive([{ path: 'locked', content: randomUUID() }]);
      const blob = digestOf(gzipSync(layer));
      const digest = scanner.registry.put('locked-layer', '1', [{ content: layer }]);
      scanner.registry.failures.push({ part: blob, status: 403 });
      const locked = await scanner.push('locked-layer', '1');
      expect(locked).toMatchObject({ state: 'analyzed', verdict: 'fail', digest });
      expect(await scanner.unreadIn(locked)).toEqual(['REGISTRY_FORBIDDEN']);
      expect(await redriven(locked, blob)).toMatchObject({ digest });
      await until('the verdict follows', async () => (await scanner.pushes.get(locked.id))?.verdict !== 'fail');
    });

    it('is not refused for a registry that tidewaiter.yaml lacks', async () => {
      expect(await scanner.push('app', '1', { connection: 'gone' })).toMatchObject({
        state: 'dead-lettered',
        code: 'REGISTRY_UNKNOWN',
      });
    });
  });

  describe('an index', () => {
    const image = (tag: string) => scanner.registry.put('index', tag, [{ content: osRelease }]);

    it('that names one image a thousand times is that image, fetched once', async () => {
      const digest = image('one');
      const inner = scanner.registry.putIndex(
        'index',
        'inner',
        Array.from({ length: 1_000 }, () => digest),
      );
      scanner.registry.putIndex('index', 'repeating', [...Array.from({ length: 999 }, () => inner), digest]);
      const { id, state } = await scanner.push('index', 'repeating');
      expect(state).toBe('analyzed');
      expect((await new Images(scanner.store).ofPush(id)).map((each) => each.digest)).toEqual([digest]);
      expect(scanner.registry.downloads.filter((each) => each === digest || each === inner)).toHaveLength(2);
    });

    it('is refused if it has more images than the limit', async () => {
      scanner.registry.putIndex(
        'index',
        'many',
        Array.from({ length: 33 }, (_, number) => image(`many-${number}`)),
      );
      expect(await scanner.push('index', 'many')).toMatchObject({
        state: 'refused',
        code: 'LIMIT_EXCEEDED',
        reason: 'the index holds more than 32 manifests to read',
      });
    });
  });

  it('refuses an image whose layers have more entries together than it may merge', async () => {
    const files = Array.from({ length: 7_000 }, (_, index) => ({ path: `data/${index}`, content: '' }));
    const layer = { content: tarArchive(files) };
    scanner.registry.put('entries', 'many', Array(400).fill(layer));
    scanner.registry.put('entries', 'some', Array(300).fill(layer));
    expect(await scanner.push('entries', 'many')).toMatchObject({
      state: 'refused',
      code: 'LIMIT_EXCEEDED',
      reason: 'the layers have more than 2500000 entries together',
    });
    expect(await scanner.push('entries', 'some')).toMatchObject({ state: 'analyzed' });
    // Millions of entries are merged in turns with other suites.
  }, 300_000);

  describe('a refused push', () => {
    const refusals = async (id: string) =>
      scanner.store.query(
        `SELECT id FROM outbox WHERE type = 'dev.tidewaiter.image.failed.v1' AND data ->> 'pushId' = $1`,
        [id],
      );

    it('is tried again once under other versions or limits, and announced again only for another reason', async () => {
      const gone = Array.from({ length: 33 }, (_, number) => scanner.registry.put('again', `part-${number}`, []));
      for (const tag of ['fixed', 'bad']) scanner.registry.putIndex('again', tag, gone);
      const fixed = await scanner.push('again', 'fixed');
      const bad = await scanner.push('again', 'bad');
      expect([fixed.state, bad.state]).toEqual(['refused', 'refused']);
      scanner.registry.put('again', 'fixed', [{ content: osRelease }]);
      await scanner.store.query(
        `UPDATE push SET refused_by = 'an older version', digest = NULL WHERE repository = 'again'`,
      );
      await until('the push is analyzed', async () => (await scanner.pushes.get(fixed.id))!.state === 'analyzed');
      const olderOnes = `SELECT id FROM push WHERE repository = 'again' AND refused_by = 'an older version' AND state <> 'analyzed'`;
      await until('the other one is refused again', async () => (await scanner.store.query(olderOnes)).length === 0);
      await scanner.ended(bad.id);
      expect(await refusals(bad.id)).toHaveLength(1);
    });

    it('is tried again when the platforms of the settings change', async () => {
      const platform = { os: 'linux', architecture: 's390x' };
      scanner.registry.putIndex(
        'mainframe',
        '1',
        [scanner.registry.put('mainframe', 'only', [{ content: osRelease }])],
        platform,
      );
      const refused = await scanner.push('mainframe', '1');
      expect(refused).toMatchObject({ state: 'refused', code: 'NO_PLATFORM' });
      const file = join(scanner.folder, 'tidewaiter.yaml');
      const before = readFileSync(file, 'utf8');
      writeFileSync(file, `${before}\nplatforms: [linux/amd64, linux/arm64, linux/s390x]`);
      await scanner.reload();
      await until('the push is analyzed', async () => (await scanner.pushes.get(refused.id))!.state === 'analyzed');
      writeFileSync(file, before);
      await scanner.reload();
    });
  });

  it.each([
    ['9999-12-31T23:59:59-14:00', null],
    ['0000-01-01T00:00:00Z', null],
    ['1970-01-01T00:00:00Z', new Date(0)],
  ])('stores a time within the range of PostgreSQL: %s', async (created, createdAt) => {
    const digest = scanner.registry.put('timed', created.slice(0, 4), [{ content: osRelease }], { created });
    expect(await scanner.push('timed', created.slice(0, 4))).toMatchObject({ state: 'analyzed' });
    expect(await new Images(scanner.store).get(digest)).toMatchObject({ createdAt });
  });

  it('reads the pushed content from the registry, whatever the webhook claims', async () => {
    const digest = scanner.registry.put('real', '1', [{ content: osRelease }, { content: dpkg('real') }]);
    expect(await scanner.push('real', '1')).toMatchObject({ state: 'analyzed', digest });
    expect(await scanner.push('real', '1', { claimedDigest: `sha256:${'f'.repeat(64)}` })).toMatchObject({
      state: 'refused',
      code: 'MANIFEST_UNKNOWN',
    });
    expect(await scanner.push('real', null)).toMatchObject({ state: 'refused', code: 'REFERENCE_MISSING' });
    const packages = await new Images(scanner.store).packages(digest);
    expect(packages.map(({ purl }) => purl)).toEqual(['pkg:deb/debian/real@1-1?arch=amd64&distro=debian-12']);
  });
});
