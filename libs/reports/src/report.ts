import type {
  Digest,
  Finding,
  ImagePackage,
  Layer,
  OsRelease,
  Platform,
  PolicyResult,
  Provenance,
  SeverityCounts,
  Suppressed,
} from '@tidewaiter/domain';

/** What a scan found, for every output format. Published as JSON, with `docs/report.schema.json`; fields are only ever added. */
export interface Report {
  schemaVersion: 1;
  target: ReportTarget;
  /** Null for images without a distribution. */
  os: OsRelease | null;
  layers: ReportLayer[];
  /** By purl. */
  packages: ReportPackage[];
  /** Worst first. */
  findings: ReportFinding[];
  /** The findings that count, by severity. */
  counts: SeverityCounts;
  /** What does not count, on somebody's word; worst first. */
  suppressed: Suppressed<ReportFinding>[];
  /** Who signed the image and how it was built; null where nobody asked. */
  provenance: Provenance | null;
  warnings: ReportWarning[];
  /** What the policies say that were asked. */
  policies: PolicyResult[];
  verdict: ReportVerdict;
  stats: ReportStats;
}

export interface ReportTarget {
  /** As it was asked for. */
  reference: string;
  digest: Digest | null;
  mediaType: string | null;
  platform: Platform | null;
  configDigest: Digest | null;
}

export interface ReportLayer extends Pick<Layer, 'index' | 'digest' | 'diffId' | 'sizeBytes'> {
  createdBy: string | null;
}

export type ReportPackage = ImagePackage;

export interface ReportFinding extends Finding {
  /** In CISA's catalogue of exploited vulnerabilities. */
  kev: boolean;
  /** Probability of exploitation in the next 30 days, 0 to 1. */
  epss: number | null;
}

/** Something that could not be read or is not as it should be. */
export interface ReportWarning {
  code: string;
  path: string | null;
  message: string;
}

export interface ReportVerdict {
  result: 'pass' | 'fail' | 'unknown';
  /** A sentence each. */
  reasons: string[];
}

export interface ReportStats {
  startedAt: string;
  durationMs: number;
  files: number;
  bytesRead: number;
  layersAnalyzed: number;
  layersFromCache: number;
  /** Everything that was published about the image's packages until then is known, ISO 8601; null without advisories. */
  advisoriesAsOf: string | null;
}

export interface RenderOptions {
  /** Columns of the terminal; tables are drawn within it. */
  width: number;
  /** Whether colours may be used. */
  isColored: boolean;
  /** Of Tidewaiter, for formats that name their tool. */
  toolVersion: string;
  /** Whether `table` and `csv` list the packages rather than what is wrong with them; the bills of materials always do. */
  isInventory?: boolean;
  /** Whether the exit code follows the verdict, which is so unless given. A report that fails nothing must not print "fail". */
  isGate?: boolean;
}

/** One way to write a report. */
export interface ReportFormat {
  /** As `--output` names it. */
  name: string;
  /** The same report gives the same text. */
  render(report: Report, options: RenderOptions): string;
}
