import type { Priority } from '@tidewaiter/domain';
import { factField } from '@tidewaiter/facts';

import type { EventInputs } from '../events/event-inputs.js';
import { roleOfEvent } from '../events/event-role.js';
import type { AlertLevel, Weight } from './alert.js';
import { hostExpectation, isNestedRuntime, nestedRuntime } from './expectation.js';
import { tacticOf, techniqueOf } from './tactics.js';

const levelByPriority: Record<Priority, AlertLevel> = {
  emergency: 'critical',
  alert: 'critical',
  critical: 'critical',
  error: 'high',
  warning: 'medium',
  notice: 'informational',
  informational: 'informational',
  debug: 'informational',
};

/** Severity and weight of a sensor's own evaluation. */
export interface SensorEvaluation {
  severity: AlertLevel;
  weight: Weight;
  lowered: string | null;
  stage: string | null;
  techniques: string[];
}

/**
 * Evaluates a sensor's alert. From `warning` upwards it opens an incident, unless facts about the
 * image explain what the sensor saw.
 */
export function evaluateSensorAlert(inputs: EventInputs): SensorEvaluation {
  const { priority, tags } = inputs.observation.alert!;
  const level = levelByPriority[priority];
  const techniques = [...new Set(tags.flatMap((tag) => techniqueOf(tag) ?? []))];
  const stage = tags.map(tacticOf).find((tactic) => tactic !== null) ?? null;
  if (level === 'informational') return { severity: level, weight: 'context', lowered: null, stage, techniques };
  const lowered = explanationOf(inputs, techniques);
  if (lowered !== null) return { severity: 'low', weight: 'context', lowered, stage, techniques };
  return { severity: level, weight: 'alone', lowered: null, stage, techniques };
}

/** Techniques that development does not include: credentials, command and control, mining. */
const neverInDevelopment = /^T(?:1003|1041|1048|1071|1496|1528|1550|1552|1555|1567|1571|1573)/;

/** Techniques that are never legitimate: escapes to the host. */
const neverExplained = new Set(['T1611']);

function explanationOf(inputs: EventInputs, techniques: readonly string[]): string | null {
  const { observation, facts } = inputs;
  if (techniques.some((technique) => neverExplained.has(technique))) return null;
  const is = (name: string) => factField(name, observation, facts) === true;
  const host = hostExpectation(inputs);
  if (host !== null) return host;
  if (isNestedRuntime(inputs)) return nestedRuntime;
  const role = roleOfEvent(inputs);
  if (role === 'builder') return 'expected of a builder';
  if (role === 'debug') return 'expected where debugging is allowed';
  if (role === 'dev' && !techniques.some((technique) => neverInDevelopment.test(technique))) {
    return 'expected where software is developed';
  }
  if (role === 'security') return 'expected of a security agent';
  if (is('Policy.SecurityAgent')) return 'expected of a security agent';
  if (is('Policy.KnownChild') || is('Policy.ExecProbe')) return 'known child command or probe';
  if (isLogin(inputs)) return 'read at a login';
  if (observation.network?.destinationIp != null && (is('Dest.Internal') || is('Dest.Allowed'))) {
    return 'allowed destination';
  }
  if (
    isAboutNewFiles(observation) &&
    is('File.InImage') &&
    factField('File.ContentMatches', observation, facts) !== false
  ) {
    return 'the file is in the image';
  }
  return null;
}

/** Programs that check passwords: each login reads these files. */
const authenticator =
  /\/(?:sshd(?:-session|-auth)?|login|su|sudo|runuser|cron|crond|vsftpd|proftpd|pure-ftpd|smbd|saslauthd|unix_chkpwd|dovecot\/auth)$/;
const passwordFile =
  /^\/etc\/(?:shadow|gshadow|passwd|group|pam\.d(?:\/[\w-]+)?|pam\.conf|security\/[\w.-]+|sudoers(?:\.d\/.+)?)$/;

/** Whether a login program of the system reads the files of accounts, as for each login. */
function isLogin({ observation, facts }: EventInputs): boolean {
  const { file, process } = observation;
  if (file?.access !== 'read' || !passwordFile.test(file.path ?? '') || !authenticator.test(process?.executable ?? ''))
    return false;
  return factField('File.InImage', { ...observation, file: null }, facts) !== false;
}

/**
 * Whether an alert is about new files. Falco calls a file new if it is in the upper layer, which
 * includes files that were only touched.
 */
function isAboutNewFiles({ alert }: EventInputs['observation']): boolean {
  return /\b(?:drop|drift|new binary|not part of base image)\b/i.test(`${alert?.rule}`);
}
