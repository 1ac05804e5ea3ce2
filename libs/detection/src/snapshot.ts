import { InvalidInput } from '@tidewaiter/domain';

/** Parses a snapshot. @throws InvalidInput `SNAPSHOT_UNREADABLE` */
export function readSnapshot<State extends { format: string }>(bytes: Uint8Array, format: State['format']): State {
  let state: { format?: unknown } | null;
  try {
    state = JSON.parse(Buffer.from(bytes).toString('utf8')) as { format?: unknown } | null;
  } catch (cause) {
    throw new InvalidInput('SNAPSHOT_UNREADABLE', 'the saved detection state is not JSON', { cause });
  }
  if (state?.format !== format)
    throw new InvalidInput('SNAPSHOT_UNREADABLE', `the saved detection state is not ${format}`);
  return state as State;
}
