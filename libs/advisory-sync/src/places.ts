import { InvalidInput } from '@tidewaiter/domain';

/** URLs of advisories and exploitation data; null for those that are not requested. */
export interface AdvisoryPlaces {
  /** URL of a bucket in the layout of OSV's. */
  osvUrl: string | null;
  kevUrl: string | null;
  epssUrl: string | null;
}

/** Public places of the data. */
export const publicPlaces: AdvisoryPlaces = {
  osvUrl: 'https://osv-vulnerabilities.storage.googleapis.com',
  kevUrl: 'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json',
  epssUrl: 'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz',
};

/**
 * Returns the public places, or, once one is configured, only configured ones: an operator with a
 * mirror may not want requests to leave the network.
 */
export function placesOf(named: Partial<Record<keyof AdvisoryPlaces, string | undefined>>): AdvisoryPlaces {
  const { osvUrl = null, kevUrl = null, epssUrl = null } = named;
  return (osvUrl ?? kevUrl ?? epssUrl) ? { osvUrl, kevUrl, epssUrl } : publicPlaces;
}

/**
 * Limits: real names have below 40 characters, and the bucket some 50 ecosystems beside hundreds of
 * their releases.
 */
const maxNameLength = 100;
const maxEcosystems = 5_000;

/**
 * Parses `ecosystems.txt`: the ecosystems, each once. Releases such as `Debian:12` are in the
 * archive of their ecosystem.
 * @throws InvalidInput `ECOSYSTEMS_INVALID`
 */
export function readEcosystems(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.trim().split(':')[0] ?? '').trim());
  const names = [...new Set(lines.filter((line) => line !== ''))];
  const wrong = names.find((name) => !isEcosystemName(name));
  if (wrong !== undefined || names.length === 0 || names.length > maxEcosystems) {
    throw new InvalidInput('ECOSYSTEMS_INVALID', 'ecosystems.txt is no list of ecosystems');
  }
  return names.toSorted();
}

/** Whether a name can be that of a folder of the bucket. `[EMPTY]` contains records without one. */
export function isEcosystemName(name: string): boolean {
  return name.length <= maxNameLength && /^[\p{L}\p{N}][\p{L}\p{N} ._+()-]*$/u.test(name);
}

export function archiveUrl(osvUrl: string, ecosystem: string): string {
  return `${withoutSlash(osvUrl)}/${encodeURIComponent(ecosystem)}/all.zip`;
}

export function ecosystemsUrl(osvUrl: string): string {
  return `${withoutSlash(osvUrl)}/ecosystems.txt`;
}

function withoutSlash(url: string): string {
  return url.replace(/(?<!\/)\/+$/, '');
}
