import { Injectable } from '@nestjs/common';
import { type Digest, type IncidentArtifact, isAtLeast } from '@tidewaiter/domain';
import type { PackedManifest } from '@tidewaiter/facts';
import { canDecodeEntries, decodeEntries } from '@tidewaiter/oci';

import { columnsOf } from '../core/columns.js';
import { json } from '../core/storable.js';
import { Store } from '../core/store.js';
import { FileContents } from '../images/file-contents.js';
import type { ImageFinding } from '../images/findings.js';
import { ImageManifests } from '../images/image-manifests.js';
import { ImageLayerRow } from '../images/layer-rows.js';
import { isCurrent } from '../images/pushes/pushes.js';
import { holdsSecret } from '../images/secret-lookup.js';
import { WorkloadLedger } from '../workloads/workload-ledger.js';
import type { StoredIncident } from './incidents.js';

/**
 * Images, workloads and incidents that share artifacts with an incident. Lists are limited, totals
 * are not.
 */
export interface IncidentReach {
  /** Images that tags point to now, including the image of the incident. */
  images: { items: ReachedImage[]; total: number };
  /** Other workloads that run an image of the incident, or one that shares an artifact with it. */
  workloads: { items: ReachedWorkload[]; total: number };
  /** Other incidents that saw the same file, destination, secret or identity. */
  incidents: { id: string; number: number; title: string; shares: string[] }[];
}

export interface ReachedImage {
  registry: string;
  repository: string;
  tag: string;
  digest: Digest;
  /**
   * `image`, `layer with /app/.helper`, `file /app/.helper`, `file sha256:…`, `secret`,
   * `package log4j-core`: the closest tie.
   */
  shares: string;
}

export interface ReachedWorkload {
  cluster: string | null;
  /** `namespace/Kind/name` */
  workload: string;
  imageDigest: Digest;
  /**
   * Whether it is reachable from other clusters or the internet; null while no sensor reports
   * services.
   */
  exposed: boolean | null;
  shares: string;
}

/** An artifact that images share with an incident; ties are sorted closest first. */
interface Tie {
  shares: string;
  digests: Digest[];
}

/** An incident with what ties other images to it: the closest tie of each. */
interface TiedIncident {
  incident: StoredIncident;
  /** Its own images. */
  own: ReadonlySet<Digest>;
  sharesOf: ReadonlyMap<Digest, string>;
}

/** Files of an incident that belong to no package. */
interface OwnFiles {
  /** Paths without the leading slash, as in layers. */
  paths: Set<string>;
  /** Display names by the SHA-256 of the content. */
  contents: Map<string, string>;
}

const maxImages = 50;
const maxWorkloads = 50;
const maxIncidents = 20;
/**
 * Limits on the files that are searched by layer and content, and on the images that are searched
 * for them.
 */
const maxFiles = 20;
const maxManifests = 3;
/**
 * Limit on the entries of a searched layer, because an incident must be announced without delay.
 */
const maxEntries = 300_000;

const diffIdOnly = columnsOf(ImageLayerRow, { only: ['diffId'] });

/** Finds the reach of incidents beyond the place where they happened. */
@Injectable()
export class IncidentReaches {
  constructor(
    private readonly store: Store,
    private readonly ledger: WorkloadLedger,
    private readonly manifests: ImageManifests,
    private readonly contents: FileContents,
  ) {}

  async of(incident: StoredIncident, findings: readonly ImageFinding[]): Promise<IncidentReach> {
    const [reach] = await this.ofAll([{ incident, findings }]);
    return reach!;
  }

