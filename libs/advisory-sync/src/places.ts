import { InvalidInput } from '@tidewaiter/domain';

/** Where advisories and facts about their exploitation are published; null for what is not asked for. */
export interface AdvisoryPlaces {
  /** Of a bucket in the layout of OSV's. */
  osvUrl: string | null;
  kevUrl: string | null;
  epssUrl: string | null;
}

/** Where the world looks. */
export const publicPlaces: AdvisoryPlaces = {
  osvUrl: 'https://osv-vulnerabilities.storage.googleapis.com',
  kevUrl: 'https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json',
  epssUrl: 'https://epss.empiricalsecurity.com/epss_scores-current.csv.gz',
};

/** The public places; but once somebody names one, only those that are named: who has a mirror may not want to be seen elsewhere. */
export function placesOf(named: Partial<Record<keyof AdvisoryPlaces, string | undefined>>): AdvisoryPlaces {
  const { osvUrl = null, kevUrl = null, epssUrl = null } = named;
  return (osvUrl ?? kevUrl ?? epssUrl) ? { osvUrl, kevUrl, epssUrl } : publicPlaces;
}

/** Real names have below 40 characters, and the bucket some 50 ecosystems beside hundreds of their releases. */
const maxNameLength = 100;
const maxEcosystems = 5_000;

/**
 * Reads `ecosystems.txt`: the ecosystems, each once. Releases, as `Debian:12`, lie in the archive of their ecosystem.
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

/** Whether a name can be that of a folder of the bucket. `[EMPTY]` holds records without any. */
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
  return url.replace(/\/+$/, '');
}
