/** Release and stream of a qualified ecosystem, normalized. */
export interface DistributionRelease {
  /** Null if the ecosystem names none. */
  release: string | null;
  /** Part of the release with versions of its own: `Pro`, `rhel_eus:9.4::baseos`. */
  stream?: string;
}

/**
 * Standing of the entries of a stream beside those of the release itself, about one package: they
 * take precedence (`before`), count `equal`, cover only fixes `beyond` the release, or are
 * `foreign`, about other packages of the same name.
 */
export type Standing = 'before' | 'equal' | 'beyond' | 'foreign';

/** `22.04:LTS`, `Pro:22.04:LTS`, `Pro:FIPS-updates:20.04:LTS`, `Pro:22.04:LTS:Realtime:Kernel`. */
export function readUbuntuRelease(text: string): DistributionRelease {
  const [, before, release, after] =
    /^((?:[A-Za-z][\w-]*:){0,4})(\d+\.\d+(?::LTS)?)((?::[\w-]+){0,4})$/.exec(text) ?? [];
  if (release === undefined) return { release: text || null };
  const stream = `${before}${after?.slice(1)}`.replace(/:$/, '');
  return stream === '' ? { release } : { release, stream };
}

/**
 * Packages rebuilt for Pro have `esm` in their version; one of the release can be replaced by one
 * of Pro, for a fee.
 */
export function ubuntuStanding(version: string, stream: string): Standing {
  if (stream === 'Pro') return /[~+.]?esm\d/i.test(version) ? 'before' : 'beyond';
  return /fips/i.test(stream) && /fips/i.test(version) ? 'before' : 'foreign';
}

/**
 * CPEs without `cpe:/o:redhat:`. The release is the major version that its packages are built for:
 * `enterprise_linux:9::appstream`, `rhel_eus:9.4::baseos`, `openshift:4.16::el9`.
 */
export function readRedHatRelease(text: string): DistributionRelease {
  const [, base] = /^enterprise_linux:(\d+)(?:::|$)/.exec(text) ?? [];
  if (base !== undefined) return { release: base };
  const [, major] = /::el(\d+)$/.exec(text) ?? /^(?:enterprise_linux|rhel_[a-z0-9]+):(\d+)/.exec(text) ?? [];
  return { release: major ?? (text || null), stream: text };
}

/**
 * An extended release and a product on top build packages with a tag of their own: `el9_4`,
 * `el8sat`.
 */
export function redHatStanding(version: string, _stream: string, fixed: readonly string[]): Standing {
  const own = distTag(version);
  return own !== undefined && fixed.some((each) => distTag(each) === own) ? 'before' : 'foreign';
}

function distTag(version: string): string | undefined {
  return /[.+](el\d+(?:_\d+|[a-z]+\w*))/.exec(version)?.[1];
}

/**
 * `Linux Enterprise Module for Basesystem 15 SP5`: modules and editions of a release share their
 * packages.
 */
export function readSuseRelease(text: string): DistributionRelease {
  const release = /(?:^| )(\d+(?:\.\d+)?(?: SP\d+)?)(?=[ -]|$)/.exec(text)?.[1];
  return { release: release ?? (text || null) };
}
