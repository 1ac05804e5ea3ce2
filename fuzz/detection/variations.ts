/** Changes of a campaign that do not change what was done. */
import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import type { Random } from '../random.ts';
import { type Campaign, eventsOf, factsOf, type RecordedLine, type NodeSensor } from './campaign.ts';

/** Events of a campaign in their order of arrival, with its facts. */
export interface RecordedCampaign {
  events: RecordedLine[];
  facts: JsonObject;
}

type Change = (campaign: Campaign, random: Random) => Campaign;

/** Changes of names, paths, programs and addresses. */
const changes: Readonly<Record<string, Change>> = {
  names: (campaign, random) => {
    const places = new Set(campaign.deeds.flatMap((deed) => deed.in ?? []));
    const names = new Set([...places].flatMap((place) => [place.split('/')[0]!, place.split('/')[2]!]));
    const renamed = [...names]
      .filter((name) => !keptNames.has(name))
      .map((name) => [name, `${word(random)}-${word(random)}`] as const);
    return mapped(campaign, (text) => renamed.reduce((changed, [from, to]) => replaceName(changed, from, to), text));
  },
  addresses: (campaign, random) => {
    const [outside, control] = [100 + random.below(90), 100 + random.below(90)];
    const host = `${word(random)}.example.org`;
    return mapped(campaign, (text) =>
      text
        .replaceAll('203.0.113.77', `192.0.2.${outside}`)
        .replaceAll('198.51.100.44', `192.0.2.${control === outside ? control + 1 : control}`)
        .replaceAll(/\b[a-z]+\.example\.net\b/g, host),
    );
  },
  payloads: (campaign, random) => {
    const names = new Map<string, string>();
    return mapped(campaign, (text) =>
      text.replaceAll(/\/(?:tmp|var\/tmp|dev\/shm)\/(\.?)[\w.-]+/g, (path, dot: string) => {
        // A name may say what the program is: a miner is one by its name, too.
        if (/(?:psclient|kdevtmpfsi|etcdctl|docker|\.so\b|\.ko\b|memdump)/.test(path)) return path;
        const renamed = names.get(path) ?? `/${random.pick(['tmp', 'var/tmp', 'dev/shm'])}/${dot}${word(random)}`;
        names.set(path, renamed);
        return renamed;
      }),
    );
  },
  shells: (campaign, random) => {
    const shell = random.pick(['/bin/bash', '/usr/bin/dash', '/bin/dash', '/usr/bin/bash']);
    return mapped(campaign, (text) => text.replaceAll(/^\/bin\/sh -c /g, `${shell} -c `));
  },
  folders: (campaign, random) => {
    const folder = random.pick(['/bin', '/usr/local/bin']);
    return mapped(campaign, (text) =>
      text.replace(/^\/usr\/bin\/(curl|wget|python3|perl|ruby|ssh|tar)(?= |$)/, `${folder}/$1`),
    );
  },
};

const keptNames = new Set(['kube-system']);

function word(random: Random): string {
  return Array.from({ length: 4 }, () => random.pick('bdfgklmnprst'.split('')) + random.pick('aeiou'.split(''))).join(
    '',
  );
}

/** Replaces a name where it is a whole part of a path, a pod's name or an identity. */
function replaceName(text: string, from: string, to: string): string {
  return text.replaceAll(new RegExp(`(^|[/:])${from}(?=$|[/:-])`, 'g'), `$1${to}`);
}

function mapped(campaign: Campaign, change: (text: string) => string): Campaign {
  const { deeds, images, workloads, policy, workload } = campaign;
  return {
    ...campaign,
    workload: workload === null ? null : change(workload),
    deeds: deeds.map((deed) => mapTexts(deed as unknown as JsonObject, change)) as unknown as Campaign['deeds'],
    ...(images && { images: mapTexts(images, change) as Record<string, JsonObject> }),
    ...(workloads && { workloads: mapTexts(workloads, change) as Record<string, JsonObject> }),
    ...(policy && { policy: mapTexts(policy, change) as JsonObject }),
  };
}

function mapTexts(value: JsonValue, change: (text: string) => string): JsonValue {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [change(key), mapTexts(each, change)]));
}

/** Fields that a sensor may leave out, by their path. */
const optional: Readonly<Record<string, string[][]>> = {
  tetragon: [
    ['parent'],
    ['process', 'cwd'],
    ['process', 'auid'],
    ['process', 'start_time'],
    ['process', 'docker'],
    ['process', 'pod', 'workload'],
    ['process', 'pod', 'uid'],
  ],
  falco: [
    ['output_fields', 'proc.pcmdline'],
    ['output_fields', 'proc.cwd'],
    ['output_fields', 'container.name'],
    ['output_fields', 'user.name'],
    ['output_fields', 'container.image.tag'],
  ],
};

const latenessMs = 4_000;

/** Returns one variation, and the names of its changes. */
export function variationOf(campaign: Campaign, random: Random): { recording: RecordedCampaign; changed: string[] } {
  const chosen = Object.keys(changes).filter(() => random.oneIn(2));
  const varied = chosen.reduce((each, name) => changes[name]!(each, random), campaign);
  const reporter: NodeSensor = isByProcesses(varied) ? random.pick(['tetragon', 'falco', 'both'] as const) : 'tetragon';
  const events = eventsOf(varied, reporter);
  const isThinned = random.oneIn(2);
  const thinned = isThinned ? withoutOptional(events, random) : events;
  const repeated = thinned.flatMap((event) => (random.oneIn(5) ? [event, event] : [event]));
  return {
    recording: { events: shuffled(repeated, random), facts: factsOf(varied) },
    changed: [...chosen, reporter, ...(isThinned ? ['missing fields'] : [])],
  };
}

/** Whether Falco can report all its acts: it has no kernel hooks and no file mappings. */
function isByProcesses({ deeds }: Campaign): boolean {
  return deeds.every(({ hook, load }) => hook === undefined && load === undefined);
}

function withoutOptional(events: readonly RecordedLine[], random: Random): RecordedLine[] {
  const left = new Map(Object.entries(optional).map(([source, paths]) => [source, random.pick(paths)]));
  return events.map((event) => {
    const path = left.get(event.source);
    if (path === undefined) return event;
    const copy = structuredClone(event);
    const body = event.source === 'tetragon' ? Object.values(copy.event).find((each) => isObject(each)) : copy.event;
    remove(body, path);
    return copy;
  });
}

function remove(from: JsonValue | undefined, [name = '', ...rest]: string[]): void {
  if (!isObject(from)) return;
  if (rest.length === 0) delete from[name];
  else remove(from[name], rest);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shuffled(events: readonly RecordedLine[], random: Random): RecordedLine[] {
  return events
    .map((event) => ({ event, atMs: Date.parse(event.at) + random.below(latenessMs) }))
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ event }) => event);
}

/** Returns what came before the decisive act: ordinary life, or acts that are lawful alone. */
export function beforeDecisive(campaign: Campaign): Campaign {
  const marked = campaign.deeds.findIndex(({ isDecisive }) => isDecisive);
  const first = campaign.deeds.findIndex(({ isOrdinary, isUsual }) => !isOrdinary && !isUsual);
  return { ...campaign, deeds: campaign.deeds.slice(0, marked < 0 ? first : marked) };
}
