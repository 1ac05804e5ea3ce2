import { Secret } from '@tidewaiter/domain';
import { rendered, type Section } from '@tidewaiter/routing';

import { type HttpConfig, refuseAuth } from '../http-config.js';

/** AWS access key. */
export interface AwsCredentials {
  accessKey: string;
  secretKey: Secret;
  /** Session token of temporary credentials. */
  sessionToken: Secret | undefined;
}

/** Target of a message: exactly one of the three. */
export type SnsTarget = { topicArn: string } | { targetArn: string } | { phoneNumber: string };

/**
 * Web identity of a Kubernetes workload: a token file that is rotated, exchanged for credentials of
 * a role.
 */
export interface AwsWebIdentity {
  tokenFile: string;
  roleArn: string;
}

/** One entry of `sns_configs`. */
export interface SnsConfig {
  apiUrl: string;
  region: string;
  credentials: AwsCredentials | AwsWebIdentity;
  /** Role that the credentials assume before they publish. */
  roleArn: string | undefined;
  /** URL of the Security Token Service, which issues credentials for a role. */
  stsUrl: string;
  target: SnsTarget;
  subject: string | undefined;
  attributes: [name: string, value: string][];
  http: HttpConfig;
  timeoutMs: number;
  sendResolved: boolean;
}

/** AWS settings from the environment, under the variable names of Amazon's own tools. */
export interface AwsDefaults {
  region: string | undefined;
  credentials: AwsCredentials | AwsWebIdentity | undefined;
  stsUrl: string | undefined;
}

/** @see https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html */
export function readAwsDefaults(global: Section): AwsDefaults {
  const named = (name: string) => global.environment(name) || undefined;
  return {
    region: named('AWS_REGION') ?? named('AWS_DEFAULT_REGION'),
    stsUrl: named('AWS_ENDPOINT_URL_STS'),
    credentials: keysOf(named) ?? webIdentityOf(named),
  };
}

type Named = (name: string) => string | undefined;

function keysOf(named: Named): AwsCredentials | undefined {
  const [accessKey, secretKey] = [named('AWS_ACCESS_KEY_ID'), named('AWS_SECRET_ACCESS_KEY')];
  const token = named('AWS_SESSION_TOKEN');
  const sessionToken = token === undefined ? undefined : new Secret(token);
  return accessKey && secretKey ? { accessKey, secretKey: new Secret(secretKey), sessionToken } : undefined;
}

function webIdentityOf(named: Named): AwsWebIdentity | undefined {
  const [roleArn, tokenFile] = [named('AWS_ROLE_ARN'), named('AWS_WEB_IDENTITY_TOKEN_FILE')];
  return roleArn && tokenFile ? { roleArn, tokenFile } : undefined;
}

/**
 * Reads one entry of `sns_configs`; undefined when a problem was noted.
 * @see https://prometheus.io/docs/alerting/latest/configuration/ `<sns_config>`
 */
export function readSns(section: Section, http: HttpConfig, defaults: AwsDefaults): SnsConfig | undefined {
  const target = readTarget(section);
  const signing = readSigning(section, target, defaults);
  const apiUrl = section.url('api_url');
  const config = {
    http,
    subject: section.wording('subject'),
    attributes: readAttributes(section),
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
  };
  refuseAuth(section, http, 'sigv4 authenticates it');
  section.finish(['message', 'use_aws_http_client'], rendered);
  if (!target || !signing) return undefined;
  return { target, ...signing, apiUrl: apiUrl ?? awsUrl('sns', signing.region), ...config };
}

