import { factField, isControllerAccount } from '@tidewaiter/facts';

import type { EventInputs } from '../events/event-inputs.js';
import { works } from '../events/own-work.js';
import { isLookingAfter } from '../events/pod-origins.js';
import { processSession } from '../events/process-session.js';
import { isRuntimeCopy, type Session } from '../events/session.js';
import { type AlertLevel, type DetectionAlert, isLevelAtLeast } from './alert.js';
import type { RuleMeaning } from './rule-meaning.js';

/**
 * Findings that no administration explains: they keep their severity in every session.
 */
const decisive: ReadonlySet<string> = new Set([
  'attack-tool',
  'c2',
  'container-escape',
  'data-exfiltration',
  'dns-tunnel',
  'flood',
  'host-exec-from-snapshot',
  'leaked-secret-in-use',
  'malicious-release',
  'malicious-workload',
  'malware',
  'miner',
  'proxyware',
  'reverse-shell',
  'secret-exfiltration',
  'token-replay',
  'token-theft',
  'web-shell',
]);

const reasons: Partial<Record<Session, string>> = {
  'package-manager': 'done by the package manager of the host',
  configuration: 'done by the configuration management of the host',
  runtime: 'done by the container runtime of the host',
  admin: 'done in an administrator session on the host',
};

/** Reason for which a host process may change its node; null without one. */
export function hostExpectation(inputs: EventInputs): string | null {
  const session = processSession(inputs);
  return (session && reasons[session]) ?? null;
}

/**
 * Whether the process is the copy of itself that a container runtime of this image runs: a builder
 * starts containers in its own.
 */
export function isNestedRuntime({ observation, facts }: EventInputs): boolean {
  const { process, container } = observation;
  if (process === null || container === null || !isRuntimeCopy(process.executable, process.parentExecutable))
    return false;
  const digest = facts.digestOf(observation);
  const image = digest === null ? null : facts.facts.image(digest);
  const name = process.parentExecutable!.slice(process.parentExecutable!.lastIndexOf('/') + 1);
  return image !== null && runtimeFolders.some((folder) => image.files.get(`${folder}/${name}`) !== null);
}

export const nestedRuntime = 'copy of itself of a container runtime in the image';

const runtimeFolders = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/bin', '/sbin'];

/** Findings of requests that no administration explains. */
const decisiveRequests: ReadonlySet<string> = new Set([
  'agent-removed',
  'anonymous-admin',
  'backups-removed',
  'data-destruction',
  'evidence-removal',
  'identity-misuse',
]);

/** Reason for which a request to the API server is expected of its identity; null without one. */
function requestExpectation({ observation, facts }: EventInputs, alert: DetectionAlert): string | null {
  const { finding, severity } = alert;
  if (observation.request === null || !observation.source.startsWith('kubernetes')) return null;
  if (finding !== null && decisiveRequests.has(finding)) return null;
  if (!isLookingAfter(observation, facts)) return null;
  if (factField('Policy.Admin', observation, facts) === true) return 'done by an administrator from inside';
  // A thief of an application's token can call by its name.
  const isController =
    isControllerAccount(observation.request.user) || factField('Identity.Platform', observation, facts) === true;
  return isController || !isLevelAtLeast(severity, 'high') ? 'done by a controller with its own program' : null;
}

/** Whether an alert of this meaning keeps its severity in every session. */
export function isDecisive(
  { weight, finding }: Pick<DetectionAlert, 'weight' | 'finding'>,
  severity: AlertLevel,
): boolean {
  return weight === 'alone' || severity === 'critical' || (finding !== null && decisive.has(finding));
}

/** Whether the work of a container explains an alert of this meaning. */
export function isExplained({ explained, weight }: RuleMeaning, inputs: EventInputs): boolean {
  return explained !== null && weight !== 'context' && works[explained](inputs);
}

/**
 * Lowers an alert about expected work: it is context from then on. Alerts that open an incident
 * alone, critical ones, and decisive findings stay.
 */
export function lowerExpected(alert: DetectionAlert, inputs: EventInputs, meaning?: RuleMeaning): DetectionAlert {
  const { weight, severity } = alert;
  if (meaning !== undefined && isExplained(meaning, inputs)) {
    return { ...alert, severity: 'low', weight: 'context', lowered: 'the work for which the container was started' };
  }
  if (weight === 'context' || isDecisive(alert, severity)) return alert;
  const nested = alert.finding === 'fileless' && isNestedRuntime(inputs) ? nestedRuntime : null;
  const lowered = nested ?? hostExpectation(inputs) ?? requestExpectation(inputs, alert);
  if (lowered === null) return alert;
  // A login can be stolen, so that what is done in one stays visible.
  const isVisible = inputs.observation.request !== null || processSession(inputs) === 'admin';
  const visible = severity === 'high' ? 'medium' : 'low';
  return { ...alert, severity: isVisible ? visible : 'informational', weight: 'context', lowered };
}
