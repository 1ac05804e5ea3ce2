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

/**
 * Result of a scan, for every output format. Published as JSON with `docs/report.schema.json`;
 * fields are only ever added.
 */
export interface Report {
  schemaVersion: 1;
  target: ReportTarget;
  /** Null for images without a distribution. */
  os: OsRelease | null;
  layers: ReportLayer[];
  /** Sorted by purl. */
  packages: ReportPackage[];
  /** Worst first. */
  findings: ReportFinding[];
  /** Number of counted findings by severity. */
  counts: SeverityCounts;
  /** Suppressed findings with their suppression; worst first. */
  suppressed: Suppressed<ReportFinding>[];
  /** Signers and build of the image; null if signatures were not checked. */
  provenance: Provenance | null;
  warnings: ReportWarning[];
  /** Results of the evaluated policies. */
  policies: PolicyResult[];
  verdict: ReportVerdict;
  stats: ReportStats;
}

export interface ReportTarget {
  /** Reference as requested. */
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
  /** Whether it is in a list of known exploited vulnerabilities. */
  kev: boolean;
  /** Publishers of these lists, sorted: `CISA`, `ENISA`, `VulnCheck`; absent if there are none. */
  kevLists?: string[];
  /** EPSS probability of exploitation in the next 30 days, 0 to 1. */
  epss: number | null;
}

/** Content that could not be read, or that is suspicious. */
export interface ReportWarning {
  code: string;
  path: string | null;
  message: string;
}

export interface ReportVerdict {
  result: 'pass' | 'fail' | 'unknown';
  /** One sentence for each reason. */
  reasons: string[];
}

export interface ReportStats {
  startedAt: string;
  durationMs: number;
  files: number;
  bytesRead: number;
  layersAnalyzed: number;
  layersFromCache: number;
  /**
   * Time until which all published advisories about the image's packages are known, ISO 8601; null
   * without advisories.
   */
  advisoriesAsOf: string | null;
  /** Each source that was used, with the same time of its own. */
  advisorySources: { source: string; asOf: string }[];
}

export interface RenderOptions {
  /** Columns of the terminal, which limit the width of tables. */
  width: number;
  /** Whether colors are allowed. */
  isColored: boolean;
  /** Version of Tidewaiter, for formats that name their tool. */
  toolVersion: string;
  /** Whether `table` and `csv` list packages instead of findings; bills of materials always do. */
  isInventory?: boolean;
  /**
   * Whether the exit code follows the verdict; defaults to true. A report that does not fail the
   * command must not print "fail".
   */
  isGate?: boolean;
}

/** Output format of a report. */
export interface ReportFormat {
  /** Name for `--output`. */
  name: string;
  /**
   * Form of the reports of several targets in one file: a JSON document on each line, one text
   * after another, or none.
   */
  ofSeveral: 'lines' | 'texts' | 'none';
  /** Renders a report. Deterministic: the same report gives the same text. */
  render(report: Report, options: RenderOptions): string;
}
