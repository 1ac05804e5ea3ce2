import { AccessDenied, InvalidInput, Secret, Unavailable } from '@tidewaiter/domain';
import type { EgressResponse } from '@tidewaiter/egress';

import type { HttpConfig } from '../http-config.js';
import { answerText, isTemporary, post, type Post, retryAfterMs } from '../outbound.js';
import { OutcomeUnknown, type SendContext } from '../sender.js';
import { type AwsPost, type AwsScope, signAws } from './sign-aws.js';

const maxAnswerBytes = 64 * 1024;

/** A call of one of Amazon's services that take forms and answer XML. */
export interface AwsCall {
  /** For errors: `SNS`. */
  name: string;
  url: string;
  parameters: [name: string, value: string][];
  http: HttpConfig;
  timeoutMs: number;
}

/**
 * Calls an action once and returns the XML, of which one element is the result.
 * @param scope as who; undefined for an action that proves it in another way
 * @throws as `ChannelSender.send`
 */
export async function callAws(
  call: AwsCall,
  element: string,
  scope: AwsScope | undefined,
  context: SendContext,
): Promise<string> {
  const { name, url, http, timeoutMs } = call;
  const body = new URLSearchParams(call.parameters).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const response = await post(url, { ...signed({ url, headers, body }, scope), http, timeoutMs }, context);
  const text = await answerText(response, maxAnswerBytes);
  if (response.status !== 200) throw failure(name, response, text);
  if (elementOf(text, element) !== undefined) return text;
  throw new OutcomeUnknown(`${name} answered in a form that is not its own; the message may have arrived`, undefined);
}

function signed(request: AwsPost, scope: AwsScope | undefined): Pick<Post, 'headers' | 'body' | 'credentials'> {
  const { headers, body } = request;
  if (!scope) return { headers, body };
  const { authorization, ...more } = signAws(request, scope, new Date());
  return { headers: { ...headers, ...more }, body, credentials: { authorization: new Secret(authorization) } };
}

/**
 * The text of an element without children. The results in Amazon's answers have no attributes,
 * comments or CDATA.
 */
export function elementOf(xml: string, name: string): string | undefined {
  const start = xml.indexOf(`<${name}>`);
  const end = xml.indexOf(`</${name}>`, start);
  return start < 0 || end < 0 ? undefined : xml.slice(start + name.length + 2, end).trim();
}

// @see https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
const temporary = /^(?:\w*Throttl\w*|RequestLimitExceeded|Internal(?:Error|Failure)|ServiceUnavailable)$/;
const denied =
  /^(?:AuthorizationError|AccessDenied(?:Exception)?|InvalidIdentityToken|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|ExpiredToken(?:Exception)?|RequestExpired|IncompleteSignature|MissingAuthenticationToken|OptInRequired)$/;

/** Classifies by the error code in the answer: a throttled call has status 400 as often as 429. */
function failure(
  name: string,
  { status, headers }: EgressResponse,
  text: string,
): AccessDenied | InvalidInput | Unavailable {
  const code = elementOf(text, 'Code') ?? '';
  // Only known codes are repeated: a hostile server could answer with our key, and the message is
  // logged.
  const isCode = temporary.test(code) || denied.test(code) || finalWords.has(code);
  const message = `${name} answered ${isCode ? code : `status ${status}`}`;
  if (temporary.test(code) || isTemporary(status)) {
    return new Unavailable(`${name}_UNAVAILABLE`, message, retryAfterMs(headers, new Date()));
  }
  if (denied.test(code) || (!isCode && (status === 401 || status === 403))) {
    return new AccessDenied(`${name}_DENIED`, message);
  }
  return new InvalidInput(`${name}_REFUSED`, message);
}

const finalWords: ReadonlySet<string> = new Set([
  'EndpointDisabled',
  'InvalidParameter',
  'InvalidParameterValue',
  'InvalidSecurity',
  'KMSAccessDenied',
  'KMSDisabled',
  'KMSInvalidState',
  'KMSNotFound',
  'KMSOptInRequired',
  'NotFound',
  'ParameterValueInvalid',
  'PlatformApplicationDisabled',
  'ValidationError',
]);
