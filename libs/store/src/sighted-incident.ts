import { type Sighting, techniqueOf } from '@tidewaiter/detection';
import { compareSeverity, type Incident, type IncidentEvidence, type RuntimeEvent } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

/** How many events an incident shows: the first ones say how it began. */
const maxEvidence = 20;

/** The incident of one rule about one subject, with one more event. */
export function sightedIncident(before: Incident | null, sighting: Sighting): Incident {
  const { event } = sighting;
  const known = before ?? opened(sighting);
  const severity = compareSeverity(sighting.severity, known.severity) < 0 ? sighting.severity : known.severity;
  const isShown = known.evidence.length < maxEvidence;
  const evidence = isShown ? [...known.evidence, evidenceOf(event)] : known.evidence;
  return {
    ...known,
    revision: known.revision + 1,
    severity,
    count: known.count + 1,
    imageDigest: known.imageDigest ?? sighting.imageDigest,
    firstSeen: event.at < known.firstSeen ? event.at : known.firstSeen,
    lastSeen: event.at > known.lastSeen ? event.at : known.lastSeen,
    evidence,
    steps: known.steps.map((step) => ({ ...step, severity, events: evidence.map((each) => each.event) })),
  };
}

function opened({ event, ...sighting }: Sighting): Incident {
  const techniques = [...new Set(event.tags.flatMap((tag) => techniqueOf(tag) ?? []))].toSorted();
  const { title, severity, rule, cluster, namespace, imageDigest, imageRepository, imageTag } = sighting;
  return {
    id: uuidv7(),
    revision: 0,
    state: 'open',
    mergedInto: null,
    title,
    sentence: title,
    severity,
    score: 0,
    workload: null,
    image: imageTag === null ? imageRepository : `${imageRepository}:${imageTag}`,
    imageDigest,
    cluster,
    namespace,
    openedBy: event.id,
    firstSeen: event.at,
    lastSeen: event.at,
    count: 0,
    findings: [],
    techniques,
    steps: [{ title: rule, technique: techniques[0] ?? null, stage: null, severity, at: event.at, events: [] }],
    evidence: [],
    workloads: [],
    artifacts: [],
    factsUsed: [],
    nextSteps: [],
    rules: [{ id: null, title: rule, author: null, license: null, link: null }],
  };
}

function evidenceOf({ id, at, source, rule, output, container, kubernetes }: RuntimeEvent): IncidentEvidence {
  const where = [kubernetes?.namespace, kubernetes?.pod, container?.name].filter(Boolean).join('/');
  return { event: id, at, source, rule, text: output, where: where === '' ? null : where, record: null };
}
