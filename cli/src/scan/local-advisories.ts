import {
  type AdvisoryCandidate,
  type AdvisoryKey,
  advisoryKeyOf,
  type AdvisoryScope,
  blindSpots,
  isEcosystem,
  judgeInventory,
  type OsvAdvisory,
  readOsvRecord,
  scopeName,
} from '@tidewaiter/advisories';
import { type Finding, type ImagePackage, type OsRelease, TidewaiterError } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import { type AdvisorySource, advisorySources } from '../advisories-source.js';

export interface Judged {
  findings: Finding[];
  warnings: Warning[];
  /** When the newest advisory that was asked had been modified, ISO 8601. */
  asOf: string | null;
}

/**
 * Matches the packages of an image against OSV records in files.
 * @throws NotFound `ADVISORIES_MISSING`
 */
export async function judgePackages(
  packages: readonly ImagePackage[],
  os: OsRelease | null,
  path: string,
): Promise<Judged> {
  const scoped = packages.map((each) => ({ ...each, scope: advisoryKeyOf(each, os) }));
  const advisories = new LoadedAdvisories(scoped.flatMap(({ scope }) => scope ?? []));
  await advisories.load(await advisorySources(path));
  const warnings: Warning[] = blindSpots(scoped, os, advisories.covered);
  const message = `${advisories.rejected} advisories of ${path} cannot be read`;
  if (advisories.rejected > 0) warnings.push({ code: 'ADVISORIES_DAMAGED', path: null, message });
  const findings = judgeInventory(packages, os, (key) => advisories.candidatesFor(key));
  return { findings, warnings, asOf: advisories.asOf };
}

/** What may concern some packages; archives of other ecosystems are never opened. */
class LoadedAdvisories {
  rejected = 0;
  asOf: string | null = null;
  /** Wanted names, by ecosystem. */
  readonly #names = new Map<string, Set<string>>();
  readonly #candidates = new Map<string, AdvisoryCandidate[]>();
  readonly #covered = new Map<string, AdvisoryScope>();

  constructor(keys: readonly AdvisoryKey[]) {
    for (const [ecosystem, asked] of Map.groupBy(keys, (key) => key.ecosystem)) {
      this.#names.set(ecosystem, new Set(asked.flatMap(({ names }) => names)));
    }
  }

  get covered(): AdvisoryScope[] {
    return [...this.#covered.values()];
  }

  candidatesFor({ ecosystem, names }: AdvisoryKey): AdvisoryCandidate[] {
    return names.flatMap((name) => this.#candidates.get(`${ecosystem} ${name}`) ?? []);
  }

  /** A folder laid out like the OSV bucket says by its names what is in them; anything else is read whole. */
  async load(sources: readonly AdvisorySource[]): Promise<void> {
    const named = sources.filter((source) => this.#names.has(ecosystemOf(source)));
    const isBucket = sources.some((source) => isEcosystem(ecosystemOf(source)));
    for (const source of isBucket ? named : sources) {
      for await (const item of source.records()) {
        const advisory = 'error' in item ? undefined : readRecord(item.json);
        if (advisory) this.#keep(advisory);
        else this.rejected += 1;
      }
    }
  }

  #keep(advisory: OsvAdvisory): void {
    const asked = advisory.affected.filter(({ ecosystem }) => this.#names.has(ecosystem));
    if (asked.length === 0) return;
    if (this.asOf === null || advisory.modified > this.asOf) this.asOf = advisory.modified;
    for (const entry of asked) {
      this.#covered.set(scopeName(entry), entry);
      if (advisory.withdrawn !== null || !this.#names.get(entry.ecosystem)!.has(entry.name)) continue;
      const key = `${entry.ecosystem} ${entry.name}`;
      const others = this.#candidates.get(key);
      const candidate = { ...entry, advisory };
      if (others) others.push(candidate);
      else this.#candidates.set(key, [candidate]);
    }
  }
}

/** Folders of the bucket were once called like `Debian:12`. */
function ecosystemOf({ name }: AdvisorySource): string {
  return name.split(':', 1)[0]!;
}

function readRecord(json: unknown): OsvAdvisory | undefined {
  try {
    return readOsvRecord(json);
  } catch (error) {
    if (error instanceof TidewaiterError) return undefined;
    throw error;
  }
}
