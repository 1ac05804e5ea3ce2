import { AccessDenied, InvalidInput, Unavailable } from '@tidewaiter/domain';
import { z } from 'zod';

import { authorization, httpFailure } from '../http-channel.js';
import { ocsfEvents } from '../ocsf.js';
import { answerText, isTemporary, jsonOf, post } from '../outbound.js';
import { type ChannelSender, OutcomeUnknown, type OutgoingMessage } from '../sender.js';
import type { ElasticsearchConfig } from './config.js';

/** Limit on the answer, which lists every event. */
const maxAnswerBytes = 8 * 1024 * 1024;
/** The document exists: an earlier attempt arrived. */
const conflict = 409;

const bulkAnswer = z.object({
  errors: z.boolean(),
  items: z.array(z.record(z.string(), z.object({ status: z.number() }))),
});

/**
 * Creates a document in OCSF for each alert, under an id that is the same on every attempt, so that
 * a repetition changes nothing.
 * @see https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 */
export const elasticsearchSender: ChannelSender<ElasticsearchConfig> = {
  async send({ url, index, http, timeoutMs }, delivery, context) {
    const request = {
      headers: { 'content-type': 'application/x-ndjson' },
      body: bulkBody(delivery, index),
      http,
      timeoutMs,
      ...(await authorization(http, context)),
    };
    const response = await post(`${url}/_bulk`, request, context);
    if (response.status !== 200) {
      await response.discard();
      throw httpFailure('Elasticsearch', response);
    }
    const answer = bulkAnswer.safeParse(jsonOf(await answerText(response, maxAnswerBytes)));
    if (!answer.success) throw new OutcomeUnknown('Elasticsearch gave an answer of another form', answer.error);
    if (answer.data.errors) refuse(answer.data.items.flatMap((item) => Object.values(item)));
    return { outcome: 'sent', reference: delivery.id, refused: [] };
  },
};

export function bulkBody(delivery: OutgoingMessage, index: string): string {
  const lines = ocsfEvents(delivery).flatMap((event) => [
    { create: { _index: index, _id: event.metadata.uid } },
    // Data streams require this field.
    { '@timestamp': new Date(event.time).toISOString(), ...event },
  ]);
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/**
 * @throws Unavailable if a document may be taken later: the others are not created twice.
 * @throws AccessDenied, InvalidInput
 */
function refuse(items: readonly { status: number }[]): void {
  const failed = items.map(({ status }) => status).filter((status) => status >= 300 && status !== conflict);
  const [first] = failed.toSorted((a, b) => Number(isTemporary(b)) - Number(isTemporary(a)));
  if (first === undefined) return;
  const message = `Elasticsearch refused ${failed.length} of ${items.length} events with status ${first}`;
  if (isTemporary(first)) throw new Unavailable('ELASTICSEARCH_UNAVAILABLE', message);
  if (first === 401 || first === 403) throw new AccessDenied('ELASTICSEARCH_DENIED', message);
  throw new InvalidInput('ELASTICSEARCH_REFUSED', message);
}
