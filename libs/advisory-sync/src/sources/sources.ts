import { InvalidInput } from '@tidewaiter/domain';

import { amazon, amazonAmi } from './amazon.js';
import { endOfLife } from './end-of-life.js';
import { epss, euKev, kev, vulncheckKev } from './exploitation.js';
import type { FeedSource, SourceName } from './feed-source.js';
import { nvd } from './nvd.js';
import { oracle } from './oracle.js';
import { osv } from './osv.js';
import { redhatRepositories } from './redhat-repositories.js';
import { redhat } from './redhat.js';
import { suse } from './suse.js';

/** In the order of a sync. A new source is a file and a line here, and its name in `SourceName`. */
export const feedSources: readonly FeedSource[] = [
  osv,
  kev,
  vulncheckKev,
  euKev,
  epss,
  endOfLife,
  nvd,
  amazon,
  amazonAmi,
  oracle,
  redhat,
  redhatRepositories,
  suse,
];

/** Addresses of the sources; null for those that are not requested. */
export type AdvisoryPlaces = Record<SourceName, string | null>;

/** Addresses that an operator configured, by source. */
export type NamedPlaces = Partial<Record<SourceName, string | undefined>>;

/**
 * Returns the public places of the usual sources, or, once one source is configured, only
 * configured ones: an operator with a mirror may not want requests to leave the network.
 */
export function placesOf(named: NamedPlaces): AdvisoryPlaces {
  const isAnyNamed = feedSources.some(({ name }) => named[name] !== undefined);
  const placeOf = ({ name, isUsual, publicUrl }: FeedSource) =>
    isAnyNamed ? (named[name] ?? null) : isUsual ? publicUrl : null;
  return Object.fromEntries(feedSources.map((source) => [source.name, placeOf(source)])) as AdvisoryPlaces;
}

/**
 * Parses sources: `amazon` for the public address, `amazon=https://mirror.example` for another.
 * @throws InvalidInput `SOURCE_UNKNOWN`
 */
export function readSources(texts: readonly string[]): NamedPlaces {
  const named: NamedPlaces = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    const [name, url] = equals === -1 ? [text, undefined] : [text.slice(0, equals), text.slice(equals + 1)];
    const source = feedSources.find((each) => each.name === name.trim());
    const isWeb = url === undefined || (URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol));
    const place = url ?? source?.publicUrl ?? undefined;
    if (!source || !isWeb || place === undefined) {
      const names = feedSources.map((each) => each.name).join(', ');
      throw new InvalidInput('SOURCE_UNKNOWN', `"${text}" is no source: give one of ${names}, or NAME=URL`);
    }
    named[source.name] = place;
  }
  return named;
}
