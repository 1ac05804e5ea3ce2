/** Package or finding that only one of the scanners reports. */
export interface Difference {
  kind: 'package' | 'finding';
  side: 'ours' | 'trivy';
  /** Type, name and version of the package, and the id of the vulnerability. */
  subject: string;
  /** Path at which the package was found. */
  place: string;
}

interface Explanation {
  reason: string;
  covers: (difference: Difference) => boolean;
}

/** Lists of vendored Python distributions, see the analyzer `python-vendored`. */
const vendored = /\/(?:vendor|vendored|patched)\.txt$/;

/** Known reasons by which the scanners differ; the first that covers a difference explains it. */
const explanations: readonly Explanation[] = [
  {
    reason: 'copies inside pip and setuptools, by their lists: Trivy does not read those',
    covers: ({ side, place }) => side === 'ours' && vendored.test(place),
  },
  {
    reason: 'test data of a Python package, which nothing imports',
    covers: ({ side, subject, place }) => side === 'trivy' && subject.startsWith('pypi ') && place.includes('/tests/'),
  },
  {
    reason: 'projects themselves, by their own manifest: no registry has them, so no advisory names them',
    covers: ({ side, subject, place }) =>
      side === 'trivy' &&
      ((subject.startsWith('npm ') && !place.includes('node_modules/') && place.endsWith('/package.json')) ||
        (subject.startsWith('cargo ') && place.endsWith('/Cargo.lock'))),
  },
  {
    reason:
      "archives without Maven's metadata, by manifest and name: Trivy knows them by digest from its Java database",
    covers: ({ side, subject, place }) => side === 'ours' && subject.startsWith('maven ') && /\.[jw]ar$/.test(place),
  },
  {
    reason: 'names of Python in the spelling of the record: Trivy compares dots and capitals (PEP 503)',
    covers: ({ kind, side, subject }) =>
      kind === 'finding' && side === 'ours' && /^pypi (?:jaraco|backports|zope)-/.test(subject),
  },
  {
    reason: 'main modules of Go without a version: reported as unknown, left out by Trivy',
    covers: ({ kind, side, subject }) => kind === 'finding' && side === 'ours' && /^golang \S+  /.test(subject),
  },
  {
    reason: 'records of SUSE that name a source package or no fix: Trivy looks for the installed name and needs a fix',
    covers: ({ kind, side, subject }) => kind === 'finding' && side === 'ours' && subject.includes(' PROBE-SUSE_'),
  },
];

/** Explanation of a difference; undefined without one. */
export function explanationOf(difference: Difference): string | undefined {
  return explanations.find(({ covers }) => covers(difference))?.reason;
}
