import { readFile } from 'node:fs/promises';

import { Injectable } from '@nestjs/common';
import { AccessDenied, InvalidInput, Secret, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { Egress, type EgressResponse } from '@tidewaiter/egress';

import { AgentConfig } from '../config.js';
import { AgentState } from './agent-state.js';

/** Path of the hub's API for agents. */
export type HubPath = `/agent/v1/${string}`;

export interface HubRequest {
  /** `POST` unless given. */
  method?: 'GET' | 'POST';
  /** Sent as JSON, or as it is. */
  body?: object | Buffer;
  /** Encoding of a body of bytes. */
  encoding?: 'gzip';
  signal?: AbortSignal;
}

const maxAnswerBytes = 4 * 2 ** 20;

/** Client of the hub: each request carries the credential of the agent. */
@Injectable()
export class Hub {
  constructor(
    private readonly config: AgentConfig,
    private readonly state: AgentState,
    private readonly egress: Egress,
  ) {}

  /**
   * Sends a request with the agent's credential; returns the answer, null without content.
   * @throws AccessDenied `HUB_REFUSED` before the agent has joined, or when the hub refuses the
   * credential; Unavailable `HUB_UNAVAILABLE`; InvalidInput `HUB_REJECTED` for a request that can
   * never be accepted
   */
  async request(path: HubPath, request: HubRequest = {}): Promise<unknown> {
    const credential = this.state.credential?.credential;
    if (credential === undefined) throw new AccessDenied('HUB_REFUSED', 'the agent has not joined');
    return this.send(path, request, new Secret(`Bearer ${credential}`));
  }

  /** {@link request} without a credential, which only joining does. */
  async send(path: HubPath, request: HubRequest, authorization?: Secret): Promise<unknown> {
    const { method = 'POST', body, encoding, signal } = request;
    const response = await this.#reach(path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(encoding !== undefined && { 'content-encoding': encoding }),
      },
      ...(body !== undefined && { body: Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
      ...(authorization !== undefined && { credentials: { authorization } }),
      ...(signal !== undefined && { signal }),
    });
    if (response.status >= 200 && response.status < 300)
      return response.status === 204 ? null : response.json(maxAnswerBytes);
    throw await refusalOf(response);
  }

  async #reach(path: HubPath, init: Parameters<Egress['request']>[1]): Promise<EgressResponse> {
    const { hubUrl, hubCaFile } = this.config;
    try {
      // Read each time: it may be replaced while the agent runs.
      const ca = hubCaFile === undefined ? undefined : await readFile(hubCaFile, 'utf8');
      return await this.egress.request(`${hubUrl.replace(/\/$/, '')}${path}`, {
        ...init,
        allowPrivate: true,
        ...(ca !== undefined && { tls: { ca } }),
      });
    } catch (cause) {
      const reason = cause instanceof TidewaiterError ? cause.message : `cannot read ${hubCaFile}`;
      throw new Unavailable('HUB_UNAVAILABLE', reason, { cause });
    }
  }
}

/**
 * The error of an answer; its message begins with the status and the hub's code. A proxy before the
 * hub may answer, too, and not with our problems.
 */
async function refusalOf(response: EgressResponse): Promise<TidewaiterError> {
  const { status, headers } = response;
  const problem = (await response.json(maxAnswerBytes).catch(() => null)) as { code?: unknown } | null;
  const code = typeof problem?.code === 'string' && /^[A-Z][A-Z_]{1,60}$/.test(problem.code) ? problem.code : null;
  const reason = code === null ? String(status) : `${status} ${code}`;
  if (status === 401 && code !== null) return new AccessDenied('HUB_REFUSED', reason);
  if (status === 413 || (code !== null && rejections.has(status))) return new InvalidInput('HUB_REJECTED', reason);
  const seconds = Number(headers['retry-after']);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1_000 : undefined;
  return new Unavailable('HUB_UNAVAILABLE', reason, { ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

/** Statuses after which the same request can never be accepted. */
const rejections: ReadonlySet<number> = new Set([400, 404, 413, 415, 422]);
