import { gunzipSync } from 'node:zlib';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import { cvePattern } from './exploitation.js';

/** EPSS score of a vulnerability. */
export interface EpssScore {
  cve: string;
  /** Probability of exploitation in the next 30 days, 0 to 1. */
  score: number;
  /** Share of all vulnerabilities with the same score or a lower one, 0 to 1. */
  percentile: number;
}

/** FIRST's scores of one day. */
export interface EpssDay {
  /** ISO 8601. */
  scoredAt: string;
  scores: EpssScore[];
  /** Lines that could not be read. */
  rejected: number;
}

/** Limit on a file of scores; a day has 10 MB. */
const maxBytes = 256 * 1024 * 1024;

/**
 * Parses one day's scores, as CSV or gzipped CSV.
 * @throws InvalidInput `EPSS_FORMAT`
 * @throws LimitExceeded `maxBytes`
 * @see https://www.first.org/epss/data_stats
 */
export function readEpss(bytes: Uint8Array): EpssDay {
  const lines = unpack(bytes).split('\n');
  const scoredAt = Date.parse(/^#.*\bscore_date:([0-9T:.+Z-]{10,40})/.exec(lines[0] ?? '')?.[1] ?? '');
  if (Number.isNaN(scoredAt)) throw new InvalidInput('EPSS_FORMAT', 'not scores of EPSS: no date in the first line');
  if (!/^cve,epss,percentile\r?$/.test(lines[1] ?? '')) {
    throw new InvalidInput('EPSS_FORMAT', 'not scores of EPSS: no columns cve, epss and percentile');
  }
  const scores = new Map<string, EpssScore>();
  let rejected = 0;
  for (const line of lines.slice(2)) {
    if (line.trim() === '') continue;
    const score = readLine(line);
    if (score) scores.set(score.cve, score);
    else rejected += 1;
  }
  if (scores.size === 0) throw new InvalidInput('EPSS_FORMAT', 'not scores of EPSS: there is none');
  return { scoredAt: new Date(scoredAt).toISOString(), scores: [...scores.values()], rejected };
}

function readLine(line: string): EpssScore | undefined {
  const [cve = '', score = '', percentile = ''] = line.trimEnd().split(',', 3);
  const read = { cve, score: probability(score), percentile: probability(percentile) };
  return cvePattern.test(cve) && !Number.isNaN(read.score + read.percentile) ? read : undefined;
}

function probability(text: string): number {
  const value = /^[0-9.eE-]{1,30}$/.test(text) ? Number(text) : Number.NaN;
  return value >= 0 && value <= 1 ? value : Number.NaN;
}

function unpack(bytes: Uint8Array): string {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isPacked) return Buffer.from(bytes).toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes }).toString('utf8');
  } catch (cause) {
    if (cause instanceof RangeError) throw new LimitExceeded('maxBytes', `more than ${maxBytes} bytes unpacked`);
    throw new InvalidInput('EPSS_FORMAT', 'broken compression', { cause });
  }
}
