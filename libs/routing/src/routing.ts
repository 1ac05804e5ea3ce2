import { InvalidInput } from '@tidewaiter/domain';

import { readInhibitRules } from './inhibition.js';
import type { InhibitRule } from './inhibition.js';
import { channelReaders, readReceivers } from './receivers/receiver.js';
import type { ReceiverConfig } from './receivers/receiver.js';
import { readRoute } from './route.js';
import type { Route } from './route.js';
import { Section } from './section.js';
import type { EnvironmentVariables, Reading, ReadFile } from './section.js';
import { readTimeIntervals } from './time-interval.js';
import { readYaml } from './yaml-document.js';

/** A whole `routing.yaml`. What `global` says for receivers is already in them. */
export interface RoutingConfig {
  route: Route;
  /** By name. Every receiver that a route names is here. */
  receivers: Map<string, ReceiverConfig>;
  inhibitRules: readonly InhibitRule[];
  /** Keys of Alertmanager that are ignored, one line each with its path. */
  warnings: readonly string[];
}

const ignoredKeys = ['templates', 'tracing'];

/**
 * Reads `routing.yaml`, which is written as Alertmanager's configuration.
 * @param readFile gives the text of a file that a `*_file` key names
 * @param environment of the process that sends: proxies, and credentials that Amazon's tools would find there
 * @throws InvalidInput `ROUTING_INVALID` with everything that is wrong, one line each, with its path and never with a value
 * @see https://prometheus.io/docs/alerting/latest/configuration/
 */
export function parseRouting(text: string, readFile: ReadFile, environment: EnvironmentVariables = {}): RoutingConfig {
  const reading: Reading = { problems: [], warnings: [], readFile, environment };
  const root = readYaml(text, reading.problems);
  refuseAny(reading.problems);
  if (!(root instanceof Map)) throw new InvalidInput('ROUTING_INVALID', 'expected a map with route and receivers');
  const config = readConfig(new Section(root, '', reading));
  refuseAny(reading.problems);
  return { ...config, warnings: reading.warnings };
}

function refuseAny(problems: string[]): void {
  if (problems.length > 0) throw new InvalidInput('ROUTING_INVALID', problems.join('\n'));
}

function readConfig(root: Section): Omit<RoutingConfig, 'warnings'> {
  const global = root.sectionOrEmpty('global');
  const channels = channelReaders(global);
  // It is for alerts that somebody else sends; ours say when they end.
  global.durationMs('resolve_timeout');
  global.finish();
  const receivers = readReceivers(root, channels);
  const timeIntervals = readTimeIntervals(root);
  const inhibitRules = readInhibitRules(root);
  const named = { receivers, timeIntervals };
  const route = readRoute(root.sectionOrEmpty('route'), named);
  root.finish(ignoredKeys);
  return { route, receivers, inhibitRules };
}
