import type { EndingException, SummaryNoteLines } from '@tidewaiter/messages';
import type { TidewaiterSettings } from '@tidewaiter/runtime';
import type { ChannelHealth, ChannelHealths, SensorContacts, SensorHealth } from '@tidewaiter/store';

type Exception = TidewaiterSettings['rules']['exceptions'][number];

/**
 * Time before its end in which a summary lists an exception: enough to review it before its
 * findings count again.
 */
const soonMs = 7 * 86_400_000;

/** Collects the notes of a summary: exceptions that end soon, and health problems. */
export class SummaryNotes {
  constructor(
    private readonly exceptions: readonly Exception[],
    private readonly channels: ChannelHealths,
    private readonly sensors: SensorContacts,
  ) {}

  async now(): Promise<SummaryNoteLines> {
    const channels = await this.channels.list();
    const sensors = await this.sensors.list();
    return { ending: endingSoon(this.exceptions, new Date()), health: healthLines(channels, sensors) };
  }
}

/** Active exceptions that end soon, the next first. */
export function endingSoon(exceptions: readonly Exception[], now: Date): EndingException[] {
  return exceptions
    .flatMap(({ until, ...exception }) => (until === null ? [] : [{ ...exception, until }]))
    .filter(({ until }) => until > now && until.getTime() - now.getTime() <= soonMs)
    .toSorted((a, b) => a.until.getTime() - b.until.getTime())
    .map(({ finding, until, reason, owner, source }) => ({ finding, until, reason, owner, source }));
}

/** One line for each channel that accepts no messages, and for each stale sensor. */
export function healthLines(channels: readonly ChannelHealth[], sensors: readonly SensorHealth[]): string[] {
  return [
    ...channels
      .filter(({ state }) => state !== 'healthy')
      .map(({ receiver, channel, state, since, lastFailure }) =>
        [`${channel} of ${receiver} is ${state}${since ? ` since ${minuteOf(since)}` : ''}`, lastFailure?.reason]
          .filter(Boolean)
          .join(': '),
      ),
    ...sensors.flatMap(({ sensor, silentSince }) =>
      silentSince === null ? [] : [`Sensor ${sensor} is silent since ${minuteOf(silentSince)}`],
    ),
  ];
}

function minuteOf(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
