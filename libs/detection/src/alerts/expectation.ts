import type { EventInputs } from '../events/event-view.js';
import { processSession } from '../events/process-session.js';
import type { Session } from '../events/session.js';
import type { AlertLevel, DetectionAlert } from './alert.js';

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

/** Whether an alert of this meaning keeps its severity in every session. */
export function isDecisive(
  { weight, finding }: Pick<DetectionAlert, 'weight' | 'finding'>,
  severity: AlertLevel,
): boolean {
  return weight === 'alone' || severity === 'critical' || (finding !== null && decisive.has(finding));
}

/**
 * Lowers an alert about expected work: it is context from then on. Alerts that open an incident alone, critical ones, and decisive findings stay.
 */
export function lowerExpected(alert: DetectionAlert, inputs: EventInputs): DetectionAlert {
  const { weight, severity } = alert;
  if (weight === 'context' || isDecisive(alert, severity)) return alert;
  const session = processSession(inputs);
  const lowered = (session && reasons[session]) ?? null;
  if (lowered === null) return alert;
  // A login can be stolen, so that what is done in one stays visible.
  const inLogin = severity === 'high' ? 'medium' : 'low';
  return { ...alert, severity: session === 'admin' ? inLogin : 'informational', weight: 'context', lowered };
}
