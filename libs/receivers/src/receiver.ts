import type { ChannelConfig, Section } from '@tidewaiter/routing';

import { type HttpConfig, readHttpConfig } from './http-config.js';
import type { ChannelSender } from './sender.js';

/** Reads one entry of `<kind>_configs`; undefined after noting a problem. */
type ReadEntry<Config> = (entry: Section) => Config | undefined;

/**
 * One kind of channel, whole: how it is configured, what it is to routing, and what sends to it.
 */
export interface Receiver<Config extends ChannelConfig> {
  /** Prefix of its `_configs` key. */
  kind: string;
  /** Builds the reader of an entry from the defaults of `global`. */
  reader(global: Section, http: HttpConfig): ReadEntry<Config>;
  /**
   * Whether a program reads the channel: it needs each group by itself, as its route groups them.
   */
  isForPrograms: boolean;
  /** Whether it gets pushed images in place of messages. */
  isForImages: boolean;
  /**
   * Whether the channel shows the current state of a subject, so that it gets every change; the
   * others get only news.
   */
  follows(config: Config): boolean;
  /** Loads the sender on first use: what only reads a configuration loads no client. */
  sender(): Promise<ChannelSender<Config>>;
}

interface Definition<Config extends ChannelConfig, Defaults> extends Pick<Receiver<Config>, 'kind' | 'sender'> {
  /** Reads the defaults of the kind in `global`. */
  defaults?(global: Section): Defaults;
  /** Reads one entry, whose `http_config` is read already; undefined after noting a problem. */
  read(entry: Section, http: HttpConfig, defaults: Defaults): Config | undefined;
  isForPrograms?: boolean;
  isForImages?: boolean;
  follows?(config: Config): boolean;
  /**
   * False for a channel that is not reached over HTTP: an `http_config` is an unknown key there.
   */
  isHttp?: boolean;
}

/** Declares a kind of channel. */
export function receiver<Config extends ChannelConfig, Defaults = undefined>({
  kind,
  defaults,
  read,
  isForPrograms = false,
  isForImages = false,
  follows = () => false,
  isHttp = true,
  sender,
}: Definition<Config, Defaults>): Receiver<Config> {
  return {
    kind,
    isForPrograms,
    isForImages,
    follows,
    sender,
    reader(global, http) {
      const known = defaults?.(global) as Defaults;
      return (entry) => read(entry, isHttp ? readHttpConfig(entry, http) : http, known);
    },
  };
}