  /** Reaches of several incidents, each with the findings of its image, in their order. */
  async ofAll(
    asked: readonly { incident: StoredIncident; findings: readonly ImageFinding[] }[],
  ): Promise<IncidentReach[]> {
    const tied = await Promise.all(asked.map((each) => this.#tied(each)));
    const [images, workloads, incidents] = await Promise.all([
      this.#images(tied),
      this.#workloads(tied),
      this.#incidents(tied),
    ]);
    return tied.map((_, index) => ({
      images: images[index]!,
      workloads: workloads[index]!,
      incidents: incidents[index]!,
    }));
  }

  async #tied({
    incident,
    findings,
  }: {
    incident: StoredIncident;
    findings: readonly ImageFinding[];
  }): Promise<TiedIncident> {
    const digests = [...new Set([incident.imageDigest, ...incident.workloads.map((each) => each.imageDigest)])].flatMap(
      (digest) => digest ?? [],
    );
    const files = await this.#ownFiles(digests, incident);
    const ties = [
      { shares: 'image', digests },
      ...(await this.#layerTies(digests, files.paths)),
      ...(await this.#fileTies(files.contents)),
      ...(await this.#secretTies(incident)),
      ...(await this.#packageTies(digests, incident, findings)),
    ];
    const sharesOf = new Map<Digest, string>();
    // The closest tie wins, as it is set last.
    for (const tie of ties.toReversed()) for (const digest of tie.digests) sharesOf.set(digest, tie.shares);
    return { incident, own: new Set(digests), sharesOf };
  }

  async #workloads(tied: readonly TiedIncident[]): Promise<IncidentReach['workloads'][]> {
    const running = await this.ledger.runningOfEach(tied.map(({ sharesOf }) => [...sharesOf.keys()]));
    return tied.map(({ incident, sharesOf }, index) => {
      const known = new Set(incident.workloads.map(({ cluster, workload }) => placeOf(cluster, workload)));
      const others = running[index]!.flatMap(({ cluster, namespace, kind, name, digest, exposed }) => {
        const workload = `${namespace}/${kind}/${name}`;
        const shares = sharesOf.get(digest) ?? 'image';
        return known.has(placeOf(cluster, workload))
          ? []
          : [{ cluster, workload, imageDigest: digest, exposed, shares }];
      });
      return { items: others.slice(0, maxWorkloads), total: others.length };
    });
  }

  /** Images that share the layer that contains a file of the incident. */
  async #layerTies(digests: readonly Digest[], wanted: Set<string>): Promise<Tie[]> {
    if (wanted.size === 0) return [];
    const layers = await this.store.rows(
      diffIdOnly,
      `FROM image_layer JOIN layer USING (diff_id)
       WHERE image_digest = ANY($1) AND entry_count <= $2 ORDER BY index DESC`,
      [digests, maxEntries],
    );
    const ties: Tie[] = [];
    for (const diffId of new Set(layers.map((layer) => layer.diffId))) {
      const path = await this.#firstIn(diffId, wanted);
      if (path === null) continue;
      const sharing = await this.store.aggregate<{ digest: Digest }>(
        'SELECT DISTINCT image_digest AS digest FROM image_layer WHERE diff_id = $1',
        [diffId],
      );
      ties.push({ shares: `layer with /${path}`, digests: sharing.map(({ digest }) => digest) });
    }
    return ties;
  }

  /** Images with a file of the incident, by content: under any path and in any image. */
  async #fileTies(contents: ReadonlyMap<string, string>): Promise<Tie[]> {
    const ties: Tie[] = [];
    for (const [sha256, name] of [...contents].slice(0, maxFiles)) {
      const digests = await this.contents.holding(sha256);
      const files = digests[0] ? await this.manifests.get(digests[0]) : null;
      if (files && !isOfPackage(files, sha256)) ties.push({ shares: `file ${name}`, digests });
    }
    return ties;
  }

  /**
   * The images that hold a secret of the incident, also in a layer below the one that deletes it.
   */
  async #secretTies({ artifacts }: StoredIncident): Promise<Tie[]> {
    const fingerprints = artifacts.flatMap(({ kind, value }) => (kind === 'secret' ? [value] : []));
    if (fingerprints.length === 0) return [];
    const holders = await this.store.aggregate<{ digest: Digest }>(
      `SELECT DISTINCT image_digest AS digest FROM image_finding
       WHERE ${holdsSecret('$1')} LIMIT 10000`,
      [fingerprints],
    );
    return [{ shares: 'secret', digests: holders.map(({ digest }) => digest) }];
  }

