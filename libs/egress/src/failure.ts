import { InvalidInput, TidewaiterError, Unavailable } from '@tidewaiter/domain';

const timeouts = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);

const distrust =
  /^(?:CERT_.*|ERR_TLS_CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET|VERIFY)_.*|HOSTNAME_MISMATCH)$/;

/**
 * Maps a network error to one of our errors. Messages contain only scheme, host and port: paths and
 * queries contain secrets (Slack's webhooks, presigned URLs).
 */
export function egressFailure(origin: string, error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof TidewaiterError) return error;
  if (signal?.aborted && !isTimeout(signal.reason)) return signal.reason;
  const code = codeOf(error);
  if (signal?.aborted || isTimeout(error) || timeouts.has(code)) {
    return new Unavailable('EGRESS_TIMEOUT', `${origin} did not answer in time`, { cause: error });
  }
  if (distrust.test(code)) {
    const message = `${origin} shows a certificate that is not trusted (${code}); give its authority as ca`;
    return new Unavailable('EGRESS_UNTRUSTED', message, { cause: error, retryable: false });
  }
  // OpenSSL refused the client certificate before anything was sent: not PEM, or a key of another
  // certificate.
  if (code.startsWith('ERR_OSSL_')) {
    return new InvalidInput(
      'EGRESS_CERTIFICATE',
      `the client certificate and key for ${origin} are not usable (${code})`,
      {
        cause: error,
      },
    );
  }
  // The proxy hung up, has another certificate, or refused the request.
  if (code.startsWith('UND_ERR_PRX_') || property(error, 'message')?.startsWith('Proxy ')) {
    return new Unavailable('EGRESS_PROXY', `the proxy does not let us through to ${origin} (${code})`, {
      cause: error,
    });
  }
  if (code === 'UND_ERR_INVALID_ARG') {
    return new InvalidInput('EGRESS_REQUEST', `a request to ${origin} is malformed (method or header)`, {
      cause: error,
    });
  }
  return new Unavailable('EGRESS_UNREACHABLE', `${origin} cannot be reached (${code})`, { cause: error });
}

function isTimeout(error: unknown): boolean {
  return property(error, 'name') === 'TimeoutError';
}

function codeOf(error: unknown): string {
  return property(error, 'code') ?? 'broken connection';
}

// Not by `instanceof`: a DOMException and undici's errors share no class.
function property(error: unknown, name: 'name' | 'code' | 'message'): string | undefined {
  const value = typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}
