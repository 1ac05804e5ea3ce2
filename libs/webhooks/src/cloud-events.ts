import { InvalidInput } from '@tidewaiter/domain';

import { type HookObject, type HookRequest, isObject, parseJson } from './hook-request.js';
import { bodyKey, collect, type IgnoreReason, type ParsedHook, type RegistryEvent } from './registry-kind.js';

/**
 * Reads each JSON document of a request: the body itself, or CloudEvents in any content mode
 * (binary, structured, batch), which all reach `read` in the shape of the structured mode. In a
 * batch, an unreadable event is counted and does not affect the others.
 * @throws InvalidInput when `read` refuses every document
 * @see
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3-http-message-mapping
 */
export function readEach(
  request: HookRequest,
  read: (document: unknown, contentKey: string) => Iterable<RegistryEvent | IgnoreReason>,
): ParsedHook {
  const documents = documentsOf(request);
  const key = contentKeyOf(request);
  const outcomes: (RegistryEvent | IgnoreReason)[] = [];
  let refusals = 0;
  for (const [index, document] of documents.entries()) {
    try {
      outcomes.push(...read(document, documents.length === 1 ? key : `${key}#${index}`));
    } catch (error) {
      if (!(error instanceof InvalidInput) || ++refusals === documents.length) throw error;
      outcomes.push('malformed');
    }
  }
  return collect(outcomes);
}

/** Whether the headers declare a CloudEvent in binary mode, which may have no body. */
export function isBinaryCloudEvent({ headers }: Pick<HookRequest, 'headers'>): boolean {
  return headers['ce-type'] !== undefined && !/^application\/cloudevents\b/i.test(headers['content-type'] ?? '');
}

/** In binary mode attributes such as the time are headers, and belong to what was sent. */
function contentKeyOf(request: HookRequest): string {
  if (!isBinaryCloudEvent(request)) return bodyKey(request.body);
  const attributes = Object.entries(request.headers).flatMap(([name, value]) =>
    name.startsWith('ce-') ? [`${name}: ${value}\n`] : [],
  );
  return bodyKey(Buffer.concat([Buffer.from(attributes.toSorted((a, b) => (a < b ? -1 : 1)).join('')), request.body]));
}

function documentsOf(request: HookRequest): unknown[] {
  const { headers, body } = request;
  if (isBinaryCloudEvent(request)) return [structured(request)];
  const payload = parseJson(body);
  const isBatch = /^application\/cloudevents-batch\b/i.test(headers['content-type'] ?? '');
  // Senders also put batches under application/json.
  const isList = Array.isArray(payload) && (isBatch || (payload.length > 0 && payload.every(isCloudEvent)));
  if (isBatch && !isList) throw new InvalidInput('BODY_UNRECOGNIZED', 'The body is no batch of CloudEvents.');
  const documents: unknown[] = isList ? payload : [payload];
  return documents.map(withDecodedData);
}

function isCloudEvent(value: unknown): value is HookObject {
  return isObject(value) && typeof value['specversion'] === 'string' && typeof value['type'] === 'string';
}

/** The same event in structured mode: attributes are in headers `ce-…`, the body is the data. */
function structured({ headers, body }: HookRequest): HookObject {
  const attributes = Object.entries(headers).flatMap(([name, value]) =>
    /^ce-[a-z0-9]+$/.test(name) && value !== undefined ? [[name.slice('ce-'.length), decoded(value)]] : [],
  );
  const event: HookObject = { specversion: '1.0', ...Object.fromEntries(attributes) };
  return { ...event, data: dataOf(body, headers['content-type']) };
}

/** JSON under any media type: senders are careless with it. Other data belongs to unused types. */
function dataOf(bytes: Buffer, mediaType: unknown): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return parseJson(bytes);
  } catch (error) {
    const isJson = typeof mediaType !== 'string' || /^[a-z]+\/(?:[a-z0-9.-]+\+)?json\b/i.test(mediaType);
    if (isJson || !(error instanceof InvalidInput)) throw error;
    return undefined;
  }
}

/** Header values are percent-encoded; some senders omit that. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function withDecodedData(event: unknown): unknown {
  if (!isCloudEvent(event) || typeof event['data_base64'] !== 'string') return event;
  return { ...event, data: dataOf(Buffer.from(event['data_base64'], 'base64'), event['datacontenttype']) };
}
