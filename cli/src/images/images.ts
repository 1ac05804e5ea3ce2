import { InvalidInput, isDigest, NotFound } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { checkListOptions, type ListFlags, listOptions } from '../lists/lists.js';
import { signedIn } from '../saved-sign-ins.js';
import { getApi, type Server } from '../server.js';
import { type ShownFinding, imageText, type StoredImage } from './image-text.js';

interface Hit {
  type: string;
  title: string;
  link: string;
}

const outputs = ['table', 'json'] as const;

/** Command that lists images of a platform, and shows one. */
export function imagesCommand(program: Command): void {
  listOptions(program.command('images'), 'images')
    .command('show')
    .description('show a stored image of a platform with its findings; `scan` reads one from a registry or file')
    .argument('<reference>', 'tag or digest: shop/web:1.4.0, sha256:…, or its first digits')
    .action(async (reference: string, _: object, command: Command) => {
      checkListOptions(command, { output: outputs, server: [], tokenFile: [], timeout: [] });
      const flags = command.optsWithGlobals<ListFlags>();
      const server = { ...flags, ...(await signedIn(flags)) };
      const digest = await digestOf(reference, server);
      const images = await getApi(`images?${query({ q: `digest=${digest}`, limit: '200' })}`, server, areImages);
      const findings = await getApi(`images/${digest}/findings`, server, areFindings);
      const text =
        flags.output === 'json'
          ? `${JSON.stringify({ digest, images: images.items, findings: findings.items }, null, 2)}\n`
          : imageText(images.items, findings.items, process.stdout);
      process.stdout.write(text);
    });
}

/**
 * Digest of the one image, or index, that a reference names.
 * @throws NotFound `IMAGE_UNKNOWN`; InvalidInput `REFERENCE_INVALID` for several
 */
async function digestOf(reference: string, server: Server): Promise<string> {
  const { items } = await getApi(`search?${query({ q: reference })}`, server, areHits);
  const hits = items.filter(({ type }) => type === 'tag' || type === 'image');
  const digests = new Set(hits.map(({ link }) => /sha256(?::|%3A)([0-9a-f]{64})/.exec(link)?.[1] ?? ''));
  const [digest] = [...digests].map((hex) => `sha256:${hex}`);
  if (digest === undefined || !isDigest(digest))
    throw new NotFound('IMAGE_UNKNOWN', `the platform has no image ${reference}`);
  if (digests.size === 1) return digest;
  throw new InvalidInput('REFERENCE_INVALID', `name one of ${hits.map(({ title }) => title).join(', ')}`);
}

function query(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString();
}

const areHits = (answer: unknown): answer is { items: Hit[] } => isList(answer);
const areImages = (answer: unknown): answer is { items: StoredImage[] } => isList(answer);
const areFindings = (answer: unknown): answer is { items: ShownFinding[] } => isList(answer);

function isList(answer: unknown): boolean {
  return Array.isArray((answer as { items?: unknown } | undefined)?.items);
}
