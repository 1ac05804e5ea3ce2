import { InvalidInput } from '@tidewaiter/domain';
import { parseRouting, type RoutingConfig } from '@tidewaiter/routing';

import { channelReaders } from './receivers.js';
import { standIn } from './unread-routing.js';

/** Reads a file by its plain name. */
type ReadNamedFile = (name: string) => string;

/** A plain name: no path leaves the folder of the files. */
const fileName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;
/** Variables of the environment that hold no credentials. */
const openVariables = /^(?:https?_proxy|no_proxy|aws_region)$/i;

/**
 * Checks a routing before it is saved by API. It refuses more than {@link parseManagedRouting},
 * which reads all that earlier releases have saved.
 * @throws InvalidInput `ROUTING_INVALID`
 */
export function checkManagedRouting(text: string): RoutingConfig {
  const config = parseManagedRouting(text);
  const problems = config.secretLists.map((path) => `${path}: may be a secret: name a file, or use a routing.yaml`);
  // The text was copied from a place that does not show its secrets.
  if (text.includes('[redacted]')) problems.push('[redacted]: give the value, or leave the key out');
  if (problems.length > 0) throw new InvalidInput('ROUTING_INVALID', problems.join('\n'));
  return config;
}

/**
 * Reads a routing that was written by API. Its secrets are in files of the operator, which it names
 * by plain names, so that it can be shown, and no caller of the API reads another file.
 * @param read reads a file of the operator; without it only the text is checked
 * @throws InvalidInput `ROUTING_INVALID`
 */
export function parseManagedRouting(
  text: string,
  read?: ReadNamedFile,
  environment: Readonly<Record<string, string | undefined>> = {},
): RoutingConfig {
  if (/:\/\/[^\s/@"']+@/.test(text)) throw new InvalidInput('ROUTING_INVALID', 'a URL holds a user: use http_config');
  const variables = Object.entries(environment).filter(([name]) => openVariables.test(name));
  return parseRouting(text, {
    channels: channelReaders,
    readFile(path, key) {
      if (!fileName.test(path)) throw new InvalidInput('ROUTING_INVALID', 'no plain name of a file');
      return read ? read(path) : standIn(path, key);
    },
    environment: read ? Object.fromEntries(variables) : { AWS_REGION: 'us-east-1' },
    hasSecretsInFiles: true,
  });
}
