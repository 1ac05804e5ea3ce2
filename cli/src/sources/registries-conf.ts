import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';
import { parse } from 'smol-toml';
import { z } from 'zod';

import { environment } from '../context.js';

/** A host with what its repositories begin with, and how it is spoken to. */
export interface RegistryLocation {
  /** `registry.example.com/org/app`: what stands for the name that was asked for. */
  name: string;
  isInsecure: boolean;
}

export interface MirrorPlace extends RegistryLocation {
  gives: 'digests' | 'tags' | 'both';
}

/** Where an image is read from. */
export interface ImagePlaces {
  origin: RegistryLocation;
  /** Asked first, in this order. */
  mirrors: MirrorPlace[];
}

const maxFileBytes = 1024 * 1024;

const mirror = z.object({
  location: z.string().min(1),
  insecure: z.boolean().default(false),
  'pull-from-mirror': z.enum(['all', 'digest-only', 'tag-only']).default('all'),
});

const registry = z
  .object({
    prefix: z.string().optional(),
    location: z.string().optional(),
    insecure: z.boolean().default(false),
    blocked: z.boolean().default(false),
    'mirror-by-digest-only': z.boolean().default(false),
    mirror: z.array(mirror).max(64).default([]),
  })
  .refine(({ prefix, location }) => prefix || location, 'needs a prefix or a location');

type RegistryEntry = z.output<typeof registry>;

const file = z.object({ registry: z.array(registry).max(10_000).default([]) });

const given = { all: 'both', 'digest-only': 'digests', 'tag-only': 'tags' } as const;

/**
 * Sources from which the containers tools of this machine (Podman, Buildah, Skopeo, CRI-O) read an
 * image, by `registries.conf`, version 2.
 * @param name host and repository
 * @throws InvalidInput `REGISTRIES_CONF` when a file is not readable, `REGISTRY_BLOCKED` when it
 * forbids this image
 * @see https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md
 */
export async function placesOf(name: string): Promise<ImagePlaces> {
  return choosePlaces(name, await readEntries());
}

/**
 * The pure part of {@link placesOf}: the longest prefix that fits counts alone, of the same prefix
 * the last.
 */
export function choosePlaces(name: string, entries: readonly RegistryEntry[]): ImagePlaces {
  let chosen: { entry: RegistryEntry; matched: string } | undefined;
  for (const entry of entries) {
    const matched = matchedPart(name, prefixOf(entry));
    if (matched !== undefined && prefixOf(entry).length >= (chosen ? prefixOf(chosen.entry).length : 0)) {
      chosen = { entry, matched };
    }
  }
  if (!chosen) return { origin: { name, isInsecure: false }, mirrors: [] };
  const { entry, matched } = chosen;
  if (entry.blocked) throw new InvalidInput('REGISTRY_BLOCKED', `registries.conf blocks ${prefixOf(entry)}`);
  const rest = name.slice(matched.length);
  return {
    origin: { name: (entry.location || matched) + rest, isInsecure: entry.insecure },
    mirrors: entry.mirror.map((each) => ({
      name: each.location + rest,
      isInsecure: each.insecure,
      gives: entry['mirror-by-digest-only'] ? 'digests' : given[each['pull-from-mirror']],
    })),
  };
}

function prefixOf({ prefix, location }: RegistryEntry): string {
  return (prefix || location || '').replace(/(?<!\/)\/+$/, '');
}

/** The beginning of a name that a prefix stands for; `*.example.com` for every host below that. */
function matchedPart(name: string, prefix: string): string | undefined {
  if (prefix.startsWith('*.')) {
    const host = name.split('/', 1)[0]!;
    const end = host.replace(/:\d+$/, '').endsWith(prefix.slice(1)) || host.endsWith(prefix.slice(1));
    return end ? host : undefined;
  }
  return name === prefix || name.startsWith(`${prefix}/`) ? prefix : undefined;
}

async function readEntries(): Promise<RegistryEntry[]> {
  const user = join(environment['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'containers');
  const named = environment['CONTAINERS_REGISTRIES_CONF'];
  const own = join(user, 'registries.conf');
  const main = named
    ? await readOne(named, true)
    : ((await readOne(own)) ?? (await readOne('/etc/containers/registries.conf')));
  const entries = [...(main ?? [])];
  for (const folder of ['/etc/containers/registries.conf.d', `${own}.d`]) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((each) => each.endsWith('.conf')).toSorted()) {
      entries.push(...((await readOne(join(folder, name))) ?? []));
    }
  }
  return entries;
}

async function readOne(path: string, isNeeded = false): Promise<RegistryEntry[] | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && !isNeeded) return undefined;
    throw new InvalidInput('REGISTRIES_CONF', `cannot read ${path}`, { cause: error });
  });
  return text === undefined ? undefined : parseRegistriesConf(text, path);
}

/**
 * The `[[registry]]` tables of one file.
 * @throws InvalidInput `REGISTRIES_CONF`; what is forbidden there must not be overlooked because a
 * file has a mistake
 */
export function parseRegistriesConf(text: string, path: string): RegistryEntry[] {
  const invalid = (what: string, cause?: unknown) => new InvalidInput('REGISTRIES_CONF', `${path} ${what}`, { cause });
  if (text.length > maxFileBytes) throw invalid('is over 1 MiB');
  let tables: unknown;
  try {
    tables = parse(text, { unsafeKeyBehaviour: 'drop' });
  } catch (cause) {
    throw invalid('is not TOML', cause);
  }
  if (typeof tables === 'object' && tables !== null && 'registries' in tables)
    throw invalid('has the format of version 1, [registries.…]; write [[registry]] instead');
  const read = file.safeParse(tables);
  if (read.success) return read.data.registry;
  throw invalid(read.error.issues.map(({ path: at, message }) => `${at.join('.')}: ${message}`).join('; '));
}
