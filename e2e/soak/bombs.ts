/** Nine images whose layers expand and nine compressed bodies of a sensor, sent at once. */
import { gzipSync } from 'node:zlib';

import { tarArchive } from '@tidewaiter/testkit';

import { imageOf, push, type SmallImage } from '../faults/images.ts';
import { Load, repository } from '../faults/load.ts';
import type { FaultyPlatform } from '../faults/platform.ts';
import type { SeededRandom } from '../faults/random.ts';
import { sensorToken } from '../faults/rig-files.ts';

const count = 9;
const zeros = 2 ** 28;
const manyPackages = 60_000;
/** Just below the limit on an unpacked body. */
const bodyBytes = 60 * 2 ** 20;
const answerWithinMs = 240_000;

export class Bombs {
  readonly #images: readonly SmallImage[];
  readonly #bodies: readonly Buffer[];

  private constructor(images: readonly SmallImage[], bodies: readonly Buffer[]) {
    this.#images = images;
    this.#bodies = bodies;
  }

  /** Blocks this process for seconds, so that no platform may run behind its proxies yet. */
  static async build(): Promise<Bombs> {
    const images: SmallImage[] = [];
    for (let index = 0; index < count; index += 1)
      images.push(await imageOf([index % 2 === 0 ? layerOfZeros(index) : layerOfPackages(index)]));
    const bodies = Array.from({ length: count }, (_, index) => gzipSync(index % 2 === 0 ? longText() : noText()));
    return new Bombs(images, bodies);
  }

  async upload({ registry }: FaultyPlatform): Promise<void> {
    for (const [index, image] of this.#images.entries()) await push(registry, repository, `bomb-${index}`, image);
  }

  /** Sends everything at once; returns the answers of the sensor's requests. */
  async send(platform: FaultyPlatform, random: SeededRandom): Promise<number[]> {
    const [answers] = await Promise.all([
      Promise.all(this.#bodies.map(async (body) => post(platform, body))),
      ...this.#images.map(async (image, index) => {
        const load = new Load(platform, [image], random);
        await load.pushTagged(`burst-${index}`, 'generic');
      }),
    ]);
    return answers;
  }
}

async function post({ ingestUrl }: FaultyPlatform, body: Buffer): Promise<number> {
  const answer = await fetch(`${ingestUrl}/hooks/runtime/tetragon`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sensorToken}`, 'content-encoding': 'gzip' },
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(answerWithinMs),
  }).catch(() => null);
  await answer?.text().catch(() => null);
  return answer?.status ?? 0;
}

function layerOfZeros(index: number): Buffer {
  return tarArchive([{ path: `zeros-${index}`, content: Buffer.alloc(zeros) }]);
}

function layerOfPackages(index: number): Buffer {
  const license = 'x'.repeat(2_000);
  return tarArchive(
    Array.from({ length: manyPackages }, (_, number) => ({
      path: `srv/node_modules/p${index}-${number}/package.json`,
      content: JSON.stringify({ name: `p${index}-${number}`, version: '1.0.0', license }),
    })),
  );
}

function longText(): Buffer {
  const text = 'x'.repeat(bodyBytes);
  return Buffer.from(JSON.stringify({ process_exec: { process: { exec_id: 'a', arguments: text } }, node_name: 'n' }));
}

function noText(): Buffer {
  return Buffer.alloc(bodyBytes);
}
