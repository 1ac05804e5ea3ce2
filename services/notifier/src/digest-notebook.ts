import type { DigestNotes, EndingException } from '@tidewaiter/messages';
import type { TidewaiterSettings } from '@tidewaiter/runtime';
import type { ChannelHealth, ChannelHealths, SensorContacts, SensorHealth } from '@tidewaiter/store';

type Exception = TidewaiterSettings['rules']['exceptions'][number];

/** An exception is told of when it ends within this: time enough to look at it again before what it covers counts. */
const soonMs = 7 * 86_400_000;

/** What a digest says beside what came. */
export class DigestNotebook {
  constructor(
    private readonly exceptions: readonly Exception[],
    private readonly channels: ChannelHealths,
    private readonly sensors: SensorContacts,
  ) {}

  async now(): Promise<DigestNotes> {
    const channels = await this.channels.list();
    const sensors = await this.sensors.list();
    return { ending: endingSoon(this.exceptions, new Date()), health: healthLines(channels, sensors) };
  }
}

/** Exceptions that hold and end soon, the next first. */
export function endingSoon(exceptions: readonly Exception[], now: Date): EndingException[] {
  return exceptions
    .flatMap(({ until, ...exception }) => (until === null ? [] : [{ ...exception, until }]))
    .filter(({ until }) => until > now && until.getTime() - now.getTime() <= soonMs)
    .toSorted((a, b) => a.until.getTime() - b.until.getTime())
    .map(({ finding, until, reason, owner, source }) => ({ finding, until, reason, owner, source }));
}

/** A line for each channel that takes no messages, and for each sensor that is silent. */
export function healthLines(channels: readonly ChannelHealth[], sensors: readonly SensorHealth[]): string[] {
  return [
    ...channels
      .filter(({ state }) => state !== 'working')
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