  /**
   * Files of the incident that belong to no package: files added to the image, and files that are
   * not in it. Package files are left out, as many images share them. A content is named by its
   * path in the image, if it has one.
   */
  async #ownFiles(digests: readonly Digest[], { artifacts }: StoredIncident): Promise<OwnFiles> {
    const named = (kind: IncidentArtifact['kind']) =>
      artifacts.flatMap((each) => (each.kind === kind ? [each.value] : [])).slice(0, maxFiles);
    const paths = named('path').filter((path) => path.startsWith('/'));
    const contents = new Map(named('sha256').map((sha256) => [sha256, `sha256:${sha256}`]));
    const own = new Set<string>();
    for (const digest of paths.length + contents.size === 0 ? [] : digests.slice(0, maxManifests)) {
      const files = await this.manifests.get(digest);
      for (const sha256 of [...contents.keys()]) {
        const [known] = files?.holding(sha256) ?? [];
        if (files && isOfPackage(files, sha256)) contents.delete(sha256);
        else if (known) contents.set(sha256, known.path);
      }
      for (const path of paths) {
        const file = files?.get(path);
        if (file?.package !== null) continue;
        own.add(path.slice(1));
        if (file.sha256 !== null) contents.set(file.sha256, path);
      }
    }
    return { paths: own, contents };
  }

  /**
   * First wanted file of a layer. Removes found paths from `wanted`: a file belongs to the topmost
   * layer that has it.
   */
  async #firstIn(diffId: string, wanted: Set<string>): Promise<string | null> {
    if (wanted.size === 0) return null;
    const [layer] = await this.store.aggregate<{ entries: Buffer }>('SELECT entries FROM layer WHERE diff_id = $1', [
      diffId,
    ]);
    // Layers in an older format are skipped; they are read again with their image.
    if (!layer || !canDecodeEntries(layer.entries)) return null;
    let first: string | null = null;
    for (const { path, type, whiteout } of decodeEntries(layer.entries)) {
      if (type !== 'file' || whiteout !== undefined || !wanted.delete(path)) continue;
      first ??= path;
    }
    return first;
  }

  /**
   * Images with a package of the incident that has severe findings; others, such as a shell, are in
   * most images.
   */
  async #packageTies(
    digests: readonly Digest[],
    { artifacts }: StoredIncident,
    findings: readonly ImageFinding[],
  ): Promise<Tie[]> {
    const named = new Set(artifacts.flatMap(({ kind, value }) => (kind === 'package' ? [value] : [])));
    const isBad = ({ packageName, severity, kev }: ImageFinding) =>
      packageName !== null && named.has(packageName) && (kev || isAtLeast(severity, 'high'));
    const bad = [...new Set(findings.filter(isBad).flatMap(({ packageName }) => packageName ?? []))];
    const ties: Tie[] = [];
    for (const name of bad) {
      const sharing = await this.store.aggregate<{ digest: Digest }>(
        `SELECT DISTINCT other.image_digest AS digest
         FROM image_package AS ours JOIN package ON package.id = ours.package_id JOIN image_package AS other USING (package_id)
         WHERE ours.image_digest = ANY($1) AND package.name = $2 AND other.state = 'present' LIMIT 10000`,
        [digests, name],
      );
      ties.push({ shares: `package ${name}`, digests: sharing.map(({ digest }) => digest) });
    }
    return ties;
  }

  async #images(tied: readonly TiedIncident[]): Promise<IncidentReach['images'][]> {
    const asked = tied.flatMap(({ sharesOf, own }, index) =>
      [...sharesOf.keys()].map((digest) => ({ index, digest, isOwn: own.has(digest) })),
    );
    const rows = await this.store.aggregate<Omit<ReachedImage, 'shares'> & { index: number; total: number }>(
      `WITH asked AS (SELECT * FROM unnest($1::int[], $2::text[], $3::boolean[]) AS asked (index, digest, is_own)),
       held AS (
         SELECT index, push_id AS id, min(image_digest) AS digest FROM asked JOIN push_image ON image_digest = asked.digest GROUP BY index, push_id
         UNION SELECT index, id, digest FROM asked JOIN push USING (digest))
       SELECT index, registry, repository, tag, digest, total FROM (
         SELECT index, coalesce(registry_host, connection) AS registry, repository, tag, held.digest,
           count(*) OVER (PARTITION BY index)::int AS total,
           row_number() OVER (PARTITION BY index ORDER BY is_own DESC, id DESC) AS place
         FROM held JOIN asked USING (index, digest) JOIN push USING (id)
         WHERE push.state = 'analyzed' AND tag IS NOT NULL AND ${isCurrent}) AS placed
       WHERE place <= ${maxImages} ORDER BY index, place`,
      [asked.map(({ index }) => index), asked.map(({ digest }) => digest), asked.map(({ isOwn }) => isOwn)],
    );
    const byIndex = Map.groupBy(rows, ({ index }) => index);
    return tied.map(({ sharesOf }, index) => {
      const images = byIndex.get(index) ?? [];
      const items = images.map(({ registry, repository, tag, digest }) => {
        return { registry, repository, tag, digest, shares: sharesOf.get(digest) ?? 'image' };
      });
      return { items, total: images[0]?.total ?? 0 };
    });
  }

  async #incidents(tied: readonly TiedIncident[]): Promise<IncidentReach['incidents'][]> {
    // Leaves out paths and packages, which unrelated incidents share.
    const asked = tied.flatMap(({ incident: { id, artifacts } }) =>
      artifacts.flatMap(({ kind, value }) => (kind === 'path' || kind === 'package' ? [] : [{ id, kind, value }])),
    );
    if (asked.length === 0) return tied.map(() => []);
    const rows = await this.store.aggregate<IncidentReach['incidents'][number] & { askedBy: string }>(
      `SELECT "askedBy", id, number, title, shares FROM (
         SELECT asked.id AS "askedBy", other.id, other.number::float AS number, other.title, array_agg(DISTINCT kind || ' ' || value) AS shares,
           row_number() OVER (PARTITION BY asked.id ORDER BY other.number DESC) AS place
         FROM jsonb_to_recordset($1::jsonb) AS asked (id uuid, kind text, value text)
         JOIN incident AS other ON other.artifacts @> jsonb_build_array(jsonb_build_object('kind', kind, 'value', value))
         WHERE other.id <> asked.id AND other.state <> 'merged' GROUP BY asked.id, other.id, other.number, other.title) AS placed
       WHERE place <= ${maxIncidents} ORDER BY number DESC`,
      [json(asked)],
    );
    const byIncident = Map.groupBy(rows, ({ askedBy }) => askedBy);
    return tied.map(({ incident }) =>
      (byIncident.get(incident.id) ?? []).map(({ id, number, title, shares }) => ({ id, number, title, shares })),
    );
  }
}

function isOfPackage(files: PackedManifest, sha256: string): boolean {
  return files.holding(sha256).some((file) => file.package !== null);
}

function placeOf(cluster: string | null, workload: string): string {
  return JSON.stringify([cluster, workload]);
}
