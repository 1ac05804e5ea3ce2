/** Evaluates campaigns with the shipped rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type DetectionAlert, recordOf, replayRecords } from '@tidewaiter/detection';
import { type Incident, isAtLeast, type JsonObject } from '@tidewaiter/domain';
import { type LoadedRules, loadRules } from '@tidewaiter/sigma';

import { type Campaign, digestOf, eventsOf, factsOf, type RecordedLine } from './campaign.ts';

export function shippedRules(folder: string): LoadedRules {
  return loadRules(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yml'))
      .toSorted()
      .map((name) => ({ path: name, text: readFileSync(join(folder, name), 'utf8') })),
  );
}

export interface CampaignVerdict {
  /** The worst first. */
  incidents: Incident[];
  alerts: DetectionAlert[];
}

/** Replays events in their order of arrival. */
export function verdictOf(rules: LoadedRules, events: readonly RecordedLine[], facts: JsonObject): CampaignVerdict {
  const records = events.map((event) =>
    recordOf(event, typeof facts['cluster'] === 'string' ? facts['cluster'] : null),
  );
  const { incidents, alerts } = replayRecords(rules, { records, facts });
  return { incidents: incidents.toSorted(bySeverity), alerts };
}

function bySeverity(a: Incident, b: Incident): number {
  return Number(isAtLeast(b.severity, a.severity)) - Number(isAtLeast(a.severity, b.severity));
}

/** Lists the differences between the incident of a campaign and the expected one. */
export function problemsOf(rules: LoadedRules, campaign: Campaign): string[] {
  const events = eventsOf(campaign);
  const { incidents } = verdictOf(rules, events, factsOf(campaign));
  const [incident] = incidents;
  if (incident === undefined) return ['no incident'];
  const title = incident.title.toLowerCase();
  const inIncident = new Set(incident.steps.flatMap((step) => step.events));
  const idOf = (index: number) => events[index]!.id;
  const problems: (string | false)[] = [
    incidents.length > 1 && `${incidents.length} incidents`,
    !campaign.title.some((part) => title.includes(part)) && `title: ${incident.title}`,
    !isAtLeast(incident.severity, campaign.severity) && `severity: ${incident.severity}`,
    incident.workload !== campaign.workload && `workload: ${incident.workload}`,
    campaign.workload !== null &&
      incident.imageDigest !== digestOf(campaign.workload) &&
      `image: ${incident.imageDigest}`,
    ...(campaign.findings ?? []).map((each) => !incident.findings.includes(each) && `finding: ${each}`),
    ...(campaign.techniques ?? []).map((each) => !incident.techniques.includes(each) && `technique: ${each}`),
    ...campaign.deeds.map(
      ({ isOrdinary, isUsual }, index) =>
        !isOrdinary && !isUsual && !inIncident.has(idOf(index)) && `event: ${idOf(index)}`,
    ),
    ...campaign.deeds.map(
      ({ isOrdinary }, index) => isOrdinary === true && inIncident.has(idOf(index)) && `noise: ${idOf(index)}`,
    ),
  ];
  return problems.filter((each) => each !== false);
}
