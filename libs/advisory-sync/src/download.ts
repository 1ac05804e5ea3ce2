import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { InvalidInput, LimitExceeded, NotFound, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { type Egress, type EgressRequest, type EgressResponse, readRetryAfter } from '@tidewaiter/egress';

import { checkDigests } from './digests.js';

export interface DownloadRequest {
  url: string;
  /** Validators of the known content; then only newer content is downloaded. */
  known: { etag: string | null; lastModified: string | null } | null;
  /** Folder for the file, and for the part of an interrupted download. */
  folder: string;
  maxBytes: number;
  request: Pick<EgressRequest, 'allowPrivate' | 'signal' | 'tls'>;
  onBytes(bytes: number, totalBytes: number | null): void;
  /** Pauses before each retry; the number of attempts is one more. */
  retryDelaysMs?: readonly number[];
}

/** Complete file, as far as the server states. The reader removes it. */
export interface DownloadedFile {
  path: string;
  etag: string | null;
  lastModified: string | null;
  remove(): Promise<void>;
}

const defaultRetryDelaysMs = [500, 2_000, 5_000];
/** Limit on a wait that a server requests; after a longer one the next sync must retry. */
const maxRetryAfterMs = 30_000;
/** Longest wait that a server may request before the next sync. */
const maxAskedMs = 86_400_000;
const maxRedirects = 5;

/** State of an unfinished file: a resumed download must continue the same file. */
interface PartState {
  url: string;
  etag: string | null;
  lastModified: string | null;
  totalBytes: number | null;
}

/**
 * Downloads a file, resumes an interrupted download, and verifies length and digests; null if there
 * is nothing newer.
 * @throws NotFound `FEED_MISSING`
 * @throws Unavailable `FEED_UNAVAILABLE`, `FEED_TRUNCATED`, `EGRESS_…`
 * @throws InvalidInput `FEED_REFUSED`, `FEED_DIGEST`, `EGRESS_…`
 * @throws LimitExceeded `maxBytes`
 */
export async function download(egress: Egress, request: DownloadRequest): Promise<DownloadedFile | null> {
  const part = await Part.claim(request.folder, request.url);
  const delays = request.retryDelaysMs ?? defaultRetryDelaysMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await attemptDownload(egress, request, part);
    } catch (cause) {
      const error = explained(cause);
      const delayMs = delays[attempt];
      const isWorthWhile = error instanceof TidewaiterError && error.retryable && delayMs !== undefined;
      if (!isWorthWhile) {
        // Wrong content, unlike unfinished content, must not be continued.
        if (error instanceof InvalidInput || error instanceof LimitExceeded) await part.remove();
        throw error;
      }
      const asked = error instanceof Unavailable ? (error.retryAfterMs ?? 0) : 0;
      await sleep(Math.max(delayMs, Math.min(asked, maxRetryAfterMs)), undefined, { signal: request.request.signal });
    }
  }
}

/** A full disk is an environment error, not a bug. */
function explained(error: unknown): unknown {
  const code = error instanceof TidewaiterError ? '' : String((error as NodeJS.ErrnoException).code);
  if (!['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS'].includes(code)) return error;
  const message = `the download cannot be written (${code})`;
  return new Unavailable('FEED_UNWRITABLE', message, { cause: error, retryable: false });
}

async function attemptDownload(egress: Egress, request: DownloadRequest, part: Part): Promise<DownloadedFile | null> {
  const have = await part.size();
  const response = await egress.request(request.url, {
    ...request.request,
    headers: { 'accept-encoding': 'identity', ...conditions(have, part.state, request.known) },
    maxRedirects,
  });
  const isComplete = have > 0 && have === part.state?.totalBytes;
  if (response.status === 304 && (isComplete || request.known)) {
    await response.discard();
    return isComplete ? part.finished() : null;
  }
  if (response.status === 200) {
    await part.begin(stateOf(request.url, response));
    return receive(response, request, part, 0);
  }
  if (response.status === 206 && continues(response, have, part.state)) return receive(response, request, part, have);
  await response.discard();
  if (response.status === 206 || response.status === 416) {
    await part.remove();
    throw new Unavailable('FEED_TRUNCATED', 'the server cannot go on where it was interrupted');
  }
  throw refusal(response);
}

/** Headers that request the rest of an unfinished file, else newer content. */
function conditions(have: number, state: PartState | null, known: DownloadRequest['known']): Record<string, string> {
  const validator = state && validatorOf(state);
  if (have > 0 && state && validator !== null) {
    if (have === state.totalBytes) return ifChanged(state);
    return { range: `bytes=${have}-`, 'if-range': validator };
  }
  return known ? ifChanged(known) : {};
}

