import type { Severity } from '@tidewaiter/domain';
import cvss from 'ae-cvss-calculator';

/** CVSS vector with its base score, 0 to 10. */
export interface CvssScore {
  vector: string;
  score: number;
}

/** One item of OSV's `severity`. */
export interface SeverityEntry {
  type: string;
  score: string;
}

/** Full vectors of CVSS 4.0, with every optional metric, have some 250 characters. */
const maxVectorLength = 512;

/**
 * Severity words of Ubuntu, Debian, Red Hat, GitHub and others. Words without a rating, like
 * `untriaged`, are left out.
 */
const words: ReadonlyMap<string, Severity> = new Map([
  ['critical', 'critical'],
  ['high', 'high'],
  ['important', 'high'],
  ['medium', 'medium'],
  ['moderate', 'medium'],
  ['low', 'low'],
  ['negligible', 'negligible'],
  ['unimportant', 'negligible'],
]);

/** Newest first: of several vectors the newest version counts. */
const cvssVersions = [
  { type: 'CVSS_V4', prefix: 'CVSS:4.0/', parse: (vector: string) => new cvss.Cvss4P0(vector) },
  { type: 'CVSS_V3', prefix: 'CVSS:3.1/', parse: (vector: string) => new cvss.Cvss3P1(vector) },
  { type: 'CVSS_V3', prefix: 'CVSS:3.0/', parse: (vector: string) => new cvss.Cvss3P0(vector) },
  { type: 'CVSS_V2', prefix: '', parse: (vector: string) => new cvss.Cvss2(vector) },
];

type CvssVersion = (typeof cvssVersions)[number];

/** Severity by the source's rating, else by the CVSS score; null without either. */
export function severityOf(
  entries: SeverityEntry[],
  sourceWords: (string | undefined)[],
  cvss: CvssScore | null,
): Severity | null {
  const own = entries.filter(({ type }) => !isCvss(type)).map(({ score }) => score);
  for (const word of [...own, ...sourceWords]) {
    const severity = severityOfWord(word ?? '');
    if (severity) return severity;
  }
  return cvss && severityOfScore(cvss.score);
}

/**
 * Scores the best vector of a record; null without a vector. Scores are computed, since stated ones
 * have been wrong.
 */
export function bestCvss(entries: SeverityEntry[]): CvssScore | null {
  for (const version of cvssVersions) {
    for (const { type, score: vector } of entries) {
      if (type !== version.type || !vector.startsWith(version.prefix) || vector.length > maxVectorLength) continue;
      const score = baseScoreOf(vector, version);
      if (score !== undefined) return { vector, score };
    }
  }
  return null;
}

/** Whether an entry is a vector that can be scored, or no vector at all. */
export function isReadable(entry: SeverityEntry): boolean {
  return !isCvss(entry.type) || bestCvss([entry]) !== null;
}

function isCvss(type: string): boolean {
  return type.startsWith('CVSS_');
}

/** Debian marks values taken from elsewhere with asterisks: `high**`. */
function severityOfWord(word: string): Severity | undefined {
  return words.get(word.toLowerCase().replace(/\*{1,2}$/, ''));
}

/**
 * Bands of CVSS; its `None` is negligible here. @see
 * https://www.first.org/cvss/v3.1/specification-document, section 5
 */
function severityOfScore(score: number): Severity {
  if (score >= 9) return 'critical';
  if (score >= 7) return 'high';
  if (score >= 4) return 'medium';
  return score > 0 ? 'low' : 'negligible';
}

function baseScoreOf(vector: string, { parse }: CvssVersion): number | undefined {
  try {
    const parsed = parse(vector);
    // Half a vector of version 4 would score 0.
    if (!parsed.isBaseFullyDefined()) return undefined;
    const scores = parsed.calculateScores();
    return 'baseMetricsOnly' in scores ? scores.baseMetricsOnly : scores.base;
  } catch {
    // The calculator throws bare errors of several kinds for invalid vectors.
    return undefined;
  }
}
