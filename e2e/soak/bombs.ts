/** Nine images whose layers expand and nine compressed bodies of a sensor, sent at once. */
import { gzipSync } from 'node:zlib';

import { tarArchive } from '@tidewaiter/testkit';

import { imageOf, push, type SmallImage } from '../faults/images.ts';
import { Load, repository } from '../faults/load.ts';
import { type FaultyPlatform, sensorToken } from '../faults/platform.ts';
import type { SeededRandom } from '../faults/random.ts';

const count = 9;
const zeros = 2 ** 28;
const manyPackages = 60_000;
/** Just below the limit on an unpacked body. */
const bodyBytes = 60 * 2 ** 20;
const answerWithinMs = 60_000;

export class Bombs {
  readonly #platform: FaultyPlatform;
  readonly #random: SeededRandom;
  readonly #images: readonly SmallImage[];
  readonly #bodies: readonly Buffer[];

  private constructor(
    platform: FaultyPlatform,
    random: SeededRandom,
    images: readonly SmallImage[],
    bodies: readonly Buffer[],
  ) {
    this.#platform = platform;
    this.#random = random;
    this.#images = images;
    this.#bodies = bodies;
  }

  /** Builds the images and uploads them, which costs more than the burst itself. */
  static async prepare(platform: FaultyPlatform, random: SeededRandom): Promise<Bombs> {
    const images: SmallImage[] = [];
    for (let index = 0; index < count; index += 1) {
      const image = await imageOf([index % 2 === 0 ? layerOfZeros(index) : layerOfPackages(index)]);
      await push(platform.registry, repository, `bomb-${index}`, image);
      images.push(image);
    }
    const bodies = Array.from({ length: count }, (_, index) => gzipSync(index % 2 === 0 ? longText() : noText()));
    return new Bombs(platform, random, images, bodies);
  }

  /** Sends everything at once; returns the answers of the sensor's requests. */
  async send(): Promise<number[]> {
    const [answers] = await Promise.all([
      Promise.all(this.#bodies.map((body) => this.#post(body))),
      ...this.#images.map(async (image, index) => {
        const load = new Load(this.#platform, [image], this.#random);
        await load.pushTagged(`burst-${index}`, 'generic');
      }),
    ]);
    return answers;
  }

  async #post(body: Buffer): Promise<number> {
    const answer = await fetch(`${this.#platform.ingestUrl}/hooks/runtime/tetragon`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sensorToken}`, 'content-encoding': 'gzip' },
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(answerWithinMs),
    }).catch(() => null);
    await answer?.text().catch(() => null);
    return answer?.status ?? 0;
  }
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
