import { createHash, createHmac } from 'node:crypto';

import type { AwsCredentials } from './config.js';

/** A POST to one of Amazon's services. */
export interface AwsPost {
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface AwsScope {
  credentials: AwsCredentials;
  region: string;
  service: string;
}

const algorithm = 'AWS4-HMAC-SHA256';

/**
 * The headers that sign a POST, with signature version 4. Every header that is given is signed,
 * too.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signAws(
  { url, headers, body }: AwsPost,
  { credentials, region, service }: AwsScope,
  now: Date,
): { 'x-amz-date': string; 'x-amz-security-token'?: string; authorization: string } {
  const { accessKey, secretKey, sessionToken } = credentials;
  const { host, pathname } = new URL(url);
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const added = { 'x-amz-date': time, ...(sessionToken && { 'x-amz-security-token': sessionToken.reveal() }) };
  const signed = canonicalHeaders({ ...headers, ...added, host });
  const names = signed.map(([name]) => name).join(';');
  const lines = signed.map(([name, value]) => `${name}:${value}\n`).join('');
  const request = ['POST', pathname, '', lines, names, sha256(body)].join('\n');
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secretKey.reveal()}`);
  const signature = hmac(key, [algorithm, time, scope, sha256(request)].join('\n')).toString('hex');
  return {
    ...added,
    authorization: `${algorithm} Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

function canonicalHeaders(headers: Record<string, string>): [name: string, value: string][] {
  return Object.entries(headers)
    .map(([name, value]): [string, string] => [name.toLowerCase(), value.trim().replaceAll(/ +/g, ' ')])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
