import {
  countBySeverity,
  type Finding,
  type FindingLocation,
  findingOf,
  type Severity,
  unknownRun,
  withLocations,
} from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { maxItems, maxTitleChars, type Message } from '../message.js';
import type { PushFinding } from './push-message-groups.js';
import { pushMessage, type PushReport } from './push-message.js';

const digest = `sha256:${'4f'.repeat(32)}`;
const console = { consoleUrl: 'https://tidewaiter.example.com/console' };

interface Hole {
  id: string;
  name?: string;
  type?: string;
  installed?: string;
  fix?: string | null;
  severity?: Severity;
  isNew?: boolean;
  platforms?: string[];
  finding?: Partial<Finding>;
}

function hole({
  id,
  name = 'openssl',
  type = 'deb',
  installed = '3.0.11-1~deb12u2',
  fix = null,
  severity = 'high',
  isNew = true,
  platforms = ['linux/amd64'],
  finding,
}: Hole): PushFinding {
  return {
    isNew,
    platforms,
    finding: findingOf({
      kind: 'vulnerability',
      id,
      severity,
      title: `${id} in ${name}`,
      fingerprint: `${id}/${name}`,
      purl: `pkg:${type}/debian/${name}@${installed}`,
      packageName: name,
      installedVersion: installed,
      layer: 0,
      state: 'present',
      fix: { state: fix === null ? 'not-fixed' : 'fixed', version: fix },
      ...finding,
    }),
  };
}

function report(findings: PushFinding[], rest: Partial<PushReport> = {}): PushReport {
  return {
    registry: 'registry.example.com',
    repository: 'shop/checkout',
    tag: '1.4',
    digest,
    owner: null,
    platforms: ['linux/amd64'],
    pushedBy: 'ci-bot',
    pushedAt: '2026-11-25T10:42:00Z',
    pipeline: null,
    previousDigest: `sha256:${'ab'.repeat(32)}`,
    findings,
    resolved: [],
    packagesChanged: { added: 3, removed: 1, upgraded: 2 },
    changes: null,
    warnings: [],
    counts: countBySeverity(findings.map(({ finding }) => finding)),
    ...rest,
  };
}

function texts(message: Message, title: string): string[] | undefined {
  return message.sections.find((section) => section.title === title)?.items.map(({ text }) => text);
}

const push = report(
  [
    hole({ id: 'CVE-2024-0001', severity: 'critical', fix: '3.0.13-1~deb12u1' }),
    hole({ id: 'CVE-2024-0002', fix: '3.0.17-1~deb12u3' }),
    hole({ id: 'CVE-2023-0003', fix: '3.0.9-1', isNew: false }),
    hole({ id: 'CVE-2024-0004', name: 'zlib1g', installed: '1:1.2.13', isNew: true }),
    hole({ id: 'CVE-2020-0005', name: 'curl', installed: '7.88.1', fix: '7.88.2', isNew: false }),
    hole({ id: 'CVE-2024-0006', name: 'bash', installed: '5.2', fix: '5.3', severity: 'medium' }),
  ],
  {
    resolved: [
      hole({ id: 'CVE-2022-0007', name: 'expat', installed: '2.5.0-1', isNew: false }),
      hole({ id: 'CVE-2022-0008', name: 'bash', severity: 'low' }),
    ],
  },
);

