import { jsonText } from '../json-text.js';
import type { ReportFormat } from '../report.js';

const findingFields = words(
  'kind id aliases severity title fingerprint purl packageName installedVersion path layer state match fix reachability kev kevLists epss cvss confidence evidence locations moreLocations',
);

/** Field order of each object, as in `docs/report.schema.json`; other fields follow by name. */
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  report: words(
    'schemaVersion target os layers packages findings counts suppressed provenance warnings policies verdict stats',
  ),
  target: words('reference digest mediaType platform configDigest'),
  os: words('id versionId name idLike'),
  layers: words('index digest diffId sizeBytes createdBy'),
  packages: words('purl type name version arch qualifiers source licenses foundIn layer state isDeclared'),
  source: words('name version'),
  findings: findingFields,
  suppressed: [...findingFields, 'by'],
  by: words('kind source author reason justification until'),
  fix: words('state version'),
  locations: words(
    'path line layer state removedInLayer origin name rule title severity confidence masked package fileOrigin isPublic valueFingerprint',
  ),
  cvss: words('vector score'),
  provenance: words('signatures attestations'),
  signatures: words('verified code reason signer subject artifact'),
  attestations: words(
    'kind verified code reason signer predicateType builder source revision builtAt subject artifact',
  ),
  signer: words('name keyFingerprint identity issuer'),
  warnings: words('code path message'),
  policies: words('name mode result reasons'),
  verdict: words('result reasons'),
  stats: words('startedAt durationMs files bytesRead layersAnalyzed layersFromCache advisoriesAsOf advisorySources'),
  advisorySources: words('source asOf'),
};

/** Writes the report itself, with its fields in a fixed order. */
export const json: ReportFormat = {
  name: 'json',
  ofSeveral: 'lines',
  render: (report) => jsonText(inOrder(report, 'report')),
};

/** Sorts the fields. `place` is the field that holds the value, also for lists. */
function inOrder(value: unknown, place: string): unknown {
  if (Array.isArray(value)) return value.map((each) => inOrder(each, place));
  if (typeof value !== 'object' || value === null) return value;
  const known = fieldsOf[place] ?? [];
  const rank = (field: string) => (known.includes(field) ? known.indexOf(field) : known.length);
  const entries = Object.entries(value).toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([field, each]) => [field.toWellFormed(), inOrder(each, placeIn(place, field))]),
  );
}

/**
 * Place of a nested value. Keys inside evidence are not fields of the report, even with equal
 * names.
 */
function placeIn(place: string, field: string): string {
  return place === 'evidence' || place === 'qualifiers' ? place : field;
}

function words(text: string): string[] {
  return text.split(' ');
}
