import './day-chart.css';

import { type ReactNode, useId } from 'react';

import { topOf } from './scale.js';

/** Part of a bar, from the bottom up. */
export interface ChartPart<Row> {
  /** Class that gives its color. */
  kind: string;
  title: string;
  /** Its mark in the legend, which names it by shape and word. */
  mark: ReactNode;
  valueOf: (row: Row) => number;
}

interface Props<Row> {
  title: string;
  /** Contents of the chart in a sentence, with its latest numbers. */
  summary: string;
  rows: readonly Row[];
  parts: readonly ChartPart<Row>[];
}

/** Share of the room of a day that its bar leaves empty. */
const gap = 0.2;

/**
 * Stacked bars, one for each day, on an axis that begins at zero. The same numbers are in a table,
 * which readers of screens find instead of the picture.
 */
export function DayChart<Row extends { day: string }>({ title, summary, rows, parts }: Props<Row>) {
  const id = useId();
  const sums = rows.map((row) => parts.reduce((sum, { valueOf }) => sum + valueOf(row), 0));
  const top = topOf(Math.max(0, ...sums));
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return null;
  return (
    <figure className="chart" aria-labelledby={id}>
      <figcaption id={id}>
        <b>{title}</b> <small className="quiet">{summary}</small>
      </figcaption>
      <div className="chart-plot" aria-hidden="true">
        <span className="chart-top">{top.toLocaleString('en')}</span>
        <span className="chart-zero">0</span>
        <svg viewBox={`0 0 ${rows.length} ${top}`} preserveAspectRatio="none" focusable="false">
          <path className="grid" d={`M0 ${top / 2}H${rows.length}M0 0H${rows.length}`} />
          {rows.map((row, index) => (
            <Bar key={row.day} row={row} parts={parts} x={index} top={top} />
          ))}
          <path className="axis" d={`M0 ${top}H${rows.length}`} />
        </svg>
        <span className="chart-days">
          <time dateTime={first.day}>{dayText(first.day)}</time>
          <time dateTime={last.day}>{dayText(last.day)}</time>
        </span>
      </div>
      <ul className="chart-legend" aria-hidden="true">
        {parts.map(({ kind, title: name, mark }) => (
          <li key={kind}>
            <span className={`swatch ${kind}`} /> {mark ?? name}
          </li>
        ))}
      </ul>
      <details>
        <summary aria-label={`Numbers of ${title}`}>Numbers</summary>
        <NumberTable title={title} rows={rows} parts={parts} />
      </details>
    </figure>
  );
}

interface BarProps<Row> {
  row: Row;
  parts: readonly ChartPart<Row>[];
  x: number;
  top: number;
}

function Bar<Row extends { day: string }>({ row, parts, x, top }: BarProps<Row>) {
  let sum = 0;
  const text = parts.map(({ title, valueOf }) => `${valueOf(row).toLocaleString('en')} ${title}`).join(', ');
  return (
    <g>
      <title>{`${dayText(row.day)}: ${text}`}</title>
      {/* Days without a bar are found by a pointer, too. */}
      <rect className="hit" x={x} y={0} width={1} height={top} />
      {parts.map(({ kind, valueOf }) => {
        const value = valueOf(row);
        sum += value;
        return value === 0 ? null : (
          <rect key={kind} className={kind} x={x + gap / 2} y={top - sum} width={1 - gap} height={value} />
        );
      })}
    </g>
  );
}

function NumberTable<Row extends { day: string }>({
  title,
  rows,
  parts,
}: Pick<Props<Row>, 'title' | 'rows' | 'parts'>) {
  return (
    <div className="chart-numbers" tabIndex={0} role="region" aria-label={`Numbers of ${title}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Day (UTC)</th>
            {parts.map(({ kind, title: name }) => (
              <th key={kind} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.toReversed().map((row) => (
            <tr key={row.day}>
              <th scope="row">
                <time dateTime={row.day}>{dayText(row.day)}</time>
              </th>
              {parts.map(({ kind, valueOf }) => (
                <td key={kind}>{valueOf(row).toLocaleString('en')}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const dayFormat = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', timeZone: 'UTC' });

export function dayText(day: string): string {
  return dayFormat.format(new Date(`${day}T00:00:00Z`));
}
