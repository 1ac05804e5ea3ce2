import { createHash, createHmac, randomUUID } from 'node:crypto';

import { httpSink, type SinkAnswer, type HttpSink, type ReceivedRequest } from './http-sink.js';

/** Published message, as subscribers get it. */
export interface PublishedMessage {
  id: string;
  text: string;
  subject: string | undefined;
  attributes: Record<string, string>;
  groupId: string | undefined;
}

/** Fake of Amazon's SNS and STS at one address. */
export interface SnsSink extends HttpSink {
  /** Access key of the known caller, besides those that it issued for a role. */
  accessKey: string;
  secretKey: string;
  /** Token of a workload for which it issues credentials. */
  webIdentityToken: string;
  /** Messages to a topic, an app or a phone, oldest first. */
  messages(target: string): PublishedMessage[];
}

const webIdentityToken = 'header.claims.signature';
const maxBytes = 256 * 1024;
const maxAgeMs = 15 * 60_000;

/**
 * Error for a caller without permission, or for a wrong request: the status and Amazon's error
 * code.
 */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly word: string,
  ) {
    super(word);
  }
}

/**
 * Accepts `Publish` and `AssumeRole` with a valid signature, refuses the rest with Amazon's error
 * codes, and answers in XML.
 * @see https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
 */
export async function snsSink(): Promise<SnsSink> {
  const accessKey = 'AKIDEXAMPLE';
  const secretKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
  const account = new Account(new Map([[accessKey, { secretKey, token: undefined }]]));
  const sink = await httpSink((request) => answer(request, account));
  return { ...sink, accessKey, secretKey, webIdentityToken, messages: (target) => account.messages(target) };
}

