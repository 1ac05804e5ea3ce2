import type { Severity } from '@tidewaiter/domain';

import type { RenderOptions } from '../report.js';
import { widthOf } from '../width.js';
import { wrap } from './wrap.js';

const narrowest = 40;
const widest = 200;
/** In narrower terminals, details are printed under their label and not beside it. */
const spacious = 72;
const labelColumns = 12;
const maxEntries = 100;

export type Tone = Severity | 'warning' | 'title' | 'pass' | 'fail';

/** Entry of a section. */
export interface Entry {
  label: Severity | 'warning';
  head: string;
  details: readonly string[];
  /** Never wrapped. */
  ids: readonly string[];
}

/** Width and colors of the output. */
export type Pen = Pick<RenderOptions, 'width' | 'isColored'>;

const colors: Record<Tone, string> = {
  critical: '1;31',
  high: '31',
  medium: '33',
  low: '36',
  negligible: '2',
  unknown: '35',
  warning: '33',
  title: '1',
  pass: '1;32',
  fail: '1;31',
};

/** Creates a pen for a terminal of any size. */
export function penOf({ width, isColored }: RenderOptions): Pen {
  const columns = Number.isFinite(width) ? Math.trunc(width) : widest;
  return { width: Math.min(widest, Math.max(narrowest, columns)), isColored };
}

export function paint(text: string, tone: Tone, { isColored }: Pen): string {
  return isColored ? `\u001B[${colors[tone]}m${text}\u001B[0m` : text;
}

/** Formats as one line of any text. */
export function oneLine(text: string, tone: Tone, pen: Pen): string {
  const [first = ''] = wrap(text, pen.width - 1);
  return paint(widthOf(text) <= pen.width ? text : `${first}…`, tone, pen);
}

/** Formats a heading with its entries; empty without entries. */
export function section(title: string, entries: readonly Entry[], pen: Pen): string[] {
  if (entries.length === 0) return [];
  const left = entries.length - maxEntries;
  const shown = entries.slice(0, maxEntries).flatMap((entry) => entryLines(entry, pen));
  const note = left > 0 ? wrap(`… and ${left.toLocaleString('en-US')} more: -o json has them all`, pen.width) : [];
  return ['', ...wrap(title, pen.width).map((line) => paint(line, 'title', pen)), ...shown, ...note];
}

function entryLines({ label, head, details, ids }: Entry, pen: Pen): string[] {
  const isSpacious = pen.width >= spacious;
  const whole = new Set(ids);
  const margin = ' '.repeat(isSpacious ? labelColumns + 2 : 4);
  const room = pen.width - margin.length;
  const lines = details.filter((detail) => detail !== '').flatMap((detail) => wrap(detail, room, whole));
  const [first = '', ...more] = wrap(head, isSpacious ? room : pen.width - 4 - label.length, whole);
  const start = `  ${paint(label, label, pen)}${' '.repeat(isSpacious ? labelColumns - label.length : 2)}`;
  return [`${start}${first}`, ...[...more, ...lines].map((line) => `${margin}${line}`)];
}
