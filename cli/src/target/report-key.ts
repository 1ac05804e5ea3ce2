import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Environment } from '@tidewaiter/runtime';

import type { ImageSource } from '../sources/image-source.js';
import type { EvaluationOptions } from './image-report.js';

/** All inputs of a report except the time. */
export interface ReportInputs {
  /** Digest of the program, and the version of what runs it. */
  program: readonly string[];
  target: string;
  source: ImageSource;
  evaluating: EvaluationOptions;
  /** Key of the fingerprints of secrets. */
  secretKey: Uint8Array;
  /** Limits are set by variables of ours. */
  environment: Environment;
  now: Date;
}

/** Changes of the last moments may share their time with the next one. */
const settledAfterMs = 2_000;

/**
 * Name of a report by its inputs: two of the same name have the same report, until its time is
 * over. Null for a report that depends on more than its inputs.
 *
 * Whole objects are written, so that a new option is part of the name.
 */
export function reportKey({ source, evaluating, environment, secretKey, now, ...others }: ReportInputs): string | null {
  const { layers, tree, listed, checked, signed: _signed, close: _close, ...image } = source;
  // Their signatures lie elsewhere, and files that are no image have no digest.
  if (evaluating.trust || tree || listed || checked) return null;
  // Compiled from the documents.
  const { objections: _objections, policies: _policies, trust: _trust, ...options } = evaluating;
  const advisories = options.advisories && fileState(options.advisories.path, now);
  if (advisories === null) return null;
  const own = Object.entries(environment).filter(([name]) => name.startsWith('TIDEWAITER_'));
  const inputs = {
    ...{ ...others, image, options, advisories },
    layers: layers.map(({ open: _open, openOriginal: _original, verify: _verify, state: _state, ...layer }) => layer),
    environment: Object.fromEntries(own),
    secretKey,
  };
  return createHash('sha256').update(textOf(inputs)).digest('hex');
}

/**
 * State of the file of advisories and of its write-ahead log; null for a folder, and for a file
 * that is being written.
 */
function fileState(path: string, now: Date): string[] | null {
  const states: string[] = [resolve(path)];
  for (const each of [path, `${path}-wal`]) {
    const found = statSync(each, { bigint: true, throwIfNoEntry: false });
    // SQLite makes and removes an empty log for a reader.
    if (!found || (found.isFile() && found.size === 0n)) {
      states.push('empty');
      continue;
    }
    const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = found;
    const changedAt = Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs);
    if (!found.isFile() || changedAt > now.getTime() - settledAfterMs) return null;
    states.push([dev, ino, size, mtimeNs, ctimeNs].join(' '));
  }
  return states;
}

/**
 * Text of a value. Different values have different texts, whatever they hold.
 * @throws TypeError for what is no plain data, such as functions
 */
export function textOf(value: unknown): string {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  if (value instanceof Set) return `set[${Array.from(value, textOf).toSorted().join(',')}]`;
  if (value instanceof Uint8Array) return `bytes(${Buffer.from(value).toString('base64')})`;
  if (value instanceof Date) return `date(${value.getTime()})`;
  if (typeof value === 'object' && isPlain(value)) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    const texts = fields.map(([name, field]) => `${JSON.stringify(name)}:${textOf(field)}`);
    return `{${texts.toSorted().join(',')}}`;
  }
  throw new TypeError(`${typeof value} has no text of its own`);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