function answer(request: ReceivedRequest, account: Account): SinkAnswer {
  const form = new URLSearchParams(request.text);
  const action = form.get('Action') ?? '';
  try {
    // Only a web identity token identifies a caller without a signature.
    if (action !== 'AssumeRoleWithWebIdentity') account.checkSignature(request);
    const result = account.call(action, form);
    return xml(200, `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const type = error.status < 500 ? 'Sender' : 'Receiver';
    return xml(
      error.status,
      `<ErrorResponse><Error><Type>${type}</Type><Code>${error.word}</Code><Message>no</Message></Error></ErrorResponse>`,
    );
  }
}

function xml(status: number, body: string): SinkAnswer {
  return { status, headers: { 'content-type': 'text/xml' }, body: `<?xml version="1.0"?>\n${body}\n` };
}

interface Key {
  secretKey: string;
  token: string | undefined;
}

class Account {
  readonly #messages = new Map<string, PublishedMessage[]>();
  readonly #deduplicated = new Map<string, string>();

  constructor(private readonly keys: Map<string, Key>) {}

  messages(target: string): PublishedMessage[] {
    return this.#messages.get(target) ?? [];
  }

  call(action: string, form: URLSearchParams): string {
    if (form.get('Version') === '2010-03-31' && action === 'Publish') return this.#publish(form);
    if (form.get('Version') === '2011-06-15' && action === 'AssumeRole') return this.#assumeRole(form);
    if (form.get('Version') === '2011-06-15' && action === 'AssumeRoleWithWebIdentity') {
      if (form.get('WebIdentityToken') !== webIdentityToken) throw new Refusal(400, 'InvalidIdentityToken');
      return this.#assumeRole(form);
    }
    throw new Refusal(400, 'InvalidAction');
  }

  /**
   * Recomputes the signature from what arrived. @see
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
   */
  checkSignature({ method, path, headers, text }: ReceivedRequest): void {
    const given =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/[^/]+\/(?:sns|sts)\/aws4_request), SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
        headers.authorization ?? '',
      );
    if (!given) throw new Refusal(403, 'IncompleteSignature');
    const [, accessKey = '', scope = '', names = '', signature] = given;
    const key = this.keys.get(accessKey);
    const token = headers['x-amz-security-token'];
    if (!key || key.token !== token) throw new Refusal(403, token ? 'ExpiredToken' : 'InvalidClientTokenId');
    const time = String(headers['x-amz-date']);
    const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    if (!(Math.abs(Date.now() - at) < maxAgeMs)) throw new Refusal(403, 'RequestExpired');
    for (const name of ['host', 'x-amz-date', ...(token ? ['x-amz-security-token'] : [])])
      if (!names.split(';').includes(name)) throw new Refusal(403, 'SignatureDoesNotMatch');
    const lines = names.split(';').map((name) => `${name}:${String(headers[name])}\n`);
    const hash = (body: string) => createHash('sha256').update(body).digest('hex');
    const request = `${method}\n${path}\n\n${lines.join('')}\n${names}\n${hash(text)}`;
    let signing: string | Buffer = `AWS4${key.secretKey}`;
    for (const part of scope.split('/')) signing = createHmac('sha256', signing).update(part).digest();
    const expected = createHmac('sha256', signing).update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash(request)}`);
    if (expected.digest('hex') !== signature) throw new Refusal(403, 'SignatureDoesNotMatch');
  }

  #assumeRole(form: URLSearchParams): string {
    if (form.get('RoleArn')?.includes(':role/') !== true || !form.get('RoleSessionName'))
      throw new Refusal(400, 'ValidationError');
    const [accessKey, secretKey, token] = [`ASIA${this.keys.size}`, randomUUID(), randomUUID()];
    this.keys.set(accessKey, { secretKey, token });
    const endsAt = new Date(Date.now() + 3_600_000).toISOString();
    return `<Credentials><AccessKeyId>${accessKey}</AccessKeyId><SecretAccessKey>${secretKey}</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>${endsAt}</Expiration></Credentials>`;
  }

  #publish(form: URLSearchParams): string {
    const targets = ['TopicArn', 'TargetArn', 'PhoneNumber'].flatMap((name) => form.get(name) ?? []);
    const [target = ''] = targets;
    if (targets.length !== 1) throw new Refusal(400, 'InvalidParameter');
    if (target.includes('no-such')) throw new Refusal(404, 'NotFound');
    const message = messageOf(form);
    const bytes = Buffer.byteLength(message.text) + Buffer.byteLength(JSON.stringify(message.attributes));
    if (message.text === '' || bytes > maxBytes) throw new Refusal(400, 'InvalidParameter');
    // oxlint-disable-next-line no-control-regex -- what the API refuses
    if (message.subject !== undefined && !/^[^\s\u0000-\u001f][^\u0000-\u001f]{0,98}$/.test(message.subject))
      throw new Refusal(400, 'InvalidParameter');
    const once = form.get('MessageDeduplicationId');
    const isFifo = target.endsWith('.fifo');
    if (isFifo !== (message.groupId !== undefined) || isFifo !== (once !== null))
      throw new Refusal(400, 'InvalidParameter');
    const known = once === null ? undefined : this.#deduplicated.get(`${target} ${once}`);
    if (known !== undefined) return `<MessageId>${known}</MessageId>`;
    if (once !== null) this.#deduplicated.set(`${target} ${once}`, message.id);
    this.#messages.set(target, [...this.messages(target), message]);
    return `<MessageId>${message.id}</MessageId>`;
  }
}

function messageOf(form: URLSearchParams): PublishedMessage {
  const attributes: [string, string][] = [];
  for (let entry = 1; ; entry += 1) {
    const at = `MessageAttributes.entry.${entry}`;
    const name = form.get(`${at}.Name`);
    if (name === null) break;
    const value = form.get(`${at}.Value.StringValue`);
    if (form.get(`${at}.Value.DataType`) !== 'String' || !value) throw new Refusal(400, 'ParameterValueInvalid');
    attributes.push([name, value]);
  }
  return {
    id: randomUUID(),
    text: form.get('Message') ?? '',
    subject: form.get('Subject') ?? undefined,
    attributes: Object.fromEntries(attributes),
    groupId: form.get('MessageGroupId') ?? undefined,
  };
}
