import { readFile } from 'node:fs/promises';

import {
  type AdvisoryCandidate,
  type AdvisoryKey,
  type AdvisoryScope,
  derivedEcosystems,
  type Exploitation,
  isEcosystem,
  type OsvAdvisory,
  readEndOfLife,
  readEpss,
  readKev,
  readRepositoryMap,
  readOsvRecord,
  scopeName,
  worstExploitation,
} from '@tidewaiter/advisories';
import { type AdvisorySource, advisorySources, type AdvisoryRecords } from '@tidewaiter/advisory-sync';
import type { PublishedReleases } from '@tidewaiter/checks';
import { TidewaiterError } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import type { AdvisoriesAtHand } from './advisories-at-hand.js';

/**
 * Loads the records for some packages from an archive of OSV records, a folder of archives, or a
 * folder of records, and the KEV and EPSS files beside them.
 * @throws NotFound `ADVISORIES_MISSING`
 */
export async function loadRecords(path: string, keys: readonly AdvisoryKey[]): Promise<AdvisoriesAtHand> {
  const loaded = new LoadedRecords(keys);
  const sources = await advisorySources(path);
  await loaded.loadRecords(sources.filter((each) => each.kind === 'records'));
  for (const source of sources) await loaded.loadFacts(source);
  const message = `${loaded.rejected} advisories of ${path} cannot be read`;
  const warnings: Warning[] = loaded.rejected > 0 ? [{ code: 'ADVISORIES_DAMAGED', path: null, message }] : [];
  return {
    candidatesFor: (key) => loaded.candidatesFor(key),
    // Only records about these packages are loaded, and those are candidates already.
    ratingsOf: () => [],
    covered: (scopes) => loaded.covered(scopes),
    exploitation: (cves) => worstExploitation(cves.flatMap((cve) => loaded.exploitation.get(cve) ?? [])),
    ages: (ecosystems) =>
      loaded.newest === null
        ? []
        : [...ecosystems].map((name) => ({ ecosystem: name, source: name, asOf: loaded.newest! })),
    // Files beside the records have no date of their own.
    exploitationAges: [],
    cpesOf: (repository) => loaded.repositories.get(repository),
    endOfLife: () => loaded.endOfLife,
    warnings,
  };
}

/** Records that may apply to some packages; archives of other ecosystems are never opened. */
class LoadedRecords {
  rejected = 0;
  /** Modification time of the newest record in the packages' ecosystems. */
  newest: string | null = null;
  readonly exploitation = new Map<string, Exploitation>();
  endOfLife: PublishedReleases | null = null;
  /** CPEs by repository. */
  readonly repositories = new Map<string, readonly string[]>();
  /** Wanted names, by ecosystem. */
  readonly #names = new Map<string, Set<string>>();
  readonly #candidates = new Map<string, AdvisoryCandidate[]>();
  readonly #covered = new Set<string>();

  constructor(keys: readonly AdvisoryKey[]) {
    for (const [ecosystem, asked] of Map.groupBy(keys, (key) => key.ecosystem)) {
      this.#names.set(ecosystem, new Set(asked.flatMap(({ names }) => names)));
    }
  }

  covered(scopes: readonly AdvisoryScope[]): AdvisoryScope[] {
    return scopes.filter((scope) => this.#covered.has(scopeName(scope)));
  }

  candidatesFor({ ecosystem, names }: AdvisoryKey): AdvisoryCandidate[] {
    return names.flatMap((name) => this.#candidates.get(`${ecosystem} ${name}`) ?? []);
  }

  /**
   * In a folder laid out like the OSV bucket, file names give the ecosystem; any other folder is
   * read whole.
   */
  async loadRecords(sources: readonly AdvisoryRecords[]): Promise<void> {
    const named = sources.filter((source) => this.#isAsked(ecosystemOf(source)));
    const isBucket = sources.some((source) => isEcosystem(ecosystemOf(source)));
    for (const source of isBucket ? named : sources) {
      for await (const item of source.records()) {
        const advisory = 'error' in item ? undefined : 'advisory' in item ? item.advisory : readRecord(item.json);
        if (advisory) this.#keep(advisory);
        else this.rejected += 1;
      }
    }
  }

  #isAsked(ecosystem: string): boolean {
    return [ecosystem, ...(derivedEcosystems.get(ecosystem) ?? [])].some((each) => this.#names.has(each));
  }

  async loadFacts(source: AdvisorySource): Promise<void> {
    const { kind, path } = source;
    if (kind === 'records') return;
    const bytes = await readFile(path);
    if (kind === 'kev') {
      for (const { cve } of readKev(bytes, source.list).entries) {
        const { kevLists = [] } = this.exploitation.get(cve) ?? {};
        this.#note(cve, { kev: true, kevLists: [...kevLists, source.list] });
      }
    } else if (kind === 'end-of-life') {
      const { publishedAt: asOf, products } = readEndOfLife(bytes);
      this.endOfLife = { asOf, products };
    } else if (kind === 'repositories') {
      for (const { repository, cpes } of readRepositoryMap(bytes).repositories) this.repositories.set(repository, cpes);
    } else for (const { cve, score } of readEpss(bytes).scores) this.#note(cve, { epss: score });
  }

  #note(cve: string, known: Partial<Exploitation>): void {
    this.exploitation.set(cve, { kev: false, epss: null, ...this.exploitation.get(cve), ...known });
  }

  #keep(advisory: OsvAdvisory): void {
    const asked = advisory.affected.filter(({ ecosystem }) => this.#names.has(ecosystem));
    if (asked.length === 0) return;
    if (this.newest === null || advisory.modified > this.newest) this.newest = advisory.modified;
    for (const entry of asked) {
      this.#covered.add(scopeName(entry));
      if (advisory.withdrawn !== null || !this.#names.get(entry.ecosystem)!.has(entry.name)) continue;
      const key = `${entry.ecosystem} ${entry.name}`;
      const others = this.#candidates.get(key);
      const candidate = { ...entry, advisory };
      if (others) others.push(candidate);
      else this.#candidates.set(key, [candidate]);
    }
  }
}

/** Older folders of the bucket have names like `Debian:12`. */
function ecosystemOf({ name, ecosystem }: AdvisoryRecords): string {
  return (ecosystem ?? name).split(':', 1)[0]!;
}

function readRecord(json: unknown): OsvAdvisory | undefined {
  try {
    return readOsvRecord(json);
  } catch (error) {
    if (error instanceof TidewaiterError) return undefined;
    throw error;
  }
}