function ifChanged({ etag, lastModified }: NonNullable<DownloadRequest['known']>): Record<string, string> {
  return {
    ...(etag !== null && { 'if-none-match': etag }),
    ...(lastModified !== null && { 'if-modified-since': lastModified }),
  };
}

/**
 * A weak validator does not guarantee equal bytes. @see
 * https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5
 */
function validatorOf({ etag, lastModified }: PartState): string | null {
  return etag !== null && !etag.startsWith('W/') ? etag : lastModified;
}

function stateOf(url: string, { headers }: EgressResponse): PartState {
  return {
    url,
    etag: headers['etag'] ?? null,
    lastModified: headers['last-modified'] ?? null,
    totalBytes: readCount(headers['content-length']),
  };
}

/** Whether a partial response continues the same file. */
function continues({ headers }: EgressResponse, have: number, state: PartState | null): boolean {
  const [, start, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (state === null || Number(start) !== have) return false;
  const isSameSize = state.totalBytes === null || Number(total) === state.totalBytes;
  return isSameSize && (headers['etag'] === undefined || state.etag === null || headers['etag'] === state.etag);
}

async function receive(
  response: EgressResponse,
  { maxBytes, onBytes }: DownloadRequest,
  part: Part,
  have: number,
): Promise<DownloadedFile> {
  const totalBytes = part.state?.totalBytes ?? null;
  let bytes = have;
  await using file = await part.open(have);
  if ((totalBytes ?? 0) > maxBytes) throw tooLarge(maxBytes);
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    await file.appendFile(chunk);
    onBytes(bytes, totalBytes);
  }
  if (totalBytes !== null && bytes !== totalBytes) {
    throw new Unavailable('FEED_TRUNCATED', `the server sent ${bytes} of ${totalBytes} bytes`);
  }
  await checkDigests(part.path, response.headers, response.status === 206);
  return part.finished();
}

function tooLarge(maxBytes: number): LimitExceeded {
  return new LimitExceeded('maxBytes', `the server sends more than ${maxBytes} bytes`);
}

function refusal({ status, headers }: EgressResponse): TidewaiterError {
  if (status === 404 || status === 410) return new NotFound('FEED_MISSING', `the server does not have it (${status})`);
  const message = `the server answers ${status}`;
  if (status === 429 || status >= 500) {
    const retryAfterMs = readRetryAfter(headers['retry-after'], Date.now(), maxAskedMs);
    return new Unavailable('FEED_UNAVAILABLE', message, { retryAfterMs });
  }
  return new InvalidInput('FEED_REFUSED', message);
}

function readCount(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Bytes of a running download, with its state. */
class Part {
  private constructor(
    readonly path: string,
    public state: PartState | null,
  ) {}

  /** Takes over the files of a process that ended; two running processes never share one. */
  static async claim(folder: string, url: string): Promise<Part> {
    await mkdir(folder, { recursive: true });
    const key = createHash('sha256').update(url).digest('hex').slice(0, 32);
    const path = join(folder, `${key}.${process.pid}.part`);
    const left = (await readdir(folder)).filter((name) => name.startsWith(`${key}.`) && name.endsWith('.part'));
    const orphan = left.find((name) => join(folder, name) === path || !isRunning(Number(name.split('.')[1])));
    if (orphan !== undefined) await adopt(join(folder, orphan), path);
    const part = new Part(path, null);
    part.state = await part.#readState(url);
    return part;
  }

  async size(): Promise<number> {
    return this.state === null ? 0 : ((await stat(this.path).catch(() => undefined))?.size ?? 0);
  }

  async begin(state: PartState): Promise<void> {
    this.state = state;
    await rm(this.path, { force: true });
    await writeFile(`${this.path}.json`, JSON.stringify(state));
  }

  async open(from: number): Promise<FileHandle> {
    return open(this.path, from === 0 ? 'w' : 'a');
  }

  finished(): DownloadedFile {
    const { etag = null, lastModified = null } = this.state ?? {};
    return { path: this.path, etag, lastModified, remove: () => this.remove() };
  }

  async remove(): Promise<void> {
    this.state = null;
    await Promise.all([rm(this.path, { force: true }), rm(`${this.path}.json`, { force: true })]);
  }

  async #readState(url: string): Promise<PartState | null> {
    try {
      const state = JSON.parse(await readFile(`${this.path}.json`, 'utf8')) as PartState;
      return state.url === url ? state : null;
    } catch {
      return null;
    }
  }
}

async function adopt(from: string, to: string): Promise<void> {
  if (from === to) return;
  await rename(`${from}.json`, `${to}.json`).catch(() => undefined);
  await rename(from, to).catch(() => undefined);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It may be a process of another user, which we may not signal.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
