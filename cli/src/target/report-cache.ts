import { createHmac, timingSafeEqual } from 'node:crypto';

import type { Report } from '@tidewaiter/reports';

import { BoundedFolder } from './bounded-folder.js';

const maxBytes = 256 * 1024 * 1024;
/** Larger ones take as long to parse as to make. */
const maxReportBytes = maxBytes / 16;
const macBytes = 32;

/** Report with the time in which it holds. */
interface DatedReport {
  /** Start of the scan, in milliseconds since 1970. */
  from: number;
  /** When the report may become another one. */
  until: number;
  report: Report;
}

/**
 * Evaluated reports, one file each. Every file is authenticated with the key of this user's
 * fingerprints, for its name: a cache that others can write, such as that of a pipeline, must not
 * decide what passes.
 */
export class ReportCache {
  readonly #folder: BoundedFolder;
  readonly #macKey: Buffer;

  constructor(folder: string, secretKey: Uint8Array) {
    this.#folder = new BoundedFolder(folder, maxBytes);
    this.#macKey = createHmac('sha256', secretKey).update('reports of scans').digest();
  }

  /** Null for a report that is not cached, that is damaged, or whose time is over. */
  get(key: string, now: Date): Report | null {
    const bytes = this.#folder.read(fileOf(key), now);
    if (bytes === null || bytes.length < macBytes) return null;
    const content = bytes.subarray(macBytes);
    if (!timingSafeEqual(bytes.subarray(0, macBytes), this.#macOf(key, content))) return null;
    const { from, until, report } = JSON.parse(content.toString('utf8')) as DatedReport;
    return from <= now.getTime() && now.getTime() < until ? report : null;
  }

  put(key: string, report: Report, { from, until }: { from: Date; until: Date }): void {
    const dated: DatedReport = { from: from.getTime(), until: until.getTime(), report };
    const content = Buffer.from(JSON.stringify(dated));
    if (content.length > maxReportBytes) return;
    this.#folder.write(fileOf(key), Buffer.concat([this.#macOf(key, content), content]), new Date());
  }

  #macOf(key: string, content: Uint8Array): Buffer {
    return createHmac('sha256', this.#macKey).update(`${key}\n`).update(content).digest();
  }
}

function fileOf(key: string): string {
  return `${key}.report`;
}