describe('pushMessage', () => {
  it('names run and revision of the build, and the unproven claims', () => {
    const run = {
      ...unknownRun,
      url: 'https://ci.example.com/runs/7',
      id: '7',
      attempt: '2',
      workflow: 'release',
      actor: 'jane',
      source: 'https://git.example.com/shop/checkout',
      revision: '6c62fb45fe66bfb1ea9a66abc38f6a0cc974292b',
      ref: 'refs/heads/main',
    };
    const factsOf = (pipeline: PushReport['pipeline']) =>
      pushMessage(report([], { pipeline }), console)
        .facts.filter(({ label }) => label === 'Revision' || label === 'Built by')
        .map(({ value }) => value);
    expect(factsOf({ run, proven: ['revision', 'source'] })).toEqual([
      '6c62fb45fe66 of git.example.com/shop/checkout (main)',
      'release run 7, attempt 2 for jane · https://ci.example.com/runs/7',
    ]);
    expect(factsOf({ run: { ...run, source: null, ref: null }, proven: [] })[0]).toBe(
      '6c62fb45fe66, reported by its pipeline',
    );
    expect(factsOf({ run: unknownRun, proven: [] })).toEqual([]);
    expect(factsOf({ run: { ...unknownRun, url: 'javascript:alert(1)' }, proven: [] })).toEqual([]);
    expect(factsOf(null)).toEqual([]);
  });

  it('summarizes a push in one line', () => {
    const message = pushMessage(push, console);
    expect(message).toMatchObject({
      kind: 'push',
      status: 'firing',
      severity: 'critical',
      title: 'Critical · shop/checkout:1.4 brings 3 new critical or high vulnerabilities',
    });
    expect(message.summary).toBe(
      'New since the previous push: 1 critical, 2 high. 2 more were there before. Upgrading openssl to 3.0.17-1~deb12u3 closes 3 of 5. This push fixes 1 of the previous one.',
    );
    expect(message.links).toEqual([
      { text: 'Open image', url: `https://tidewaiter.example.com/console/images/${digest}` },
    ]);
    expect(message.footer).toBe(`Tidewaiter · shop/checkout@${digest}`);
    expect(message.facts).toContainEqual({ label: 'Image', value: 'registry.example.com/shop/checkout:1.4' });
    expect(message.facts).toContainEqual({ label: 'Pushed', value: '2026-11-25 10:42 UTC by ci-bot' });
    expect(message.facts).toContainEqual({ label: 'All findings', value: '1 critical, 4 high, 1 medium' });
    expect(message.facts).toContainEqual({ label: 'Packages', value: '3 added, 1 removed, 2 upgraded' });
  });

  it.each([
    [
      'Unknown · shop/checkout:1.4 brings 1 new unknown-severity vulnerability',
      '1 of unknown severity',
      [hole({ id: 'DSA-1', severity: 'unknown' })],
    ],
    [
      'High · shop/checkout:1.4 brings 2 new critical, high or unknown-severity vulnerabilities',
      '1 high, 1 of unknown severity',
      [hole({ id: 'DSA-1', severity: 'unknown' }), hole({ id: 'CVE-2024-0001' })],
    ],
  ])('announces findings of unknown severity: %s', (title, counts, findings) => {
    const message = pushMessage(report(findings), console);
    expect(message.title).toBe(title);
    expect(message.summary).toBe(`New since the previous push: ${counts}.`);
  });

  it('groups by the upgrade that closes all of a package, in the order of its distribution', () => {
    const message = pushMessage(push, console);
    expect(message.sections[0]).toEqual({
      title: 'Upgrade to fix',
      items: [
        {
          severity: 'critical',
          text: 'upgrade openssl 3.0.11-1~deb12u2 → 3.0.17-1~deb12u3: 3 findings (2 new)',
          detail: 'CVE-2024-0001, CVE-2024-0002 and CVE-2023-0003',
          isNew: true,
        },
      ],
      omitted: 0,
    });
    expect(texts(message, 'No fix yet')).toEqual(['zlib1g 1:1.2.13: 1 new finding']);
    expect(texts(message, 'Still there')).toEqual(['upgrade curl 7.88.1 → 7.88.2: 1 finding']);
    expect(texts(message, 'Fixed by this push')).toEqual(['expat 2.5.0-1: 1 finding resolved']);
    expect(message.sections).toHaveLength(4);
  });

  it('calls nothing new on the first push of a tag', () => {
    const message = pushMessage({ ...push, previousDigest: null, packagesChanged: null, resolved: [] }, console);
    expect(message.title).toBe('Critical · First push of shop/checkout:1.4 has 5 critical or high vulnerabilities');
    expect(message.summary).toMatch(
      /^Found: 1 critical, 4 high\. First push of this tag, no baseline\. Upgrading openssl/,
    );
    expect(
      message.sections.flatMap(({ items }) => items).filter(({ isNew, text }) => isNew || text.includes('new')),
    ).toEqual([]);
    expect(texts(message, 'Still there')).toBeUndefined();
    expect(message.facts).toContainEqual({ label: 'Compared with', value: 'none: first push of this tag' });
  });

  it.each<[string, PushReport, string]>([
    [
      'nothing new',
      report([hole({ id: 'CVE-1', isNew: false })]),
      'High · shop/checkout:1.4 still has 1 critical or high vulnerability',
    ],
    [
      'nothing bad',
      report([hole({ id: 'CVE-1', severity: 'medium' })]),
      'shop/checkout:1.4 has no critical or high vulnerabilities',
    ],
    [
      'a push by digest',
      report([hole({ id: 'CVE-1' })], { tag: null, previousDigest: null }),
      'High · shop/checkout@sha256:4f4f4f4f4f4f has 1 critical or high vulnerability',
    ],
    [
      'nothing bad in what could be read',
      report([], { warnings: ['layer 3: corrupt'] }),
      'Unknown · shop/checkout:1.4 could not be read completely',
    ],
    [
      'another kind',
      report([hole({ id: 'aws-key', finding: { kind: 'secret' } })]),
      'High · shop/checkout:1.4 brings 1 new critical or high finding',
    ],
  ])('titles %s', (_, input, title) => {
    expect(pushMessage(input, console).title).toBe(title);
  });

  it('keeps the tag in the title when the repository is very long', () => {
    const { title } = pushMessage({ ...push, repository: 'very/'.repeat(50) + 'long' }, console);
    expect(title.length).toBeLessThanOrEqual(maxTitleChars);
    expect(title).toContain('very/long:1.4 brings 3 new');
  });

  it('lists packages of one source in one line', () => {
    const both = ['libssl3', 'openssl'].flatMap((name) =>
      ['CVE-1', 'CVE-2'].map((id) => hole({ id, name, fix: '3.0.17' })),
    );
    const other = hole({ id: 'CVE-3', name: 'libcrypto', fix: '3.0.17' });
    expect(texts(pushMessage(report([...both, other]), console), 'Upgrade to fix')).toEqual([
      'upgrade libssl3 and openssl 3.0.11-1~deb12u2 → 3.0.17: 4 new findings',
      'upgrade libcrypto 3.0.11-1~deb12u2 → 3.0.17: 1 new finding',
    ]);
  });

  it.each([
    ['npm', '10.0.0-rc.1', '10.0.0'],
    ['pypi', '2.0.post1', '2.1a1'],
    ['maven', '2.15.0', '2.17.1'],
    ['golang', 'v1.9.0', 'v1.10.0'],
    ['rpm', '2.0-1.el9', '1:1.0-1.el9'],
    ['gem', '2.9', '2.10'],
  ])('chooses the higher of two fixes in the order of %s', (type, fix, higher) => {
    const both = [hole({ id: 'CVE-1', type, fix: higher }), hole({ id: 'CVE-2', type, fix })];
    expect(texts(pushMessage(report(both), console), 'Upgrade to fix')).toEqual([
      `upgrade openssl 3.0.11-1~deb12u2 → ${higher}: 2 new findings`,
    ]);
  });

  it('does not guess the higher of two fixes that it cannot order', () => {
    const [a, b] = [
      hole({ id: 'CVE-1', type: 'conan', fix: '2.0.0' }),
      hole({ id: 'CVE-2', type: 'conan', fix: '10.0.0' }),
    ];
    expect(texts(pushMessage(report([a, b]), console), 'Upgrade to fix')).toEqual([
      'upgrade openssl 3.0.11-1~deb12u2 → 2.0.0: 1 new finding',
      'upgrade openssl 3.0.11-1~deb12u2 → 10.0.0: 1 new finding',
    ]);
    const unreadable = [hole({ id: 'CVE-1', fix: 'x y' }), hole({ id: 'CVE-2', fix: '3.0.17' })];
    expect(texts(pushMessage(report(unreadable), console), 'Upgrade to fix')).toHaveLength(2);
  });

  it('counts and lists evaluation gaps and unread layers', () => {
    const message = pushMessage(
      report([hole({ id: 'CVE-1', installed: '??', finding: { match: 'unknown' } })], {
        warnings: ['layer 3: corrupt'],
      }),
      console,
    );
    expect(message.title).toContain('brings 1 new');
    expect(texts(message, 'Version not comparable')).toEqual(['openssl ??: possibly 1 new finding']);
    expect(texts(message, 'Could not be read')).toEqual(['layer 3: corrupt']);
    expect(message.summary).toContain('there may be more');
  });

  it('does not alert for a package that a later layer replaced, but for a secret', () => {
    const hidden = { state: 'shadowed' } as const;
    expect(pushMessage(report([hole({ id: 'CVE-1', finding: hidden })]), console).status).toBe('resolved');
    const secret = hole({
      id: 'aws-key',
      finding: {
        ...hidden,
        kind: 'secret',
        title: 'AWS key',
        packageName: null,
        purl: null,
        installedVersion: null,
        path: 'app/.env',
      },
    });
    expect(texts(pushMessage(report([secret]), console), 'Found in the image')).toEqual([
      'AWS key in app/.env: deleted by a later layer, recoverable',
    ]);
  });

  it('names the platforms when not all have a finding', () => {
    const message = pushMessage(
      report([hole({ id: 'CVE-1', platforms: ['linux/arm64'] })], { platforms: ['linux/amd64', 'linux/arm64'] }),
      console,
    );
    expect(message.sections[0]?.items[0]?.detail).toBe('CVE-1 · linux/arm64 only');
  });

  it('stays small and counts the rest when there are 10,000 findings', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      hole({ id: `CVE-2024-${index}`, name: `package-${index % 500}`, fix: `4.${index % 7}` }),
    );
    const message = pushMessage(report(many), console);
    expect(message.title).toContain('brings 10000 new');
    expect(message.sections[0]).toMatchObject({ omitted: 500 - maxItems });
    expect(message.sections[0]?.items[0]?.detail).toMatch(/^(CVE-2024-\d+, ){4}CVE-2024-\d+ and 15 more$/);
    expect(JSON.stringify(message).length).toBeLessThan(10_000);
  });

  it('lists other changes of a push after its findings', () => {
    const config = { total: 1, items: [{ field: 'user', before: 'app', after: 'root' }] };
    const counts = { added: 0, removed: 0, changed: 0, total: 0, items: [] };
    const changes = {
      platforms: [],
      isComplete: true,
      packages: counts,
      files: null,
      config,
      steps: null,
      base: [],
      hosts: null,
      findings: { introduced: counts, newlyPublished: counts, resolved: counts },
    };
    const message = pushMessage({ ...push, changes }, console);
    expect(texts(message, 'What changed')).toEqual(['runs as root now']);
    expect(message.sections.map(({ title }) => title)).toEqual([
      'Upgrade to fix',
      'No fix yet',
      'What changed',
      'Fixed by this push',
      'Still there',
    ]);
  });

  it('gives the same message whatever the order of the findings', () => {
    const expected = pushMessage(push, console);
    fc.assert(
      fc.property(fc.shuffledSubarray(push.findings, { minLength: push.findings.length }), (findings) => {
        expect(pushMessage({ ...push, findings }, console)).toEqual(expected);
      }),
    );
  });

  it('shows hostile text as one harmless line', () => {
    const nasty = 'lib\r\nBcc: all@example.com\u202Egpj.exe';
    const message = pushMessage(
      report([hole({ id: 'CVE-1', name: nasty, fix: '1\n2' })], { pushedBy: nasty, tag: nasty, warnings: [nasty] }),
      console,
    );
    expect(JSON.stringify(message)).not.toMatch(/\\r|\\n|\u202E/);
    expect(texts(message, 'Upgrade to fix')?.[0]).toContain('lib Bcc: all@example.comgpj.exe');
  });
});

