import { locationCount, locationText } from '@tidewaiter/domain';

import { byRisk } from '../finding-groups.js';
import type { Report, ReportFinding, ReportFormat, ReportPackage } from '../report.js';

/** Limit on the places in a cell: spreadsheets cut cells at 32,767 characters. */
const maxLocations = 100;

type Cell = string | number | boolean | null;

type Columns<Item> = Readonly<Record<string, (item: Item) => Cell>>;

const findingColumns: Columns<ReportFinding> = {
  kind: ({ kind }) => kind,
  id: ({ id }) => id,
  severity: ({ severity }) => severity,
  title: ({ title }) => title,
  package: ({ packageName }) => packageName,
  installed: ({ installedVersion }) => installedVersion,
  fixed: ({ fix }) => fix.version,
  fix_state: ({ fix }) => fix.state,
  path: ({ path }) => path,
  line: ({ evidence: { line } }) => (typeof line === 'number' ? line : null),
  layer: ({ layer }) => layer,
  state: ({ state }) => state,
  match: ({ match }) => match,
  confidence: ({ confidence }) => confidence,
  kev: ({ kev }) => kev,
  epss: ({ epss }) => epss,
  cvss: ({ cvss }) => cvss?.score ?? null,
  aliases: ({ aliases }) => aliases.join(' '),
  masked: ({ evidence: { masked } }) => (typeof masked === 'string' ? masked : null),
  purl: ({ purl }) => purl,
  fingerprint: ({ fingerprint }) => fingerprint,
  places: locationCount,
  locations: ({ locations = [] }) => locations.slice(0, maxLocations).map(locationText).join('; '),
  reachability: ({ reachability }) => reachability ?? null,
};

const packageColumns: Columns<ReportPackage> = {
  type: ({ type }) => type,
  name: ({ name }) => name,
  version: ({ version }) => version,
  arch: ({ arch }) => arch ?? null,
  source: ({ source }) => source.name,
  source_version: ({ source }) => source.version,
  licenses: ({ licenses }) => licenses.join('; '),
  path: ({ foundIn }) => foundIn,
  layer: ({ layer }) => layer,
  state: ({ state }) => state,
  declared: ({ isDeclared }) => isDeclared ?? false,
  purl: ({ purl }) => purl,
};

/**
 * For spreadsheets: a row for each finding that the table counts. @see
 * https://www.rfc-editor.org/rfc/rfc4180
 */
export const csv: ReportFormat = {
  name: 'csv',
  ofSeveral: 'none',
  render: ({ findings, packages }: Report, { isInventory }) =>
    isInventory === true ? rowsText(packages, packageColumns) : rowsText(findings.toSorted(byRisk), findingColumns),
};

function rowsText<Item>(items: readonly Item[], columns: Columns<Item>): string {
  const readers = Object.values(columns);
  const rows = items.map((item) => readers.map((read) => read(item)));
  return [Object.keys(columns), ...rows].map(csvLine).join('');
}

/** A line of CSV, safe for spreadsheets. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

// Spreadsheets treat text with these first characters, also full-width ones, as a formula.
const formula = /^[=+\-@\t\r\n\uFF0B\uFF0D\uFF1D\uFF20]/;
const harmful = /[^\P{C}\t\r\n]/gu;

/** Most cells have nothing to replace or quote. A list of hundreds of names is looked at once. */
const ordinary = /^[\w .:;/()[\]{}~*#'][\w .:;/()[\]{}~*#'=+@-]*$/;

function cellText(cell: Cell): string {
  const given = String(cell ?? '');
  if (ordinary.test(given)) return given;
  const text = given.replaceAll(harmful, '\uFFFD');
  const safe = formula.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
