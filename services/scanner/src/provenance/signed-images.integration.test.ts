import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Incidents, Provenances, type Push } from '@tidewaiter/store';
import { dpkg, minerIncident, osRelease, until, TestScanner } from '@tidewaiter/testkit';

import { start } from '../main.js';

let scanner: TestScanner;

beforeAll(async () => {
  scanner = await TestScanner.start(start);
});

afterAll(async () => scanner.stop());

describe('signatures, provenance and SBOMs', () => {
  describe('an image that must be signed', () => {
    const findingsOf = async (digest: string) =>
      (await scanner.findingsIn([digest])).filter(({ kind }) => kind === 'supply-chain');

    it('passes with the signature and fails without', async () => {
      const good = scanner.registry.put('signed-good', '1', [{ content: osRelease }]);
      scanner.registry.putSignature('signed-good', good);
      expect((await scanner.push('signed-good', '1')).verdict).not.toBe('fail');
      expect(await findingsOf(good)).toEqual([]);
      const bad = scanner.registry.put('signed-bad', '1', [{ content: osRelease }, { content: dpkg('unsigned') }]);
      expect((await scanner.push('signed-bad', '1')).verdict).toBe('fail');
      expect(await findingsOf(bad)).toMatchObject([{ id: 'image-unsigned', confidence: 'certain' }]);
    });

    it('passes with provenance that its pipeline sent and a signer signed, before or after the push', async () => {
      const first = scanner.registry.put('signed-reported', '1', [
        { content: osRelease },
        { content: dpkg('reported') },
      ]);
      await scanner.storeProvenance(first, scanner.releaseKey);
      expect((await scanner.push('signed-reported', '1')).verdict).not.toBe('fail');
      const second = scanner.registry.put('signed-reported', '2', [
        { content: osRelease },
        { content: dpkg('reported later') },
      ]);
      const { id, verdict } = await scanner.push('signed-reported', '2');
      expect(verdict).toBe('fail');
      const incident = minerIncident({ imageDigest: second, findings: ['unsigned-image'] });
      await scanner.store.transaction(async (tx) =>
        new Incidents(scanner.store).apply(tx, [{ kind: 'opened', incident }]),
      );
      const reexamined = async () =>
        scanner.store.query<{ data: unknown }>(
          `SELECT data FROM outbox WHERE type = 'dev.tidewaiter.image.reexamined.v1' AND data ->> 'pushId' = $1 ORDER BY id`,
          [id],
        );
      await scanner.storeProvenance(second, generateKeyPairSync('ed25519').privateKey);
      await until('it is examined again', async () => (await reexamined()).length === 1);
      await scanner.storeProvenance(second, scanner.releaseKey);
      while ((await scanner.pushes.get(id))?.verdict === 'fail')
        await new Promise((resolve) => setTimeout(resolve, 25));
      expect(await findingsOf(second)).toEqual([]);
      const [known] = await new Provenances(scanner.store).ofImage(second);
      expect(known?.attestations.map(({ verified, code, revision }) => [verified, code, revision]).toSorted()).toEqual([
        [false, 'SIGNER_UNKNOWN', null],
        [true, null, 'c0ffee'],
      ]);
      const events = await reexamined();
      const platforms = [{ platform: 'linux/amd64', digest: second }];
      // Caches of signers forget the image whether or not what was announced has changed.
      expect(events[0]).toMatchObject({ data: { opened: [], resolved: [], signers: [], platforms } });
      const resolved = [{ id: 'image-unsigned', severity: 'high' }];
      const signers = [{ name: 'release', identity: null }];
      expect(events.at(-1)).toMatchObject({ data: { isCurrent: true, opened: [], resolved, signers, platforms } });
      expect(await new Incidents(scanner.store).revisions(incident.id)).toMatchObject([
        { kind: 'opened' },
        { kind: 'updated', news: ['The image is signed by now: by release'] },
      ]);
    });

    it('is compared with the SBOM that a signer attests, and keeps a finding that the registry withholds', async () => {
      const layers = [{ content: osRelease }, { content: dpkg('vouched') }];
      const digest = scanner.registry.put('signed-listed', '1', layers);
      scanner.registry.putAttestedSbom('signed-listed', digest, ['pkg:deb/debian/vouched@1-1?arch=amd64']);
      await scanner.push('signed-listed', '1');
      expect(await findingsOf(digest)).toEqual([]);
      scanner.registry.putAttestedSbom('signed-listed', digest, ['pkg:deb/debian/vouched@0-1?arch=amd64']);
      const attached = { artifact: 'attestation', attachedTo: digest } as const;
      const again = async () => {
        const { id } = await scanner.push('signed-listed', `${digest.replace(':', '-')}.att`, { attached });
        await until('it is compared again', async () => !(await scanner.isQueued('attached', `${id} ${digest}`)));
      };
      await again();
      const absent = ['pkg:deb/debian/vouched@0-1'];
      const differing = [{ id: 'sbom-differs', severity: 'low', evidence: { author: 'release', absent } }];
      expect(await findingsOf(digest)).toMatchObject(differing);
      scanner.registry.failures.push({ part: '.att', status: 403 });
      await again();
      expect(scanner.registry.failures).toEqual([]);
      expect(await findingsOf(digest)).toMatchObject(differing);
      scanner.registry.putAttestedSbom('signed-listed', digest, ['pkg:deb/debian/vouched@1-1?arch=amd64']);
      await again();
      expect(await findingsOf(digest)).toEqual([]);
    });

    it('is possibly unsigned if the registry refuses to list signatures', async () => {
      const digest = scanner.registry.put('signed-locked', '1', [{ content: osRelease }, { content: dpkg('locked') }]);
      scanner.registry.putSignature('signed-locked', digest);
      scanner.registry.failures.push({ part: '.sig', status: 403 });
      const { id, verdict } = await scanner.push('signed-locked', '1');
      expect(verdict).toBe('fail');
      expect(await findingsOf(digest)).toMatchObject([{ id: 'image-unsigned', confidence: 'possible' }]);
      expect((await scanner.pushes.warnings(id)).map(({ code }) => code)).toContain('PROVENANCE_UNREADABLE');
    });

    it('stays signed while the registry fails later', async () => {
      const digest = scanner.registry.put('signed-before', '1', [{ content: osRelease }, { content: dpkg('before') }]);
      scanner.registry.putSignature('signed-before', digest);
      expect((await scanner.push('signed-before', '1')).verdict).not.toBe('fail');
      scanner.registry.failures.push({ part: '.sig', status: 403 });
      const { id, verdict } = await scanner.push('signed-before', '1');
      expect(verdict).not.toBe('fail');
      expect((await scanner.pushes.warnings(id)).map(({ code }) => code)).toContain('PROVENANCE_UNREADABLE');
      expect(await findingsOf(digest)).toEqual([]);
    });

    it('is verified again when the signers of its repository change', async () => {
      scanner.registry.failures.length = 0;
      const digest = scanner.registry.put('signed-changed', '1', [
        { content: osRelease },
        { content: dpkg('changed') },
      ]);
      scanner.registry.putSignature('signed-changed', digest);
      const { id, verdict } = await scanner.push('signed-changed', '1');
      expect(verdict).not.toBe('fail');
      const file = join(scanner.folder, 'tidewaiter.yaml');
      const text = readFileSync(file, 'utf8');
      const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
      writeFileSync(join(scanner.folder, 'other.pub'), other);
      const isFailed = async () => (await scanner.pushes.get(id))?.verdict === 'fail';
      try {
        writeFileSync(file, text.replace('release.pub', 'other.pub'));
        await scanner.reload();
        await until('the image counts as unsigned', isFailed);
        expect(await findingsOf(digest)).toMatchObject([{ id: 'image-unsigned' }]);
      } finally {
        writeFileSync(file, text);
        await scanner.reload();
      }
      await until('it counts as signed again', async () => !(await isFailed()));
      expect(await findingsOf(digest)).toEqual([]);
    });
  });

  describe('a repository without configured signers', () => {
    const signsOf = async ({ id, digest, connection, repository, tag }: Push) => {
      const place = { connection, repository, tag };
      const found = (await scanner.findingsIn([digest!], place)).filter(({ kind }) => kind === 'supply-chain');
      return {
        warnings: await scanner.pushes.warnings(id),
        findings: found.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      };
    };

    /** Pushes an image of its own content, optionally signed by a key that is not configured. */
    async function release(repository: string, tag: string, by: string, isSigned: boolean): Promise<Push> {
      const digest = scanner.registry.put(repository, tag, [
        { content: osRelease },
        { content: dpkg(`${repository} ${tag} ${by}`) },
      ]);
      if (isSigned) scanner.registry.putSignature(repository, digest);
      return scanner.push(repository, tag, { pushedBy: by });
    }

    it('learns the usual signature and account, and finds a push without them', async () => {
      for (const tag of ['1.1', '1.2', '1.3']) await release('free/tool', tag, 'ci-bot', true);
      const strange = await release('free/tool', '1.4', 'mallory', false);
      expect(strange.verdict).toBe('fail');
      expect((await signsOf(strange)).findings).toMatchObject([
        {
          id: 'identity-changed',
          severity: 'medium',
          title: 'Identity changed: pusher mallory, previously always ci-bot',
        },
        {
          id: 'identity-missing',
          severity: 'high',
          confidence: 'likely',
          title: 'Signature missing, previously always present',
          evidence: { learnedFrom: 3, lastSeen: [{ tag: '1.3' }, { tag: '1.2' }, { tag: '1.1' }] },
        },
      ]);
      // The first alarm does not disarm the rule, and a good push is good.
      expect((await signsOf(await release('free/tool', '1.5', 'mallory', false))).findings).toHaveLength(2);
      expect((await signsOf(await release('free/tool', '1.6', 'ci-bot', true))).findings).toEqual([]);
    });

    it('evaluates a push again when its signature arrives', async () => {
      for (const tag of ['1.1', '1.2', '1.3']) await release('free/late', tag, 'ci-bot', true);
      const late = await release('free/late', '1.4', 'ci-bot', false);
      expect((await signsOf(late)).findings).toMatchObject([{ id: 'identity-missing' }]);
      scanner.registry.putSignature('free/late', late.digest!);
      await scanner.store.transaction((tx) =>
        tx.enqueue({ queue: 'attached', key: `${late.id} ${late.digest!}`, class: 'interactive' }),
      );
      while ((await scanner.pushes.get(late.id))?.verdict === 'fail')
        await new Promise((resolve) => setTimeout(resolve, 25));
      expect((await signsOf(late)).findings).toEqual([]);
    });

    it('does not report a missing signature that the registry refused to list', async () => {
      for (const tag of ['1.1', '1.2', '1.3']) await release('free/locked', tag, 'ci-bot', true);
      scanner.registry.failures.push({ part: '.sig', status: 403 });
      const { findings, warnings } = await signsOf(await release('free/locked', '1.4', 'ci-bot', true));
      expect(findings).toMatchObject([{ id: 'identity-missing', severity: 'medium', confidence: 'possible' }]);
      expect(warnings.map(({ code }) => code)).toContain('PROVENANCE_UNREADABLE');
    });

    it('reports a moved version under its own tag only', async () => {
      for (const tag of ['v3', 'v4', 'latest']) await release('free/action', tag, 'ci-bot', false);
      const evil = scanner.registry.put('free/action', 'v3', [{ content: osRelease }, { content: dpkg('evil') }]);
      const moved = await scanner.push('free/action', 'v3');
      const fresh = await scanner.push('free/action', 'v5', { claimedDigest: evil });
      expect([moved.digest, fresh.digest]).toEqual([evil, evil]);
      expect((await signsOf(moved)).findings).toMatchObject([{ id: 'release-tag-moved', evidence: { tag: 'v3' } }]);
      expect((await signsOf(fresh)).findings).toEqual([]);
      expect([moved.verdict, fresh.verdict]).toEqual(['fail', fresh.verdict]);
      expect(fresh.verdict).not.toBe('fail');
    });
  });

  it('finds different content of a revision that two run tokens prove, when the second is reported', async () => {
    const images = ['one', 'two'].map((name) =>
      scanner.registry.put('built', name, [{ content: osRelease }, { content: dpkg(name) }]),
    );
    const [first = '', second = ''] = images;
    await scanner.storeRun(first, 'built', '6c62fb45fe66');
    await scanner.push('built', 'one');
    await scanner.push('built', 'two');
    const rebuilt = async () => (await scanner.findingsIn([second])).filter(({ kind }) => kind === 'supply-chain');
    expect(await rebuilt()).toEqual([]);
    await scanner.storeRun(second, 'built', '6c62fb45fe66');
    while ((await rebuilt()).length === 0) await new Promise((resolve) => setTimeout(resolve, 25));
    expect(await rebuilt()).toMatchObject([{ evidence: expect.objectContaining({ revision: '6c62fb45fe66' }) }]);
  });

  it('compares the SBOM of a pipeline with the image, also when it arrives later', async () => {
    const digest = scanner.registry.put('listed', '1', [{ content: osRelease }, { content: dpkg('listed') }]);
    await scanner.storeSbom(digest, 'listed', ['pkg:deb/debian/listed@1-1?arch=amd64&distro=debian-12']);
    await scanner.push('listed', '1');
    const different = async () => (await scanner.findingsIn([digest])).filter(({ id }) => id === 'sbom-differs');
    expect(await different()).toEqual([]);
    await scanner.storeSbom(digest, 'listed', ['pkg:deb/debian/listed@0-1?arch=amd64']);
    await until('the SBOM is compared', async () => (await different()).length > 0);
    const evidence = { unlisted: ['pkg:deb/debian/listed@1-1'], absent: ['pkg:deb/debian/listed@0-1'] };
    expect(await different()).toMatchObject([{ kind: 'supply-chain', severity: 'low', evidence }]);
  });

  it("compares BuildKit's SBOM with the image, and keeps a finding that the registry withholds", async () => {
    const layers = [{ content: osRelease }, { content: dpkg('attested') }];
    const [digest = ''] = ['attested', 'altered'].map((repository) =>
      scanner.registry.put(repository, 'plain', layers),
    );
    const different = async (of: Push) =>
      (await scanner.findingsIn([digest], of)).filter(({ id }) => id === 'unsigned-sbom-differs');
    scanner.registry.putAttested('attested', '1', digest, [
      'pkg:deb/debian/attested@1-1?arch=amd64',
      'pkg:npm/in-a-stage@1',
    ]);
    const same = await scanner.push('attested', '1');
    expect(await different(same)).toEqual([]);
    const statement = scanner.registry.putAttested('altered', '1', digest, ['pkg:deb/debian/attested@0-1?arch=amd64']);
    const altered = await scanner.push('altered', '1');
    const expected = [{ severity: 'negligible', confidence: 'possible', evidence: { source: 'buildkit' } }];
    expect(await different(altered)).toMatchObject(expected);
    expect([altered.state, altered.verdict]).toEqual([same.state, same.verdict]);
    // The image alone, beside its index.
    expect((await scanner.push('altered', null, { claimedDigest: digest })).state).toBe('analyzed');
    expect(await different(altered)).toMatchObject(expected);
    scanner.registry.failures.push({ part: statement, status: 403 });
    const jobs = [
      { queue: 'reevaluate', key: altered.id },
      { queue: 'attached', key: `${altered.id} ${altered.digest!}` },
    ] as const;
    await scanner.store.transaction(async (tx) =>
      tx.enqueue(...jobs.map((job) => ({ ...job, class: 'interactive' as const }))),
    );
    for (const { queue, key } of jobs)
      await until(`the push is evaluated again by ${queue}`, async () => !(await scanner.isQueued(queue, key)));
    expect(scanner.registry.failures).toEqual([]);
    expect(await different(altered)).toMatchObject(expected);
    expect(scanner.registry.downloads.filter((reference) => reference === statement)).toHaveLength(1);
  });

  it('compares an SBOM that is attached later, as the list of referrers changes', async () => {
    const digest = scanner.registry.put('referred', '1', [{ content: osRelease }, { content: dpkg('referred') }]);
    const image = await scanner.push('referred', '1');
    const tag = scanner.registry.putReferrer('referred', digest, ['pkg:deb/debian/referred@0-1?arch=amd64']);
    const list = await scanner.push('referred', tag, { attached: { artifact: 'referrers-index', attachedTo: digest } });
    expect(list).toMatchObject({ state: 'not-an-image', code: 'NOT_AN_IMAGE' });
    const different = async () =>
      (await scanner.findingsIn([digest], image)).filter(({ id }) => id.startsWith('unsigned-sbom'));
    await until('the image is verified again', async () => (await different()).length > 0);
    expect(await different()).toMatchObject([{ evidence: { source: 'referrer' } }]);
  });

  it('asks nothing more about an image without an index', async () => {
    scanner.registry.put('lonely', '1', [{ content: osRelease }]);
    const before = scanner.registry.downloads.length;
    await scanner.push('lonely', '1');
    // The manifest of the tag, config, three tags of cosign, and the referrers by API and by tag.
    expect(scanner.registry.downloads.slice(before)).toHaveLength(7);
  });
});
