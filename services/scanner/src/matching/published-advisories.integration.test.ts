import { Advisories, Findings, FleetMatches } from '@tidewaiter/store';
import { dpkg, osRelease, stanza, tarArchive, until, TestScanner } from '@tidewaiter/testkit';

import { start } from '../main.js';

const advisory = (name: string, id = name) => ({
  id: `DSA-${id}`,
  vulnerabilityId: `CVE-${id}`,
  aliases: [],
  modified: '2026-01-01T00:00:00Z',
  published: null,
  withdrawn: null,
  title: name,
  severity: 'high' as const,
  cvss: null,
  dropped: [],
  affected: [
    {
      ecosystem: 'Debian',
      release: '12',
      name,
      ranges: [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }] }],
      versions: [],
      severity: null,
      unfixed: 'not-fixed' as const,
      isIncomplete: false,
    },
  ],
});

let scanner: TestScanner;

beforeAll(async () => {
  scanner = await TestScanner.start(start);
});

afterAll(async () => scanner.stop());

describe('advisories of scanned images', () => {
  it('evaluates a package by its own source, despite a forged database about the same package', async () => {
    await new Advisories(scanner.store).put([advisory('vulnerable')]);
    scanner.registry.put('forged', '1', [{ content: osRelease }, { content: dpkg('libvulnerable', 'harmless') }]);
    scanner.registry.put('plain', '1', [{ content: osRelease }, { content: dpkg('libvulnerable', 'vulnerable') }]);
    expect(await scanner.push('forged', '1')).toMatchObject({ verdict: 'pass' });
    expect(await scanner.push('plain', '1')).toMatchObject({ verdict: 'fail' });
  });

  it('evaluates language packages and reports what it compared', async () => {
    const npm = { ...advisory('left-pad').affected[0]!, ecosystem: 'npm', release: null };
    const ranges = [{ type: 'SEMVER' as const, events: [{ introduced: '0' }, { fixed: '1.3.0' }] }];
    const known = { ...advisory('left-pad'), id: 'GHSA-aaaa-bbbb-cccc', vulnerabilityId: 'CVE-2026-44441' };
    await new Advisories(scanner.store).put([{ ...known, affected: [{ ...npm, ranges }] }]);
    const manifest = {
      path: 'app/node_modules/left-pad/package.json',
      content: '{"name":"left-pad","version":"1.2.0"}',
    };
    scanner.registry.put('node', '1', [
      { content: osRelease },
      { content: dpkg('harmless') },
      { content: tarArchive([manifest]) },
    ]);
    const { digest, verdict } = await scanner.push('node', '1');
    expect(verdict).toBe('fail');
    const findings = await new Findings(scanner.store).of([digest!]);
    expect(findings.filter(({ kind }) => kind === 'vulnerability')).toMatchObject([
      {
        id: 'CVE-2026-44441',
        packageName: 'left-pad',
        path: manifest.path,
        fix: { state: 'fixed', version: '1.3.0' },
        evidence: {
          advisory: known.id,
          source: 'npm',
          comparedName: 'left-pad',
          comparedVersion: '1.2.0',
          range: '< 1.3.0',
          severities: { GHSA: 'high' },
        },
      },
    ]);
  });

  describe('an advisory that is published after the scan', () => {
    const events = (type: string) =>
      scanner.store.query<{
        subject: string;
        data: { kind: string; counts: unknown; severity: string; purls: string[]; isNews: boolean };
      }>('SELECT subject, data FROM outbox WHERE type = $1 ORDER BY id', [`dev.tidewaiter.${type}.v1`]);
    const about = async (type: string, id: string) => (await events(type)).filter(({ subject }) => subject === id);
    const verdictOf = async (id: string) => (await scanner.pushes.get(id))!.verdict;
    const later = (id: string, modified: string, parts: object) => ({ ...advisory('late', id), modified, ...parts });
    let pushId: string;

    beforeAll(async () => {
      scanner.registry.put('late', '1', [{ content: osRelease }, { content: dpkg('liblate', 'late') }]);
      scanner.registry.put('late', '2', [{ content: osRelease }, { content: dpkg('liblate2', 'late') }]);
      const first = await scanner.push('late', '1');
      expect(first).toMatchObject({ verdict: 'pass' });
      await scanner.push('late', '2');
      pushId = first.id;
    });

    it('opens a finding for all images with the package, without a pull', async () => {
      const downloads = scanner.registry.downloads.length;
      await new Advisories(scanner.store).put([advisory('late', 'late-1'), advisory('in-no-image')]);
      await until('a finding opens', async () => (await about('finding.opened', 'CVE-late-1')).length > 0);
      const [opened] = await about('finding.opened', 'CVE-late-1');
      expect(opened!.data).toMatchObject({
        severity: 'high',
        counts: { packages: 2, images: 2, workloads: null },
        purls: [
          'pkg:deb/debian/liblate2@1-1?arch=amd64&distro=debian-12',
          'pkg:deb/debian/liblate@1-1?arch=amd64&distro=debian-12',
        ],
        isNews: true,
      });
      await until('the verdict follows', async () => (await verdictOf(pushId)) === 'fail');
      expect(scanner.registry.downloads.length).toBe(downloads);
      expect(await about('finding.opened', 'CVE-in-no-image')).toEqual([]);
    });

    it('publishes nothing when a second source lists the same', async () => {
      await new Advisories(scanner.store).put([{ ...advisory('late', 'late-second'), vulnerabilityId: 'CVE-late-1' }]);
      await new Advisories(scanner.store).put([advisory('late', 'late-2')]);
      await until('the next one opens', async () => (await about('finding.opened', 'CVE-late-2')).length > 0);
      expect(await about('finding.opened', 'CVE-late-1')).toHaveLength(1);
    });

    it('resolves the finding when it is corrected and when it is withdrawn', async () => {
      const ranges = [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '2' }] }];
      const affected = [{ ...advisory('late').affected[0]!, ranges }];
      await new Advisories(scanner.store).put([later('late-1', '2026-02-01T00:00:00Z', { affected })]);
      await new Advisories(scanner.store).put([
        later('late-2', '2026-02-01T00:00:00Z', { withdrawn: '2026-02-01T00:00:00Z' }),
      ]);
      await until('the second is gone', async () => (await about('finding.resolved', 'CVE-late-2')).length > 0);
      // The other source still lists it.
      expect(await about('finding.resolved', 'CVE-late-1')).toEqual([]);
      await new Advisories(scanner.store).put([
        { ...later('late-second', '2026-02-01T00:00:00Z', { affected }), vulnerabilityId: 'CVE-late-1' },
      ]);
      await until('the first is gone', async () => (await about('finding.resolved', 'CVE-late-1')).length > 0);
      await until('the verdict follows', async () => (await verdictOf(pushId)) === 'pass');
    });

    it('is evaluated together with earlier advisories, in either order of arrival', async () => {
      const jammy = { path: 'etc/os-release', content: 'ID=ubuntu\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04"\n' };
      const rebuilt = stanza('libpro', 'pro').replace('1-1', '1-1ubuntu0.1~esm1');
      scanner.registry.put('jammy', '1', [
        { content: tarArchive([jammy, { path: 'var/lib/dpkg/status', content: rebuilt }]) },
      ]);
      const { digest } = await scanner.push('jammy', '1');
      const published = async () =>
        [await about('finding.opened', 'CVE-2026-5'), await about('finding.resolved', 'CVE-2026-5')].map(
          ({ length }) => length,
        );
      const publishedAre = async (...counts: number[]) =>
        until(
          `${counts.join(' and ')} are published`,
          async () => JSON.stringify(await published()) === JSON.stringify(counts),
        );
      const ids = async () =>
        (await new Findings(scanner.store).of([digest!])).flatMap(({ id, kind }) =>
          kind === 'vulnerability' ? id : [],
        );
      const record = (id: string, parts: object, modified = '2026-01-01T00:00:00Z') => {
        const entry = { ...advisory('pro').affected[0]!, ecosystem: 'Ubuntu', release: '22.04:LTS', ...parts };
        return { ...advisory('pro', id), modified, vulnerabilityId: 'CVE-2026-5', affected: [entry] };
      };
      const fixedForPayers = [
        { type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }, { fixed: '1-1ubuntu0.1~esm1' }] },
      ];

      await new Advisories(scanner.store).put([record('base', {})]);
      await publishedAre(1, 0);
      expect(await ids()).toEqual(['CVE-2026-5']);
      // States nothing about the release, but the package was rebuilt for Pro: only this advisory
      // covers it.
      const pro = (modified?: string) => record('pro', { stream: 'Pro', ranges: fixedForPayers }, modified);
      await new Advisories(scanner.store).put([pro()]);
      await publishedAre(1, 1);
      expect(await ids()).toEqual([]);
      // Findings that it cleared are open again, now from the other advisory.
      const withdrawn = '2026-02-01T00:00:00Z';
      await new Advisories(scanner.store).put([{ ...pro(withdrawn), withdrawn }]);
      await publishedAre(2, 1);
      expect(await ids()).toEqual(['CVE-2026-5']);
      const [, again] = await about('finding.opened', 'CVE-2026-5');
      expect(again!.data).toMatchObject({ advisoryId: 'DSA-base', counts: { packages: 1, images: 1 } });
    });

    it('is published as malware or as an unmaintained package if it states that', async () => {
      const manifest = { path: 'app/node_modules/soso/package.json', content: '{"name":"soso","version":"1.0.0"}' };
      scanner.registry.put('soso', '1', [
        { content: osRelease },
        { content: dpkg('harmless') },
        { content: tarArchive([manifest]) },
      ]);
      await scanner.push('soso', '1');
      const record = (id: string, parts: object) => ({
        ...advisory('soso'),
        id,
        vulnerabilityId: id,
        severity: 'unknown' as const,
        affected: [{ ...advisory('soso').affected[0]!, ecosystem: 'npm', release: null, ...parts }],
      });
      const notice = record('NOTICE-2026-1', { informational: 'unmaintained' });
      await new Advisories(scanner.store).put([record('MAL-2026-1', {}), notice]);
      await until('both open', async () => (await about('finding.opened', notice.id)).length > 0);
      expect(await about('finding.opened', notice.id)).toMatchObject([
        { data: { kind: 'supply-chain', severity: 'low' } },
      ]);
      expect(await about('finding.opened', 'MAL-2026-1')).toMatchObject([
        { data: { kind: 'malware', severity: 'critical' } },
      ]);
      const withdrawn = '2026-02-01T00:00:00Z';
      await new Advisories(scanner.store).put([{ ...notice, modified: withdrawn, withdrawn }]);
      await until('it is gone', async () => (await about('finding.resolved', notice.id)).length > 0);
      expect(await about('finding.resolved', notice.id)).toMatchObject([
        { data: { kind: 'supply-chain', severity: 'low' } },
      ]);
    });

    it('is published for each vulnerability that an update fixes', async () => {
      const update = { vulnerabilityId: 'DSA-update', aliases: ['CVE-2026-33331', 'CVE-2026-33332'] };
      await new Advisories(scanner.store).put([{ ...advisory('late', 'update'), ...update }]);
      await until('both open', async () => (await about('finding.opened', 'CVE-2026-33332')).length > 0);
      expect(await about('finding.opened', 'CVE-2026-33331')).toHaveLength(1);
      expect(await about('finding.opened', 'DSA-update')).toEqual([]);
      const withdrawn = '2026-02-01T00:00:00Z';
      await new Advisories(scanner.store).put([{ ...later('update', withdrawn, { withdrawn }), ...update }]);
      await until('both are gone', async () => (await about('finding.resolved', 'CVE-2026-33332')).length > 0);
    });

    it('is not published when its whole ecosystem is loaded for the first time, except for the worst', async () => {
      const alpine = tarArchive([
        { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n' },
        { path: 'lib/apk/db/installed', content: 'P:old\nV:1.0-r0\nA:x86_64\no:old\n\n' },
      ]);
      scanner.registry.put('alpine', '1', [{ content: alpine }]);
      await scanner.push('alpine', '1');
      const affected = [{ ...advisory('old').affected[0]!, ecosystem: 'Alpine', release: 'v3.20' }];
      const old = (id: string, severity: 'critical' | 'high') => ({
        ...advisory('old', `old-${id}`),
        affected,
        severity,
      });
      const all = [...Array.from({ length: 60 }, (_, number) => old(`${number}`, 'high')), old('worst', 'critical')];
      await new Advisories(scanner.store).put(all);
      const opened = async () =>
        (await events('finding.opened')).filter(({ subject }) => subject.startsWith('CVE-old-'));
      await until('all are opened', async () => (await opened()).length === 61);
      const announced = (await opened()).filter(({ data }) => data.isNews).map(({ subject }) => subject);
      // In lots, each worst first.
      expect(announced).toHaveLength(50);
      expect(announced).toContain('CVE-old-0');
    });

    it('leaves nothing to match for the next push of the package, and everything for a new matching version', async () => {
      await scanner.store.query('UPDATE package SET matched_by = 0 WHERE matched_by IS NOT NULL');
      await scanner.store.query(
        'DELETE FROM package_match WHERE package_id IN (SELECT id FROM package WHERE source_name = $1)',
        ['vulnerable'],
      );
      await scanner.store.query(`UPDATE image SET analyzers_version = 'old' WHERE analyzers_version IS NOT NULL`);
      await scanner.store.query(`UPDATE layer SET analyzers_version = 'old'`);
      const again = await scanner.startAnother();
      const matched = async () =>
        (await scanner.store.query('SELECT FROM package WHERE matched_by IS DISTINCT FROM 0 AND ecosystem IS NOT NULL'))
          .length;
      await until('everything is matched', async () => (await matched()) > 0);
      const outdated = () =>
        scanner.store.query(`SELECT FROM image JOIN push_image ON digest = image_digest
      JOIN push ON push.id = push_id WHERE analyzers_version = 'old' AND push.repository = 'late'`);
      await until('images are analyzed again', async () => (await outdated()).length === 0);
      expect(await verdictOf(pushId)).toBe('pass');
      const [plain] = await scanner.store.query<{ verdict: string }>(
        `SELECT verdict FROM push WHERE repository = 'plain'`,
      );
      expect(plain).toEqual({ verdict: 'fail' });
      await again.stop();
    });
  });

  it('stores more matches than the limit in several rounds, and passes nothing until they are complete', async () => {
    const advisories = Array.from({ length: 26 }, (_, number) => advisory('explosive', `explosive-${number}`));
    await new Advisories(scanner.store).put(advisories);
    const names = Array.from({ length: 40 }, (_, number) => `explosive${number}`);
    const content = names.map((name) => stanza(name, 'explosive')).join('\n');
    const packages = tarArchive([{ path: 'var/lib/dpkg/status', content }]);
    const digest = scanner.registry.put('explosive', '1', [{ content: osRelease }, { content: packages }]);
    const unmatched = async () =>
      (await scanner.store.transaction((tx) => new FleetMatches().unmatched(tx, digest))).length;
    const incomplete = expect.objectContaining({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('2 packages were not compared'),
    });
    const first = await scanner.push('explosive', '1');
    expect(first).toMatchObject({ state: 'analyzed', verdict: 'fail' });
    expect(await scanner.pushes.warnings(first.id)).toContainEqual(incomplete);
    expect(await unmatched()).toBe(2);
    const again = await scanner.push('explosive', '1');
    expect(await scanner.pushes.warnings(again.id)).not.toContainEqual(incomplete);
    expect(await unmatched()).toBe(0);
  });
});
