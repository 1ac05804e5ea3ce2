import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { isAgentSource } from '@tidewaiter/agent-protocol';
import { InvalidInput, LimitExceeded, NotFound } from '@tidewaiter/domain';
import type { FastifyRequest } from 'fastify';

import { AgentMetrics } from '../agent-metrics.js';
import { Outbox } from '../outbox/outbox.js';
import { eventLines } from './event-lines.js';

const maxUnpackedBytes = 32 * 2 ** 20;

/** `POST /events/{source}`: takes the events of the sensors of the cluster. */
@Controller('events')
export class SensorEventsController {
  constructor(
    private readonly outbox: Outbox,
    private readonly metrics: AgentMetrics,
  ) {}

  /** Answers when the events are on disk: then the sensor may drop its copy. */
  @Post(':source')
  @HttpCode(202)
  async receive(
    @Param('source') source: string,
    @Req() { body, headers }: FastifyRequest<{ Body: Buffer | undefined }>,
  ): Promise<{ accepted: number; malformed: number }> {
    // The agent's own watch is the only one.
    if (!isAgentSource(source) || source === 'kubernetes-watch')
      throw new NotFound('AGENT_SOURCE_UNKNOWN', 'agents take no such events');
    const { lines, events, malformed } = eventLines(await unpacked(body, headers['content-encoding']));
    await this.outbox.add(source, lines, events);
    this.metrics.received(source, events);
    if (malformed > 0) await this.outbox.count(source, malformed);
    return { accepted: events, malformed };
  }
}

/** @throws InvalidInput `BODY_EMPTY`, `BODY_DAMAGED`, `ENCODING_UNKNOWN`; LimitExceeded */
async function unpacked(body: Buffer | undefined, encoding = 'identity'): Promise<Buffer> {
  if (body === undefined || body.length === 0) throw new InvalidInput('BODY_EMPTY', 'The body is empty.');
  if (encoding === 'identity') return body;
  if (encoding !== 'gzip') throw new InvalidInput('ENCODING_UNKNOWN', 'Content-Encoding is not gzip.');
  try {
    return await promisify(gunzip)(body, { maxOutputLength: maxUnpackedBytes });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE')
      throw new LimitExceeded('maxUnpackedBytes', `The body is larger than ${maxUnpackedBytes} bytes when unpacked.`);
    throw new InvalidInput('BODY_DAMAGED', 'The body cannot be unpacked as gzip.', { cause });
  }
}
