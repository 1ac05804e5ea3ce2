import { findingKinds, type OsRelease } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import type { ImageSource } from '../sources/image-source.js';
import { factsOf } from './policy-facts.js';

const debian: OsRelease = { id: 'debian', versionId: '13', name: 'Debian 13', idLike: [] };

/** Kinds that policies count as not evaluated. */
function gapsOf(
  source: Partial<ImageSource>,
  { os = null, warnings = [] }: { os?: OsRelease | null; warnings?: Warning[] } = {},
) {
  const nothing = { digest: null, mediaType: null, platform: null, configDigest: null, config: null, layers: [] };
  const { gaps } = factsOf({
    ...{ reference: '.', source: { ...nothing, warnings, close: () => Promise.resolve(), ...source } },
    ...{ os, warnings, packages: [], findings: [], kinds: new Set(findingKinds), onIncomplete: 'warn' },
    ...{ startedAt: new Date('2026-12-01T12:00:00Z'), asOf: null, provenance: null },
  });
  return gaps?.map(({ kind }) => kind);
}

describe('factsOf', () => {
  const folder = { fileFindings: () => Promise.resolve([]) };

  it('counts misconfiguration of a folder of sources as evaluated, unless a file was not checked', () => {
    expect(gapsOf(folder)).toEqual([]);
    expect(gapsOf(folder, { os: debian })).toEqual(['misconfiguration']);
    const warnings = [{ code: 'FILE_NOT_CHECKED', path: 'Dockerfile', message: 'not checked' }];
    expect(gapsOf(folder, { warnings })).toEqual(['misconfiguration']);
  });

  it('counts what an SBOM does not show as not evaluated', () => {
    expect(gapsOf({ listed: { os: null, packages: [] } })).toEqual(['secret', 'misconfiguration', 'integrity']);
  });
});