describe('urgency', () => {
  const exploited = { ...hole({ id: 'CVE-2024-0009', name: 'curl', installed: '7.88.1', fix: '7.88.2' }) };
  const pressing: PushFinding = {
    ...exploited,
    finding: { ...exploited.finding, kev: true, running: true, inUse: true },
  };
  const others = ['1', '2', '3'].map((n) => hole({ id: `CVE-2024-000${n}`, fix: '3.0.17-1~deb12u3' }));

  it('ranks urgent findings before more numerous ones in title, summary and list', () => {
    const message = pushMessage(report([...others, pressing]), console);
    expect(message.title).toBe(
      'High · shop/checkout:1.4 brings 4 new critical or high vulnerabilities, exploited ones among them',
    );
    expect(message.summary).toBe(
      'New since the previous push: 4 high. CVE-2024-0009 is known to be exploited. A workload runs this image, and curl is in use. ' +
        'Upgrading curl to 7.88.2 closes 1 of 4.',
    );
    expect(message.sections[0]!.items[0]).toMatchObject({ detail: 'CVE-2024-0009 (exploited) · in use' });
    expect(message.facts).toContainEqual({ label: 'Running', value: 'yes' });
  });

  it('is not claimed without a sensor that reports containers', () => {
    const message = pushMessage(report(others), console);
    expect(message.facts.map(({ label }) => label)).not.toContain('Running');
    expect(message.summary).not.toMatch(/exploited|runs/);
  });

  it('names the likeliest where nothing is known to be exploited', () => {
    const likely = others.map((each, index) => ({ ...each, finding: { ...each.finding, epss: 0.1 + index / 10 } }));
    expect(pushMessage(report(likely), console).summary).toContain(
      'CVE-2024-0003 is likely to be exploited soon (EPSS 0.30), and 2 others are likely, too.',
    );
  });
});

