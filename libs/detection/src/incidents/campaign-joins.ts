import type { Observation } from '@tidewaiter/domain';
import { factField } from '@tidewaiter/facts';

import { isInImage } from '../events/declared-program.js';
import type { EventInputs } from '../events/event-inputs.js';

/**
 * World-writable folders, in-memory files and hidden files: attackers put payloads there, and
 * images have no programs there.
 */
const payloadPath =
  /^\/(?:dev\/(?:shm|mqueue)|run\/shm|tmp|var\/tmp)\/|^\/?memfd:|^\/(?:proc\/(?:self|\d+)|dev)\/fd\/\d+|\/\.[^/]+$/;

/**
 * Returns the kinds of extra keys by which an alert joins those of other workloads as one campaign.
 * A program that no image contains was brought in by an attacker: the same program or the same
 * destination elsewhere means the same attacker. Programs of an image legitimately share
 * destinations with many others, so they join nothing.
 */
export function campaignJoins(inputs: EventInputs): string[] {
  const { observation, facts } = inputs;
  const is = (field: string) => factField(field, observation, facts) === true;
  const isForeign = isForeignProgram(inputs);
  const isShared = is('Dest.Allowed') || is('Dest.PackageMirror') || is('Dest.ClusterDns') || !is('Dest.Public');
  return [
    'pool',
    'dropper',
    'url',
    ...(isForeign ? ['hash', 'program'] : []),
    ...(isForeign && !isShared ? ['destination', 'hostname', 'peer'] : []),
  ];
}

/** Findings of the scanner about attackers' programs that came with an image. */
export const hostileFindings: ReadonlySet<string> = new Set(['miner', 'attack-tool', 'shellcode', 'packed-executable']);

/**
 * Whether the program is hostile or not in the image; falls back to the path where the image is not
 * known.
 */
function isForeignProgram(inputs: EventInputs): boolean {
  const { observation, facts } = inputs;
  const { file, process } = observation;
  const path = process?.executable ?? '';
  // The facts of an access are about the file, not about the program.
  if (file === null || file.path === path) {
    if (hostileFindings.has(String(factField('File.Finding', observation, facts)))) return true;
    const inImage = isInImage(inputs);
    if (typeof inImage === 'boolean') return !inImage;
  }
  return payloadPath.test(path);
}

/** Keys that identify a campaign across workloads. */
export function campaignKeys({ cluster, process, network }: Observation): Record<string, string[]> {
  const pool = poolIn(process?.commandLine);
  const dropper = dropperIn(process?.commandLine) ?? dropperIn(process?.parentCommandLine);
  const path = process?.executable;
  return {
    pool: pool === undefined ? [] : [`pool:${pool}`],
    // A miner that is configured by a file reveals its pool by connecting to it.
    peer: network?.destinationIp ? [`pool:${network.destinationIp}`] : [],
    dropper: dropper === undefined ? [] : [`dropper:${dropper}`],
    url: urlsIn(process?.commandLine).map((url) => `url:${url}`),
    // Worms drop the same file everywhere. Numbers of descriptors and of processes say nothing.
    program: path && !/^\/?memfd:|\/fd\/\d+$/.test(path) ? [`program:${cluster ?? ''}/${path}`] : [],
  };
}

const maxUrls = 4;

/**
 * Returns the URLs with a path that a command names: the same in a written schedule, and in what
 * the schedule runs later. A bare host would join whatever uses the same service.
 */
function urlsIn(command: string | null | undefined): string[] {
  const urls = command?.match(/\b(?:https?|ftp):\/\/[\w.:@-]{3,128}\/[\w./%~+-]{1,256}/gi) ?? [];
  return [...new Set(urls)].slice(0, maxUrls);
}

/**
 * Returns the mining pool that a command names: by the protocol, or in miners' syntax, `-o
 * host:port`.
 */
function poolIn(command: string | null | undefined): string | undefined {
  const named = /\bstratum[0-9]?(?:\+[a-z]+)?:\/\/([a-z0-9.-]{1,253})/i.exec(command ?? '');
  const option =
    named ?? /(?:^|\s)(?:-o|--url)[= ]([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}):\d{2,5}(?=\s|$)/i.exec(command ?? '');
  return option?.[1]?.toLowerCase();
}

const privateIpv4 =
  /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])|22[4-9]|2[3-5]\d)\./;

/**
 * Returns the internet host from which a command downloads by its bare address. Host names would
 * join workloads that use the same mirror or code host.
 */
function dropperIn(command: string | null | undefined): string | undefined {
  const address = /\bhttps?:\/\/(\d{1,3}(?:\.\d{1,3}){3})(?=[:/\s"'?]|$)/i.exec(command ?? '')?.[1];
  return address === undefined || privateIpv4.test(address) ? undefined : address;
}
