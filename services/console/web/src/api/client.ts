import createClient, { type Middleware } from 'openapi-fetch';

import type { paths } from './openapi.js';
import { ApiProblem, unreachable } from './problem.js';

/** Answers whose `ETag` is sent again, so that polling an unchanged incident costs no queries. */
const maxKnown = 50;
const known = new Map<string, { etag: string; body: string }>();

const withEtags: Middleware = {
  onRequest({ request }) {
    const answer = request.method === 'GET' ? known.get(request.url) : undefined;
    if (answer) request.headers.set('if-none-match', answer.etag);
    return request;
  },
  async onResponse({ request, response }) {
    const answer = known.get(request.url);
    if (response.status === 304 && answer) return new Response(answer.body, { status: 200 });
    const etag = response.headers.get('etag');
    if (etag !== null && response.ok && request.method === 'GET') {
      known.set(request.url, { etag, body: await response.clone().text() });
      const [oldest] = known.keys();
      if (known.size > maxKnown && oldest !== undefined) known.delete(oldest);
    }
    return undefined;
  },
  onError() {
    return unreachable();
  },
};

/**
 * The API, typed by its OpenAPI document. The header proves that a change was asked for by this
 * page: other sites cannot add it.
 */
export const client = createClient<paths>({
  baseUrl: document.baseURI.replace(/\/$/, ''),
  headers: { 'x-tidewaiter-csrf': '1' },
});
client.use(withEtags);

/** Forgets answers of a session that has ended. */
export function forgetAnswers(): void {
  known.clear();
}

interface Answered<Data> {
  data?: Data | undefined;
  error?: unknown;
  response: Response;
}

/** @throws ApiProblem for every answer that is no success */
export async function answerOf<Data>(request: Promise<Answered<Data>>): Promise<Data> {
  const { data, error, response } = await request;
  if (response.ok) return data as Data;
  throw ApiProblem.of(response.status, error);
}
