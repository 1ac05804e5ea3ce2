import { readFile } from 'node:fs/promises';

import { AccessDenied, Secret } from '@tidewaiter/domain';

import { withoutDoubt } from '../outbound.js';
import type { SendContext } from '../sender.js';
import { callAws, elementOf } from './aws-query.js';
import type { AwsCredentials, AwsWebIdentity, SnsConfig } from './config.js';

/** Before they end, new ones are asked for. */
const spareMs = 5 * 60_000;

const kept = new WeakMap<SnsConfig, Temporary>();

/** Credentials that end. */
interface Temporary {
  credentials: AwsCredentials;
  endsAt: number;
}

/**
 * The credentials that sign a message: those of the configuration, or of the role that they are
 * worth.
 * @throws Unavailable, AccessDenied, InvalidInput; the message was not sent
 */
export async function signingCredentials(config: SnsConfig, context: SendContext): Promise<AwsCredentials> {
  const known = kept.get(config);
  if (known && known.endsAt - spareMs > Date.now()) return known.credentials;
  const fresh = await withoutDoubt('STS', async () => ofRole(config, context));
  kept.set(config, fresh);
  return fresh.credentials;
}

function isKeys(credentials: AwsCredentials | AwsWebIdentity): credentials is AwsCredentials {
  return 'accessKey' in credentials;
}

async function ofRole(config: SnsConfig, context: SendContext): Promise<Temporary> {
  const { credentials, roleArn, region } = config;
  const own = isKeys(credentials)
    ? { credentials, endsAt: Infinity }
    : await assumeWithToken(credentials, config, context);
  if (roleArn === undefined) return own;
  const scope = { credentials: own.credentials, region, service: 'sts' };
  return assume('AssumeRole', [['RoleArn', roleArn]], config, scope, context);
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
async function assumeWithToken(
  { tokenFile, roleArn }: AwsWebIdentity,
  config: SnsConfig,
  context: SendContext,
): Promise<Temporary> {
  const token = await readFile(tokenFile, 'utf8').catch(() => {
    throw new AccessDenied('STS_DENIED', 'the file that AWS_WEB_IDENTITY_TOKEN_FILE names cannot be read');
  });
  const parameters: [string, string][] = [
    ['RoleArn', roleArn],
    ['WebIdentityToken', token.trim()],
  ];
  return assume('AssumeRoleWithWebIdentity', parameters, config, undefined, context);
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
async function assume(
  action: string,
  given: [name: string, value: string][],
  { stsUrl: url, http, timeoutMs }: SnsConfig,
  scope: Parameters<typeof callAws>[2],
  context: SendContext,
): Promise<Temporary> {
  const parameters: [string, string][] = [
    ['Action', action],
    ['Version', '2011-06-15'],
    ['RoleSessionName', 'tidewaiter'],
    ...given,
  ];
  const xml = await callAws({ name: 'STS', url, parameters, http, timeoutMs }, 'SecretAccessKey', scope, context);
  return {
    credentials: {
      accessKey: elementOf(xml, 'AccessKeyId') ?? '',
      secretKey: new Secret(elementOf(xml, 'SecretAccessKey') ?? ''),
      sessionToken: new Secret(elementOf(xml, 'SessionToken') ?? ''),
    },
    endsAt: Date.parse(elementOf(xml, 'Expiration') ?? '') || 0,
  };
}
