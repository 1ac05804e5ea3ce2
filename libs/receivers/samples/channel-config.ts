import { InvalidInput } from '@tidewaiter/domain';
import { type ChannelConfig, type Integration, parseRouting, type ReceiverConfig } from '@tidewaiter/routing';

import { channelReaders } from '../src/receivers.js';

/** Files that the samples name. */
const files = new Map([
  ['/run/secrets/hook', 'https://hooks.slack.example/services/T0/B0/file\n'],
  ['/run/secrets/password', '  from a file\n'],
  ['/run/secrets/empty', '\n'],
  ['/run/secrets/bot', '1:fromfile\n'],
  ['/etc/ca.pem', '-----BEGIN CERTIFICATE-----\n'],
]);

interface Surroundings {
  global?: string | undefined;
  environment?: Record<string, string>;
}

/** Reads the channels of a receiver of a routing.yaml, and a route to it. */
export function channels(text: string, surroundings: Surroundings = {}): Integration[] {
  const { integrations, uploads } = receiverOf(text, surroundings);
  return [...integrations, ...uploads];
}

/** Reads the receiver of these channels. */
export function receiverOf(text: string, { global = '{}', environment = {} }: Surroundings = {}): ReceiverConfig {
  const file = `global: ${global}\nroute: {receiver: a}\nreceivers:\n  - name: a\n    ${text}\n`;
  const readFile = (path: string) => files.get(path) ?? '';
  const { receivers } = parseRouting(file, { channels: channelReaders, readFile, environment });
  return receivers.get('a')!;
}

/** Configuration of the first channel. */
export function channelConfig(text: string, surroundings?: Surroundings): ChannelConfig | undefined {
  return channels(text, surroundings)[0]?.config;
}

export function channelProblems(text: string): string[] {
  try {
    channels(text);
  } catch (error) {
    if (error instanceof InvalidInput) return error.message.split('\n');
    throw error;
  }
  return [];
}

/** Reveals the secret under a path of names. */
export function secretAt(value: unknown, ...path: string[]): unknown {
  let found = value;
  for (const name of path) found = (found as Record<string, unknown> | undefined)?.[name];
  return (found as { reveal(): string } | undefined)?.reveal();
}
