import type { IncidentEvidence, JsonObject } from '@tidewaiter/domain';

import type { DetectionAlert } from '../alerts/alert.js';
import { artifactsOf } from '../alerts/artifacts.js';
import { joinKeys } from '../incidents/join-keys.js';
import { describeObservation } from './describe-observation.js';
import type { EventInputs } from './event-inputs.js';
import { imageEvidence } from './image-evidence.js';
import { placeOf } from './workload-of.js';

/** Fields that all alerts about one observation share, whichever rule matched. */
export type EventContext = Pick<
  DetectionAlert,
  'at' | 'timeMs' | 'explanation' | 'context' | 'image' | 'artifacts' | 'keys'
> & {
  event: string;
  source: string;
  /** Keys that join only where a rule asks for them: see `tidewaiter.joins`. */
  extraKeys: Record<string, string[]>;
};

export function eventContextOf(inputs: EventInputs): EventContext {
  const { observation, facts } = inputs;
  const context = placeOf(observation, facts);
  const { keys, extraKeys } = joinKeys(inputs, context);
  return {
    event: observation.id,
    source: observation.source,
    at: observation.at,
    timeMs: observation.timeMs,
    explanation: describeObservation(observation),
    context,
    image: imageEvidence(observation, facts, context),
    artifacts: artifactsOf(observation, facts),
    keys,
    extraKeys,
  };
}

/** Limit on records in evidence: longer ones are left out, and only their description stays. */
const maxRecordChars = 8192;

export function evidenceOf(eventContext: EventContext, rule: string, native: JsonObject | null): IncidentEvidence {
  const { cluster, namespace, pod, container, node } = eventContext.context;
  const inPod = [namespace, pod, container].filter((part) => part !== null).join('/');
  return {
    event: eventContext.event,
    at: eventContext.at,
    source: eventContext.source,
    rule,
    text: eventContext.explanation,
    where: inPod || node || cluster,
    record: native !== null && JSON.stringify(native).length <= maxRecordChars ? native : null,
  };
}
