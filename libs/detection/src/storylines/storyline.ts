import { type Incident, isAtLeast, type JsonObject, type RuntimeRecord, type Severity } from '@tidewaiter/domain';
import { factContext, factsFromFile } from '@tidewaiter/facts';
import { sensorOf } from '@tidewaiter/sensors';
import { ContainerLedger } from '@tidewaiter/workloads';

import type { AlertLevel, DetectionAlert } from '../alerts/alert.js';
import type { DetectorRules } from '../correlation/correlation-reach.js';
import { Detector } from '../detector.js';
import type { AlertEvidence } from '../incidents/evidence.js';
import { IncidentBuilder } from '../incidents/incident-builder.js';

/** Recorded events with the facts known at their time and the incidents that they must give. */
export interface Storyline {
  name: string;
  records: RuntimeRecord[];
  facts: unknown;
  expected: ExpectedIncidents;
}

export interface ExpectedIncidents {
  kind: 'attack' | 'benign';
  /** Whether it is a whole day of a cluster, of which one incident is bearable. */
  is_day?: boolean;
  incidents: ExpectedIncident[];
  max_incidents: number;
  max_alert_severity?: AlertLevel;
  /** Events that must be in no incident. */
  noise_events?: string[];
}

export interface ExpectedIncident {
  /** Any of them, without regard to case. */
  title_contains: string[];
  min_severity: Severity;
  workload: string;
  image_digest: string;
  steps: { what: string; events: string[] }[];
  /** The incident must be open once this event is evaluated. */
  detect_by_event: string;
  findings: string[];
  techniques: string[];
}

/** Texts of the three files of a storyline. */
export interface StorylineTexts {
  /** One JSON object a line: `{ id, at, source, event }`. */
  lines: string;
  facts: string;
  expected: string;
}

export function readStoryline(name: string, { lines, facts, expected }: StorylineTexts): Storyline {
  const known: unknown = JSON.parse(facts);
  const { cluster } = factsFromFile(known);
  const records = lines
    .split('\n')
    .filter(Boolean)
    .map((line) => recordOf(JSON.parse(line) as RecordedEvent, cluster));
  return { name, records, facts: known, expected: JSON.parse(expected) as ExpectedIncidents };
}

/** Event in the sensor's own JSON. */
export interface RecordedEvent {
  id: string;
  at: string;
  source: string;
  event: JsonObject;
}

export function recordOf({ id, at, source, event }: RecordedEvent, cluster: string | null): RuntimeRecord {
  const connection = { sensor: 'test', cluster, receivedAt: at, fingerprintKey: Buffer.alloc(32) };
  const [record] = sensorOf(source)!.read(Buffer.from(JSON.stringify(event)), connection).records;
  return { ...record!, id, at };
}

interface ReplayOptions {
  allowedLatenessMs?: number;
  /** Time by which the clock moves on after the last record. */
  endAfterMs?: number;
  evidence?: AlertEvidence;
}

export interface ReplayResult {
  alerts: DetectionAlert[];
  incidents: Incident[];
}

/** Replays records through a new detector, and its alerts through a new builder of incidents. */
export function replayRecords(
  rules: DetectorRules,
  { records, facts }: Pick<Storyline, 'records' | 'facts'>,
  { allowedLatenessMs = 5_000, endAfterMs = 60_000, evidence }: ReplayOptions = {},
): ReplayResult {
  const read = factsFromFile(facts);
  const ledger = new ContainerLedger();
  const context = factContext({ ...read, lookup: ledger });
  const detector = new Detector({ ...rules, facts: context, ledger, allowedLatenessMs });
  const builder = new IncidentBuilder(evidence);
  const alerts: DetectionAlert[] = [];
  const take = (found: readonly DetectionAlert[]) => {
    alerts.push(...found);
    for (const alert of found) builder.add(alert);
  };
  let lastMs = 0;
  for (const record of records) {
    take(detector.observe(record));
    lastMs = Math.max(lastMs, Date.parse(record.at));
  }
  take(detector.advance(lastMs + endAfterMs));
  builder.advance(lastMs + endAfterMs);
  return { alerts, incidents: builder.incidents() };
}

/** Lists the parts that an incident lacks, one text each. */
export function missingFrom(
  incident: Incident,
  wanted: ExpectedIncident,
  records: readonly Pick<RuntimeRecord, 'id'>[],
): string[] {
  const order = new Map(records.map(({ id }, index) => [id, index]));
  const title = incident.title.toLowerCase();
  const events = new Set(incident.steps.flatMap((step) => step.events));
  const missing: (string | false)[] = [
    !wanted.title_contains.some((part) => title.includes(part.toLowerCase())) && `title: ${incident.title}`,
    !isAtLeast(incident.severity, wanted.min_severity) && `severity: ${incident.severity}`,
    incident.workload !== wanted.workload && `workload: ${incident.workload}`,
    incident.imageDigest !== wanted.image_digest && `image: ${incident.imageDigest}`,
    order.get(incident.openedBy)! > order.get(wanted.detect_by_event)! &&
      `opened by ${incident.openedBy}, not ${wanted.detect_by_event}`,
    ...wanted.findings.map((finding) => !incident.findings.includes(finding) && `finding: ${finding}`),
    ...wanted.techniques.map((technique) => !incident.techniques.includes(technique) && `technique: ${technique}`),
    ...wanted.steps.flatMap((step) =>
      step.events.filter((event) => !events.has(event)).map((event) => `event ${event}: ${step.what}`),
    ),
  ];
  const firsts = wanted.steps.map((step) =>
    incident.steps.findIndex((ours) => ours.events.some((event) => step.events.includes(event))),
  );
  if (firsts.some((first, index) => index > 0 && first < firsts[index - 1]!))
    missing.push(`order of steps: ${firsts.join()}`);
  return missing.filter((item) => item !== false);
}
