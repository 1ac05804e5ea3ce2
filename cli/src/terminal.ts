import { printable } from '@tidewaiter/domain';

import { environment } from './context.js';

const narrowest = 40;
/** Where nobody says. */
const plainWidth = 120;

/** Cuts a line to a terminal; a stream that is none gets all of it. */
export function fit(line: string, { isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): string {
  if (!isTTY) return line;
  const width = Math.max(narrowest, columns);
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

/** A table of text: columns as wide as their widest cell, each line cut to the terminal. */
export function aligned(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map((cell) => printable(cell)))];
  const widths = headings.map((_, index) => Math.max(...lines.map((line) => line[index]!.length)));
  const texts = lines.map((line) => line.map((cell, index) => cell.padEnd(widths[index]!)).join('  '));
  return texts.map((text) => `${fit(text.trimEnd(), process.stdout)}\n`).join('');
}

/** `8917` as `8,917`, the same in every locale. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1,200 rules`, `1 rule` */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** `2026-12-01 13:39` of an ISO 8601 time. */
export function minuteOf(time: string): string {
  return time.slice(0, 'YYYY-MM-DDThh:mm'.length).replace('T', ' ');
}

/** `2026-12-01 13:39:49`, in UTC. */
export function secondOf(time: Date): string {
  return time.toISOString().slice(0, 'YYYY-MM-DDThh:mm:ss'.length).replace('T', ' ');
}

/** Columns of standard output: of its terminal, else as COLUMNS says. */
export function stdoutWidth(): number {
  return (process.stdout.isTTY && process.stdout.columns) || Number(environment['COLUMNS']) || plainWidth;
}

/** @see https://no-color.org */
export function isColored(): boolean {
  return process.stdout.isTTY && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}
