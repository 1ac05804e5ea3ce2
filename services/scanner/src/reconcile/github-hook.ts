import { AccessDenied, NotFound, Secret, Unavailable } from '@tidewaiter/domain';
import { type Egress, type EgressRequest, type EgressResponse, readRetryAfter } from '@tidewaiter/egress';
import type { RedeliverSettings } from '@tidewaiter/runtime';
import { z } from 'zod';

import type { HookAttempt } from './redeliveries.js';

const pageSize = 100;
/** Limit on pages of attempts in one read: 3,000 attempts. */
const maxPages = 30;
const maxPageBytes = 4 * 1024 * 1024;
/** GitHub's rate limit is hourly. */
const maxWaitMs = 3_600_000;
/** Requests of GitHub's hourly rate limit that are left to other users of the token. */
const sparedRequests = 100;

const page = z.array(
  z.object({
    id: z.int(),
    guid: z.string().max(100),
    delivered_at: z.iso.datetime({ offset: true }),
    status_code: z.int(),
    event: z.string().max(100),
  }),
);

/**
 * One hook of GitHub, read through its API. Keeps the entity tag, so that a read without changes
 * costs one request, which does not count for the rate limit.
 * @see https://docs.github.com/en/rest/orgs/webhooks#list-deliveries-for-an-organization-webhook
 */
export class GithubHook {
  #etag: string | null = null;

  constructor(
    private readonly settings: RedeliverSettings,
    private readonly egress: Egress,
  ) {}

  /**
   * The attempts since a time, newest first; null when there is nothing new since {@link settled}.
   * @throws AccessDenied, NotFound, Unavailable
   */
  async attempts(
    sinceMs: number,
    signal: AbortSignal,
  ): Promise<{ attempts: HookAttempt[]; etag: string | null } | null> {
    const attempts: HookAttempt[] = [];
    let cursor: string | null = null;
    let etag: string | null = null;
    for (let pages = 0; pages < maxPages; pages += 1) {
      const response = await this.#get(cursor, signal);
      if (response === null) return null;
      etag ??= response.headers['etag'] ?? null;
      const read = page.safeParse(await response.json(maxPageBytes));
      if (!read.success) throw new Unavailable('HOOK_UNREADABLE', 'GitHub answers with no list of deliveries');
      attempts.push(...read.data.map(attemptOf).filter(({ atMs }) => atMs >= sinceMs));
      cursor = cursorOf(response.headers['link']);
      const oldest = read.data.at(-1);
      if (cursor === null || !oldest || Date.parse(oldest.delivered_at) < sinceMs || isNearLimit(response)) break;
    }
    return { attempts, etag };
  }

  /** Records that the attempts that were read need no action, so that they are not read again. */
  settled(etag: string | null): void {
    this.#etag = etag;
  }

  /**
   * Requests one redelivery; false if GitHub no longer has the delivery. @throws as
   * {@link attempts}
   */
  async redeliver(id: number, signal: AbortSignal): Promise<boolean> {
    try {
      const response = await this.#request(`deliveries/${id}/attempts`, { method: 'POST', signal });
      await response.discard();
      return true;
    } catch (error) {
      if (error instanceof NotFound) return false;
      throw error;
    }
  }

  /**
   * Takes only the cursor from GitHub's response: the URL is configured. Null if nothing changed
   * (304).
   */
  async #get(cursor: string | null, signal: AbortSignal): Promise<EgressResponse | null> {
    const query = new URLSearchParams({ per_page: String(pageSize), ...(cursor !== null && { cursor }) });
    const headers: Record<string, string> =
      cursor === null && this.#etag !== null ? { 'if-none-match': this.#etag } : {};
    const response = await this.#request(`deliveries?${query.toString()}`, { headers, signal });
    if (response.status !== 304) return response;
    await response.discard();
    return null;
  }

  async #request(path: string, { headers, ...request }: EgressRequest): Promise<EgressResponse> {
    const { url, hook, token, allowPrivate } = this.settings;
    const response = await this.egress.request(`${url.replace(/(?<!\/)\/+$/, '')}/${hook}/${path}`, {
      ...request,
      headers: {
        accept: 'application/vnd.github+json',
        'user-agent': 'tidewaiter',
        'x-github-api-version': '2022-11-28',
        ...headers,
      },
      credentials: { authorization: new Secret(`Bearer ${token.reveal()}`) },
      allowPrivate,
    });
    if (response.status < 300 || response.status === 304) return response;
    await response.discard();
    throw refusal(response, Date.now());
  }
}

function attemptOf({
  id,
  guid,
  delivered_at: at,
  status_code: status,
  event,
}: z.output<typeof page>[number]): HookAttempt {
  return { id, guid, atMs: Date.parse(at), status, event };
}

/** @see https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function cursorOf(link: string | undefined): string | null {
  const next = /<([^<>]{1,2000})>; rel="next"/.exec(link ?? '')?.[1];
  return next === undefined ? null : (URL.parse(next)?.searchParams.get('cursor') ?? null);
}

function isNearLimit({ headers }: EgressResponse): boolean {
  const remaining = Number(headers['x-ratelimit-remaining'] ?? Number.NaN);
  return remaining < sparedRequests;
}

/**
 * @see
 * https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
function refusal({ status, headers }: EgressResponse, nowMs: number): Error {
  const isLimited = headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0';
  if (status === 429 || (status === 403 && isLimited)) {
    return new Unavailable('HOOK_RATE_LIMITED', 'GitHub asks to come later', { retryAfterMs: waitMs(headers, nowMs) });
  }
  if (status === 401 || status === 403) {
    return new AccessDenied(
      'HOOK_FORBIDDEN',
      `GitHub answers ${status}: the token may not read the hook or deliver again`,
    );
  }
  // 422: too old to be redelivered.
  if (status === 404 || status === 422) return new NotFound('HOOK_UNKNOWN', `GitHub answers ${status}`);
  return new Unavailable('HOOK_UNAVAILABLE', `GitHub answers ${status}`);
}

function waitMs(headers: EgressResponse['headers'], nowMs: number): number {
  const asked = readRetryAfter(headers['retry-after'], nowMs, maxWaitMs);
  if (asked !== undefined) return asked;
  const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN) * 1_000 - nowMs;
  return Number.isFinite(reset) ? Math.min(Math.max(reset, 0), maxWaitMs) : 60_000;
}
