import { Secret } from '@tidewaiter/domain';
import type { AwsCredentials } from '@tidewaiter/routing';

import { withoutDoubt } from '../outbound.js';
import type { Configs, SendContext } from '../receiver.js';
import { callAws, elementOf } from './aws-query.js';

type SnsConfig = Configs['sns'];

/** Before they end, new ones are asked for. */
const spareMs = 5 * 60_000;

const kept = new WeakMap<SnsConfig, { credentials: AwsCredentials; endsAt: number }>();

/**
 * The credentials that sign a message: those of the configuration, or of the role that they take on.
 * @throws Unavailable, AccessDenied, InvalidInput; the message was not sent
 */
export async function signingCredentials(config: SnsConfig, context: SendContext): Promise<AwsCredentials> {
  const { credentials, role } = config;
  if (!role) return credentials;
  const known = kept.get(config);
  if (known && known.endsAt - spareMs > Date.now()) return known.credentials;
  const fresh = await assumeRole(config, role, context);
  kept.set(config, fresh);
  return fresh.credentials;
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
async function assumeRole(
  { credentials, region, http, timeoutMs }: SnsConfig,
  role: NonNullable<SnsConfig['role']>,
  context: SendContext,
): Promise<{ credentials: AwsCredentials; endsAt: number }> {
  const parameters: [string, string][] = [
    ['Action', 'AssumeRole'],
    ['Version', '2011-06-15'],
    ['RoleArn', role.arn],
    ['RoleSessionName', 'tidewaiter'],
  ];
  const scope = { credentials, region, service: 'sts' };
  const call = { url: role.stsUrl, parameters, http, timeoutMs };
  const xml = await withoutDoubt('STS', async () => callAws(call, 'SecretAccessKey', scope, context));
  return {
    credentials: {
      accessKey: elementOf(xml, 'AccessKeyId') ?? '',
      secretKey: new Secret(elementOf(xml, 'SecretAccessKey') ?? ''),
      sessionToken: new Secret(elementOf(xml, 'SessionToken') ?? ''),
    },
    endsAt: Date.parse(elementOf(xml, 'Expiration') ?? '') || 0,
  };
}
