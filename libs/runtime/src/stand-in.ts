import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** Answers of a service before its application runs, and while that stops. */
export interface StandIn {
  status: 'starting' | 'stopping';
  /** Servers that the start waits for, with reasons. */
  problems(): Record<string, string>;
}

const retryAfterSeconds = 2;

/** Serves health alone: the process lives, takes no work, and shows why. */
export function standInListener(standIn: StandIn): RequestListener {
  return (request, response) => {
    request.resume();
    const { status } = standIn;
    const isStarted = status === 'stopping';
    switch (pathOf(request)) {
      case '/livez':
        return answer(response, 200, { status: 'ok' });
      case '/startupz':
        return answer(response, isStarted ? 200 : 503, { status: isStarted ? 'ok' : status });
      case '/readyz':
        return answer(response, 503, { status, problems: standIn.problems(), configuration: 'ok' });
      default:
        response.setHeader('retry-after', retryAfterSeconds);
        response.setHeader('content-type', 'application/problem+json');
        return answer(response, 503, {
          ...{ type: 'about:blank', status: 503, code: 'SERVICE_NOT_READY' },
          title: `the service is ${status}`,
        });
    }
  };
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0]!;
}

function answer(response: ServerResponse, status: number, body: object): void {
  // The next request may reach another replica.
  response.setHeader('connection', 'close');
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'application/json; charset=utf-8');
  response.writeHead(status).end(JSON.stringify(body));
}