function readTarget(section: Section): SnsTarget | undefined {
  const [topicArn, targetArn, phoneNumber] = ['topic_arn', 'target_arn', 'phone_number'].map((key) =>
    section.text(key),
  );
  if ([topicArn, targetArn, phoneNumber].filter((each) => each !== undefined).length !== 1) {
    section.problem('topic_arn', 'or target_arn or phone_number is required, one of them');
    return undefined;
  }
  for (const [key, arn] of Object.entries({ topic_arn: topicArn, target_arn: targetArn }))
    if (arn !== undefined && !arnForm.test(arn)) section.problem(key, 'expected arn:aws:sns:REGION:ACCOUNT:NAME');
  if (topicArn !== undefined) return { topicArn };
  if (targetArn !== undefined) return { targetArn };
  if (!/^\+\d{5,15}$/.test(phoneNumber ?? ''))
    section.problem('phone_number', 'expected the international form, such as +15555550100');
  return { phoneNumber: phoneNumber ?? '' };
}

const arnForm = /^arn:aws[a-z-]{0,20}:sns:[a-z0-9-]{1,40}:\d{12}:[\w./-]{1,300}$/;
const regionForm = /^[a-z]{2,10}(?:-[a-z0-9]{1,20}){1,4}$/;

function readSigning(
  section: Section,
  target: SnsTarget | undefined,
  defaults: AwsDefaults,
): Pick<SnsConfig, 'region' | 'credentials' | 'roleArn' | 'stsUrl'> | undefined {
  const sigv4 = section.sectionOrEmpty('sigv4');
  const region = sigv4.text('region') ?? defaults.region ?? (target && regionOf(target));
  const credentials = readKeys(sigv4) ?? defaults.credentials;
  const roleArn = sigv4.text('role_arn');
  if (roleArn !== undefined && !/^arn:aws[a-z-]{0,20}:iam::\d{12}:role\/[\w+=,.@/-]{1,600}$/.test(roleArn))
    sigv4.problem('role_arn', 'expected arn:aws:iam::ACCOUNT:role/NAME');
  sigv4.refuse(['profile', 'service', 'use_fips_sts_endpoint', 'external_id'], ' (give access_key and secret_key)');
  sigv4.finish();
  if (region === undefined) sigv4.problem('region', 'is required, or AWS_REGION in the environment');
  else if (!regionForm.test(region)) sigv4.problem('region', 'expected a name such as eu-central-1');
  if (!credentials)
    sigv4.problem(
      'access_key',
      'and secret_key are required, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or those of a web identity',
    );
  if (region === undefined || !credentials) return undefined;
  return { region, credentials, roleArn, stsUrl: defaults.stsUrl ?? awsUrl('sts', region) };
}

/** Reads access key and secret key: both or none, as in Alertmanager. */
function readKeys(sigv4: Section): AwsCredentials | undefined {
  const accessKey = sigv4.text('access_key');
  sigv4.redact('access_key');
  const secretKey = sigv4.secret('secret_key');
  if (accessKey !== undefined && !/^\w{1,128}$/.test(accessKey))
    sigv4.problem('access_key', 'has characters that a key cannot have');
  if ((accessKey === undefined) !== (secretKey === undefined))
    sigv4.problem(accessKey === undefined ? 'access_key' : 'secret_key', 'is missing; the two go together');
  return accessKey !== undefined && secretKey ? { accessKey, secretKey, sessionToken: undefined } : undefined;
}

function regionOf(target: SnsTarget): string | undefined {
  if ('phoneNumber' in target) return undefined;
  return ('topicArn' in target ? target.topicArn : target.targetArn).split(':')[3];
}

/** Endpoint of an AWS service in a region; regions in China have their own domain. */
function awsUrl(service: 'sns' | 'sts', region: string): string {
  return `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

const maxAttributes = 50;

/** @see https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html */
function readAttributes(section: Section): [name: string, value: string][] {
  const attributes = section.plainPairs('attributes');
  for (const [name, value] of attributes) {
    const isName = /^[\w-]+(?:\.[\w-]+)*$/.test(name) && name.length <= 256 && !/^(?:aws|amazon)\./i.test(name);
    if (!isName) section.problem('attributes', 'a name has characters that the name of an attribute cannot have');
    if (value === '' || value.length > 1024) section.problem('attributes', 'a value is empty or longer than 1024');
  }
  if (attributes.length > maxAttributes) section.problem('attributes', `more than ${maxAttributes}`);
  return attributes;
}