describe('a secret in a message about a push', () => {
  const secret = (more: Partial<Finding>): PushFinding => ({
    finding: findingOf({
      ...{ kind: 'secret', id: 'private-key', severity: 'critical', title: 'Private key', fingerprint: 'f' },
      ...{ path: 'app/key.pem', layer: 1, state: 'present', evidence: { line: 3 } },
      ...more,
    }),
    isNew: true,
    platforms: ['linux/amd64'],
    layer: { digest: `sha256:${'a'.repeat(64)}`, createdBy: `COPY . /app ${'x'.repeat(500)}` },
  });
  const lineOf = (finding: PushFinding) =>
    pushMessage(report([finding]), console).sections.find(({ title }) => title === 'Found in the image')!.items[0]!;

  it('names the layer that holds it and the build step that made the layer', () => {
    const { text, detail } = lineOf(secret({}));
    expect(text).toBe('Private key in app/key.pem:3');
    expect(detail).toMatch(/^private-key · layer 1 \(sha256:aaaaaaaaaaaa\), made by COPY \. \/app x+…/);
  });

  it('names the variable, label or command that holds it outside of files', () => {
    const { text } = lineOf(secret({ path: null, layer: null, evidence: { origin: 'env', name: 'SIGNING_KEY' } }));
    expect(text).toBe('Private key in env SIGNING_KEY');
  });

  it('is announced as recoverable where a later layer deletes it', () => {
    const { text } = lineOf(secret({ state: 'shadowed', evidence: { line: 3, removedInLayer: 4 } }));
    expect(text).toBe('Private key in app/key.pem:3: deleted in layer 4, recoverable');
    expect(lineOf(secret({ state: 'shadowed' })).text).toContain('deleted by a later layer, recoverable');
    expect(pushMessage(report([secret({ state: 'shadowed' })]), console).summary).toContain(
      'One deleted secret can still be read from its layer: revoke it.',
    );
    expect(pushMessage(report([secret({})]), console).summary).not.toContain('deleted');
  });

  it('names its primary place and counts the others', () => {
    const place = { layer: 1, state: 'present', origin: 'file', rule: 'private-key', title: 'Private key' } as const;
    const locations = Array.from({ length: 24 }, (_, index) => ({
      ...{ ...place, path: `app/${index}.pem`, line: 3, severity: 'critical', confidence: 'certain' },
    })) as FindingLocation[];
    const { finding } = secret({});
    const placed = (count: number) => ({ ...secret({}), finding: withLocations(finding, locations.slice(0, count)) });
    expect(lineOf(placed(24)).text).toBe('Private key in app/0.pem:3 and 23 more places');
    expect(lineOf(placed(2)).text).toBe('Private key in app/0.pem:3 and 1 more place');
    const variable = { ...locations[0]!, path: null, layer: null, origin: 'env', name: 'KEY' };
    const inConfig = { ...secret({}), finding: withLocations(finding, [variable, { ...variable, name: 'TOKEN' }]) };
    expect(lineOf(inConfig).text).toMatch(/^Private key in env KEY and 1 more place/);
  });

  it('has a line of its own for each layer state of the same file', () => {
    const both = [secret({}), secret({ state: 'shadowed', layer: 0, evidence: { line: 3, removedInLayer: 1 } })];
    const { items } = pushMessage(report(both), console).sections.find(({ title }) => title === 'Found in the image')!;
    expect(items.map(({ text }) => text).toSorted()).toEqual([
      'Private key in app/key.pem:3',
      'Private key in app/key.pem:3: deleted in layer 1, recoverable',
    ]);
  });
});

describe('a layer that could not be analyzed, in a message about a push', () => {
  it('is named by its digest and build step, with the reason', () => {
    const finding = findingOf({
      ...{ kind: 'integrity', id: 'layer-not-analyzed', severity: 'high', title: 'Layer 5 could not be analyzed' },
      ...{ fingerprint: 'layer', layer: 5, state: 'present' },
      evidence: { digest: `sha256:${'b'.repeat(64)}`, createdBy: 'COPY m /srv # buildkit', reason: 'too many entries' },
    });
    const { sections } = pushMessage(report([{ finding, isNew: true, platforms: ['linux/amd64'] }]), console);
    expect(sections[0]!.items[0]!.detail).toBe(
      'layer-not-analyzed · too many entries · sha256:bbbbbbbbbbbb, made by COPY m /srv',
    );
  });
});
