import { Injectable } from '@nestjs/common';
import { type Digest, InvalidInput, isDigest } from '@tidewaiter/domain';

import { type Page, type PageRequest, readCursor } from '../../core/page.js';
import { Store } from '../../core/store.js';
import { FileContents } from '../file-contents.js';
import { ImageManifests } from '../image-manifests.js';
import { Images } from '../images.js';
import { LayerPaths } from '../layer-paths.js';
import { BlastConditions } from './blast-conditions.js';
import {
  type BlastContainer,
  BlastDetails,
  type BlastPackage,
  type BlastPlace,
  type BlastWorkload,
} from './blast-details.js';
import type { BlastQuestion, NotEvaluated } from './blast-question.js';
import { BlastScope, type ScopeCounts, type ScopePage, scopePage } from './blast-scope.js';

/** An image that meets a search, with and without a tag that points to it now. */
export interface BlastImage {
  /** Cursor of the image. */
  id: string;
  digest: Digest;
  platform: string | null;
  /** Best known place: a tag that points to it now, else the last one that did. */
  registry: string | null;
  repository: string | null;
  tag: string | null;
  /** Tags that point to it or did, current ones first; some of `placeCount`. */
  places: BlastPlace[];
  placeCount: number;
  packages: BlastPackage[];
  purls: string[];
  /** Paths of the file that was searched for by its hash. */
  paths: string[];
  /** Other matches of the search: a path of a secret, a layer, a label. */
  notes: string[];
  /** Whether the vulnerability is mitigated by other means than a version. */
  isMitigated: boolean;
  /** Whether a version could not be compared, so that a match is uncertain. */
  isUnknown: boolean;
  /** Some of `workloadCount`; null while no sensor reports containers. */
  workloads: BlastWorkload[] | null;
  workloadCount: number | null;
}

/** Counts of everything that a search finds; packages are those that meet it. */
export interface BlastCounts extends ScopeCounts {
  packages: number;
}

/** One page with the counts of all pages. */
export interface BlastRadius<Item> extends Page<Item> {
  counts: BlastCounts;
  /** Reasons why the answer may lack images. */
  notEvaluated: NotEvaluated[];
}

const noPush = '00000000-0000-0000-0000-000000000000';
const maxPaths = 20;

/**
 * Finds the images of the fleet that hold a package, a file, a secret …, and the workloads and
 * containers that run them.
 */
@Injectable()
export class BlastRadii {
  constructor(
    private readonly store: Store,
    private readonly conditions: BlastConditions,
    private readonly details: BlastDetails,
  ) {}

  /** The images, newest push first. */
  async of(question: BlastQuestion, page: PageRequest): Promise<BlastRadius<BlastImage>> {
    const { scope, packages: packageCount, notEvaluated } = await this.#head(question);
    const { rows, counts } = await this.#images(scope, page);
    const shown = rows.slice(0, page.limit);
    const digests = shown.map(({ digest }) => digest);
    const { sha256 } = question;
    const [platforms, places, packages, notes, workloads, paths] = await Promise.all([
      this.details.platforms(digests),
      this.details.places(digests),
      this.details.packages(scope, digests),
      this.details.notes(scope, digests),
      counts.workloads === null ? null : this.details.workloads(scope, digests),
      sha256 === undefined ? null : this.details.paths(digests, sha256.toLowerCase(), maxPaths),
    ]);
    const items: BlastImage[] = [];
    for (const { id, digest, isMitigated, isUnknown } of shown) {
      const [known, had] = [places.get(digest) ?? [], packages.get(digest) ?? []];
      const ran = workloads?.get(digest) ?? [];
      items.push({
        ...{ id, digest, platform: platforms.get(digest) ?? null },
        ...{
          registry: known[0]?.registry ?? null,
          repository: known[0]?.repository ?? null,
          tag: known[0]?.tag ?? null,
        },
        ...{ places: known.map(({ total: _, ...each }) => each), placeCount: known[0]?.total ?? 0 },
        ...{ packages: had, purls: had.map(({ purl }) => purl) },
        ...{ paths: paths?.get(digest) ?? [], notes: notes.get(digest) ?? [] },
        ...{ isMitigated, isUnknown },
        ...{
          workloads: workloads && ran.map(({ total: _, ...each }) => each),
          workloadCount: workloads && (ran[0]?.total ?? 0),
        },
      });
    }
    const next = rows.length > page.limit ? (shown.at(-1)?.id ?? null) : null;
    return { items, next, counts: { ...counts, packages: packageCount }, notEvaluated };
  }

