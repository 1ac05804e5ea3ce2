import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { TarEntry } from '@tidewaiter/testkit';

/** A Debian package database with these packages. */
export function dpkgStatus(packages: Record<string, string>): TarEntry {
  const stanza = ([name, version]: [string, string]) =>
    [`Package: ${name}`, 'Status: install ok installed', 'Architecture: amd64', `Version: ${version}`, ''].join('\n');
  return { path: 'var/lib/dpkg/status', content: Object.entries(packages).map(stanza).join('\n') };
}

export const debian13: TarEntry = {
  path: 'etc/os-release',
  content: 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n',
};

/**
 * An image configuration without misconfiguration findings, so that a test counts only what it
 * planted.
 */
export const hardened = { User: '65532', Healthcheck: { Test: ['CMD', '/bin/true'] } };

interface AdvisoryFacts {
  id: string;
  /** `Debian:13` unless given. */
  ecosystem?: string;
  package: string;
  fixed?: string;
  severity: 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW';
  published?: string;
}

const vectors = {
  CRITICAL: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
  HIGH: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H',
  MEDIUM: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:N',
  LOW: 'CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N',
};

const time = '2026-01-02T03:04:05Z';

/** Writes OSV records into a folder and returns its path. */
export function writeAdvisories(folder: string, advisories: AdvisoryFacts[]): string {
  mkdirSync(folder, { recursive: true });
  for (const { id, ecosystem = 'Debian:13', package: name, fixed, severity, published = time } of advisories) {
    const events = [{ introduced: '0' }, ...(fixed ? [{ fixed }] : [])];
    const record = {
      schema_version: '1.7.0',
      id,
      modified: time,
      published,
      summary: `a hole in ${name}`,
      severity: [{ type: 'CVSS_V3', score: vectors[severity] }],
      affected: [{ package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events }] }],
    };
    writeFileSync(join(folder, `${id}.json`), JSON.stringify(record));
  }
  return folder;
}
