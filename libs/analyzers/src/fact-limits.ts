import {
  type Finding,
  type ImagePackage,
  isDistributionType,
  type OwnedFiles,
  type PackageRecord,
} from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

/**
 * Limits on what the files of a layer, and all layers of an image together, may declare. The
 * largest real images have 20,000 packages, and some hundred secrets. What is beyond a limit is
 * left out with a warning after which no verdict passes: a few bytes of a package manifest, which
 * a megabyte of an image holds by the ten thousand, must not cost kilobytes in every table.
 */
export interface FactLimits {
  maxPackages: number;
  maxSecrets: number;
  /** Files that package databases list. */
  maxOwnedFiles: number;
  /** Characters of the licenses of all packages; a license counts for each package that has it. */
  maxLicenseCharacters: number;
}

export const factLimits: Readonly<FactLimits> = {
  maxPackages: 30_000,
  maxSecrets: 10_000,
  maxOwnedFiles: 600_000,
  maxLicenseCharacters: 2 * 1024 * 1024,
};

/**
 * Rows that an image of this size may add. The smallest real packages and their files take more
 * than half a kilobyte, compressed.
 */
const freePackages = 2_000;
const bytesPerPackage = 512;
const freeFindings = 1_000;
const bytesPerFinding = 1_024;
const maxFindings = 20_000;

/**
 * The database of a large desktop has 500,000 files, and takes more than 64 bytes for each, with
 * them or in a layer of its own.
 */
const freeOwnedFiles = 100_000;
const bytesPerOwnedFile = 64;

/**
 * Limits for a layer or an image of this size.
 * @param bytes compressed
 */
export function factLimitsFor(bytes: number, configured: Partial<FactLimits> = {}): FactLimits {
  const owned = { free: freeOwnedFiles, bytesPerRow: bytesPerOwnedFile, most: factLimits.maxOwnedFiles, bytes };
  return { ...factLimits, maxOwnedFiles: allowed(owned), ...configured };
}

/**
 * Limit on the names of the code in all programs of a layer, encoded; those of Kubernetes take 120
 * kB. Programs beyond it are without them, which leaves the reachability of their vulnerabilities
 * unknown and hides nothing.
 */
const maxLinkedCharacters = 4 * 1024 * 1024;

/** Facts of one file that are limited. */
interface Declared {
  packages?: PackageRecord[];
  owned?: OwnedFiles[];
  linked?: string;
}

/** Numbers of facts that were left out, by limit. */
type Excess = Record<keyof FactLimits, number>;

const nouns: Record<keyof FactLimits, string> = {
  maxPackages: 'packages were not evaluated',
  maxSecrets: 'secrets are not reported',
  maxOwnedFiles: 'files of packages were not compared',
  maxLicenseCharacters: 'packages are without their licenses',
};

/** Leaves out facts of a layer, or of all layers of an image, that are beyond the limits. */
export class FactBudget {
  readonly #left: FactLimits;
  #linkedLeft = maxLinkedCharacters;
  readonly #excess: Excess = { maxPackages: 0, maxSecrets: 0, maxOwnedFiles: 0, maxLicenseCharacters: 0 };

  constructor(private readonly limits: FactLimits = factLimits) {
    this.#left = { ...limits };
  }

  /** The facts of one more layer, which it may change. */
  admit<Facts extends { files: Declared[]; secrets: unknown[] }>(facts: Facts): Facts {
    const files = facts.files.map((record) => this.record(record));
    return { ...facts, files, secrets: this.secrets(facts.secrets) };
  }

  record<Each extends Declared>(record: Each): Each {
    const { packages, owned, linked = '' } = record;
    if (packages === undefined && owned === undefined) return record;
    const ownedFiles = owned?.map(({ files, ...each }) => ({ ...each, files: this.#take('maxOwnedFiles', files) }));
    const limited = {
      ...record,
      ...(packages && { packages: this.#take('maxPackages', packages).map((each) => this.#licensed(each)) }),
      ...(ownedFiles && { owned: ownedFiles }),
    };
    if (linked.length > this.#linkedLeft) delete limited.linked;
    else this.#linkedLeft -= linked.length;
    return limited;
  }

  secrets<Each>(secrets: readonly Each[]): Each[] {
    return this.#take('maxSecrets', secrets);
  }

  /** A warning for each limit that was reached; none has a path, so that no verdict passes. */
  warnings(): Warning[] {
    const reached = Object.entries(this.#excess).filter(([, count]) => count > 0) as [keyof FactLimits, number][];
    return reached.map(([name, count]) => limitWarning(name, this.limits[name], count, nouns[name]));
  }

  #take<Each>(name: keyof FactLimits, all: readonly Each[]): Each[] {
    const taken = all.slice(0, this.#left[name]);
    this.#left[name] -= taken.length;
    this.#excess[name] += all.length - taken.length;
    return taken;
  }

  #licensed(record: PackageRecord): PackageRecord {
    let characters = 0;
    for (const license of record.licenses) characters += license.length;
    if (characters <= this.#left.maxLicenseCharacters) {
      this.#left.maxLicenseCharacters -= characters;
      return record;
    }
    this.#excess.maxLicenseCharacters += 1;
    return { ...record, licenses: [] };
  }
}

/**
 * Packages of an image within the limit for an image of this size, or within a configured one.
 * Packages of the distribution come first, then visible ones.
 * @param bytes compressed size of its layers
 */
export function limitedPackages<Each extends Pick<ImagePackage, 'type' | 'state'>>(
  packages: readonly Each[],
  bytes: number,
  { maxPackages }: Partial<FactLimits> = {},
): { packages: Each[]; warnings: Warning[] } {
  const most = factLimits.maxPackages;
  const limit = maxPackages ?? allowed({ free: freePackages, bytesPerRow: bytesPerPackage, most, bytes });
  if (packages.length <= limit) return { packages: [...packages], warnings: [] };
  const rank = ({ type, state }: Each) => (isDistributionType(type) ? 0 : 2) + (state === 'present' ? 0 : 1);
  const kept = new Set(packages.toSorted((a, b) => rank(a) - rank(b)).slice(0, limit));
  const warning = limitWarning('maxPackages', limit, packages.length - limit, nouns.maxPackages);
  return { packages: packages.filter((each) => kept.has(each)), warnings: [warning] };
}

/** Findings of an image, worst first, within the limits for an image of this size. */
export function limitedFindings(
  findings: readonly Finding[],
  bytes: number,
): { findings: Finding[]; warnings: Warning[] } {
  const limit = allowed({ free: freeFindings, bytesPerRow: bytesPerFinding, most: maxFindings, bytes });
  if (findings.length <= limit) return { findings: [...findings], warnings: [] };
  const left = findings.length - limit;
  return {
    findings: findings.slice(0, limit),
    warnings: [limitWarning('maxFindings', limit, left, 'findings are not reported')],
  };
}

interface Allowance {
  free: number;
  bytesPerRow: number;
  most: number;
  bytes: number;
}

function allowed({ free, bytesPerRow, most, bytes }: Allowance): number {
  return Math.min(most, free + Math.floor(bytes / bytesPerRow));
}

function limitWarning(limit: string, value: number, count: number, what: string): Warning {
  return { code: 'LIMIT_EXCEEDED', path: null, message: `${count} ${what}: ${limit} is ${value}` };
}