  /** The containers that run the images, or ran them, by cluster, namespace and pod. */
  async containers(question: BlastQuestion, page: PageRequest): Promise<BlastRadius<BlastContainer>> {
    const { scope, packages: packageCount, notEvaluated } = await this.#head(question);
    const { rows, counts } = await this.details.containers(scope, page);
    const shown = rows.slice(0, page.limit);
    const digests = [...new Set(shown.map(({ digest }) => digest))];
    const [packages, places] = await Promise.all([this.details.packages(scope, digests), this.details.places(digests)]);
    const items = shown.map((each): BlastContainer => {
      const place = places.get(each.digest)?.[0];
      return {
        ...each,
        // Falls back to the registry's name if the runtime reports no repository.
        repository: each.repository ?? place?.repository ?? null,
        tag: each.repository === null ? (place?.tag ?? null) : each.tag,
        packages: packages.get(each.digest) ?? [],
      };
    });
    const next = rows.length > page.limit ? (shown.at(-1)?.id ?? null) : null;
    return { items, next, counts: { ...counts, packages: packageCount }, notEvaluated };
  }

  async #head(question: BlastQuestion): Promise<{ scope: BlastScope; packages: number; notEvaluated: NotEvaluated[] }> {
    const conditions = await this.conditions.of(question);
    const notEvaluated = new Map(
      conditions.flatMap((each) => each.notEvaluated).map((each) => [`${each.code} ${each.message}`, each]),
    );
    return {
      scope: new BlastScope(conditions, question),
      packages: conditions.reduce((sum, each) => sum + each.packages, 0),
      notEvaluated: [...notEvaluated.values()],
    };
  }

  async #images(scope: BlastScope, { limit, after }: PageRequest): Promise<ScopePage<ImageRow>> {
    const [afterPush, afterDigest] = after === undefined ? [null, null] : readImageCursor(after);
    const query = scope.query();
    // The newest push of an image may be of a repository outside of the limits.
    const newest = this.store.isLimited ? '(SELECT id FROM push WHERE id = newest_push_id)' : 'newest_push_id';
    return scopePage<ImageRow>(
      this.store,
      query,
      `SELECT push_id || '.' || image_digest AS id, image_digest AS digest, is_mitigated AS "isMitigated", is_unknown AS "isUnknown" FROM (
         SELECT scope.*, coalesce(${newest}, '${noPush}') AS push_id
         FROM scope LEFT JOIN image ON image.digest = image_digest) AS placed
       WHERE ${query.parameter(afterPush)}::uuid IS NULL
         OR (push_id, image_digest) < (${query.parameter(afterPush)}::uuid, ${query.parameter(afterDigest)}::text)
       ORDER BY push_id DESC, image_digest DESC LIMIT ${query.parameter(limit + 1)}`,
    );
  }
}

/** {@link BlastRadii} outside of a service. */
export function blastRadiiOf(store: Store): BlastRadii {
  const manifests = new ImageManifests(store, new Images(store));
  const [contents, layers] = [new FileContents(store), new LayerPaths(store)];
  const details = new BlastDetails(store, manifests, contents, layers);
  return new BlastRadii(store, new BlastConditions(store, contents, layers), details);
}

interface ImageRow {
  id: string;
  digest: Digest;
  isMitigated: boolean;
  isUnknown: boolean;
}

/** @throws InvalidInput `CURSOR_INVALID` */
function readImageCursor(text: string): [pushId: string, digest: string] {
  const [pushId = '', digest = ''] = text.split('.');
  if (!isDigest(digest)) throw new InvalidInput('CURSOR_INVALID', 'not a cursor that this API gave out');
  return [readCursor(pushId), digest];
}
