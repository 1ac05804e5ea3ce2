import { InvalidInput } from '@tidewaiter/domain';
import { formatYaml } from '@tidewaiter/yaml';

import { type InhibitRule, readInhibitRules } from '../matching/inhibition.js';
import { readRoute, type Route } from '../matching/route.js';
import { readTimeIntervals } from '../timing/time-interval.js';
import { type ChannelReaders, readReceivers, type ReceiverConfig } from './receiver.js';
import { type EnvironmentVariables, type ReadFile, type Reading, Section } from './section.js';
import { readYaml } from './yaml-document.js';

/** A whole `routing.yaml`. The defaults of `global` are already applied to the receivers. */
export interface RoutingConfig {
  route: Route;
  /** By name. Every receiver that a route names is here. */
  receivers: Map<string, ReceiverConfig>;
  inhibitRules: readonly InhibitRule[];
  /** Keys of Alertmanager that are ignored, one line each with its path. */
  warnings: readonly string[];
  /** Paths of the lists of secrets in the text itself, for which there is no file. */
  secretLists: readonly string[];
  /**
   * The file as YAML, without comments and ignored keys. Every value that its reader takes for a
   * secret is `[redacted]`, as is every part of a URL that may grant access.
   */
  redacted(): string;
}

/** Kinds, files and variables that `routing.yaml` refers to. */
export interface RoutingSources {
  /** Kinds of channel that a receiver may have. */
  channels: ChannelReaders;
  /** Returns the text of a file that a `*_file` key names. */
  readFile: ReadFile;
  /**
   * Environment of the sending process: proxies, and credentials where Amazon's tools would find
   * them.
   */
  environment?: EnvironmentVariables;
  /** Whether a secret in the text itself is a problem; all come from files then. */
  hasSecretsInFiles?: boolean;
}

const ignoredKeys = ['templates', 'tracing'];

/**
 * Reads `routing.yaml`, which is written as Alertmanager's configuration.
 * @throws InvalidInput `ROUTING_INVALID` with everything that is wrong, one line each, with its
 * path and never with a value
 * @see https://prometheus.io/docs/alerting/latest/configuration/
 */
export function parseRouting(
  text: string,
  { channels, readFile, environment = {}, hasSecretsInFiles }: RoutingSources,
): RoutingConfig {
  const reading: Reading = { problems: [], warnings: [], secretLists: [], readFile, environment, hasSecretsInFiles };
  const root = readYaml(text, reading.problems);
  refuseAny(reading.problems);
  if (!(root instanceof Map)) throw new InvalidInput('ROUTING_INVALID', 'expected a map with route and receivers');
  const section = new Section(root, '', reading);
  const config = readConfig(section, channels);
  refuseAny(reading.problems);
  const { warnings, secretLists } = reading;
  return { ...config, warnings, secretLists, redacted: () => formatYaml(section.redacted()) };
}

function refuseAny(problems: string[]): void {
  if (problems.length > 0) throw new InvalidInput('ROUTING_INVALID', problems.join('\n'));
}

function readConfig(
  root: Section,
  channels: ChannelReaders,
): Pick<RoutingConfig, 'route' | 'receivers' | 'inhibitRules'> {
  const global = root.sectionOrEmpty('global');
  const readers = [...channels(global)];
  // Only for alerts of other senders; Tidewaiter's own alerts have an end.
  global.durationMs('resolve_timeout');
  global.finish();
  const receivers = readReceivers(root, readers);
  const timeIntervals = readTimeIntervals(root);
  const inhibitRules = readInhibitRules(root);
  const named = { receivers, timeIntervals };
  const route = readRoute(root.sectionOrEmpty('route'), named);
  root.finish(ignoredKeys);
  return { route, receivers, inhibitRules };
}
