import { printable } from '@tidewaiter/domain';

import type { Report, ReportPackage } from '../report.js';
import { widthOf } from '../width.js';
import type { Pen } from './page.js';
import { wrap } from './wrap.js';

/** A longer name shifts only its own row. */
const maxColumn = 48;

/** Visible packages in columns: type, name, version, licenses. */
export function inventoryLines({ packages }: Report, pen: Pen): string[] {
  const rows = packages.filter(({ state }) => state === 'present').map(cellsOf);
  const widths = [0, 1, 2].map((column) => columnWidth(rows.map((row) => row[column] ?? '')));
  return ['', ...rows.flatMap((row) => rowLines(row, widths, pen))];
}

function cellsOf({ type, name, version, licenses }: ReportPackage): string[] {
  return [type, name, version, licenses.join('; ')].map((cell) => printable(cell));
}

function columnWidth(cells: readonly string[]): number {
  let width = 0;
  for (const cell of cells) width = Math.max(width, widthOf(cell));
  return Math.min(width, maxColumn);
}

function rowLines(row: readonly string[], widths: readonly number[], pen: Pen): string[] {
  const padded = row.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))));
  const line = padded.join('  ').trimEnd();
  return widthOf(line) <= pen.width ? [line] : wrap(row.filter((cell) => cell !== '').join(' '), pen.width);
}
