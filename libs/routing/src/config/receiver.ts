import type { Section } from './section.js';
import { readSummarySchedule, type SummarySchedule } from './summary-schedule.js';
import { showName } from './yaml-document.js';

/** Configuration of a channel, as far as routing uses it. Its sender knows the rest. */
export interface ChannelConfig {
  /** Whether the channel also gets the message that the alerts are resolved. */
  sendResolved: boolean;
  /** Whether the channel gets the entries of the audit log; absent of kinds that cannot. */
  audit?: boolean;
}

/** Reader of one kind of channel, which already knows the defaults of `global`. */
export interface ChannelReader<Config extends ChannelConfig = ChannelConfig> {
  /** Reads one entry of `<kind>_configs`; undefined after noting a problem. */
  read(entry: Section): Config | undefined;
  /**
   * Whether a program reads the channel: it needs each group by itself, as its route groups them.
   */
  isForPrograms: boolean;
  /** Whether it gets images, and no messages: the routes do not concern it. */
  isForImages: boolean;
  /**
   * Whether the channel shows the current state of a subject, so that it gets every change; the
   * others get only news.
   */
  follows(config: Config): boolean;
}

/** Builds the readers of the kinds of channel, in the order of the integrations of a receiver. */
export type ChannelReaders = (global: Section) => Iterable<readonly [kind: string, ChannelReader]>;

/**
 * One channel of a receiver. The receiver's name, `kind` and `index` identify it, as in
 * `slack_configs[0]`.
 */
export interface Integration {
  kind: string;
  index: number;
  config: ChannelConfig;
  isForPrograms: boolean;
  follows: boolean;
}

/** Named list of channels; one without integrations discards its alerts on purpose. */
export interface ReceiverConfig {
  name: string;
  integrations: Integration[];
  /** Channels that get images, and no messages. */
  uploads: Integration[];
  /**
   * Times at which collected messages go out as one summary; null: each message goes out when it
   * comes.
   */
  summary: SummarySchedule | null;
  /**
   * Name of the receiver that takes over when a channel of this one stops accepting messages; an
   * extension of Tidewaiter.
   */
  fallback: string | null;
}

/** Channel kinds of Alertmanager that Tidewaiter does not support, with the reason. */
const missingKinds = {
  msteams_configs: ' (the connectors of Office 365 have ended; use msteamsv2_configs)',
  jsm_configs: '',
  jsmops_configs: '',
  signl4_configs: '',
};

/** Reads `receivers`, by name. */
export function readReceivers(
  root: Section,
  readers: readonly (readonly [kind: string, ChannelReader])[],
): Map<string, ReceiverConfig> {
  const receivers = new Map<string, ReceiverConfig>();
  for (const section of root.sections('receivers')) {
    const name = section.scalar('name');
    if (name === undefined) section.problem('name', 'is required');
    else if (receivers.has(name)) section.problem('name', 'another receiver has this name');
    const channelsOf = (isForImages: boolean) =>
      readers.flatMap(([kind, reader]) =>
        reader.isForImages === isForImages ? readIntegrations(section, kind, reader) : [],
      );
    const [integrations, uploads] = [channelsOf(false), channelsOf(true)];
    const summary = readSummarySchedule(section);
    const fallback = section.scalar('fallback') ?? null;
    readMissingKinds(section, integrations.length + uploads.length > 0);
    section.finish();
    if (name !== undefined) receivers.set(name, { name, integrations, uploads, summary, fallback });
  }
  for (const [index, { fallback }] of [...receivers.values()].entries()) {
    if (fallback !== null && !receivers.has(fallback))
      root.problem(`receivers[${index}].fallback`, `no receiver ${showName(fallback)}`);
  }
  return receivers;
}

/** Refuses unsupported channels of a receiver that has no other one; warns if it has one. */
function readMissingKinds(section: Section, hasChannel: boolean): void {
  for (const [key, why] of Object.entries(missingKinds)) {
    if (!section.skip(key)) continue;
    if (hasChannel) section.ignored(key, why);
    else section.unsupported(key, why);
  }
}

function readIntegrations(section: Section, kind: string, reader: ChannelReader): Integration[] {
  return section.sections(`${kind}_configs`).flatMap((entry, index) => {
    const config = reader.read(entry);
    if (config === undefined) return [];
    return [{ kind, index, config, isForPrograms: reader.isForPrograms, follows: reader.follows(config) }];
  });
}
