import { Injectable } from '@nestjs/common';
import { type Digest, type IncidentArtifact, isAtLeast } from '@tidewaiter/domain';
import type { PackedManifest } from '@tidewaiter/facts';
import { canDecodeEntries, decodeEntries } from '@tidewaiter/oci';

import type { ImageFinding } from './findings.js';
import { ImageManifests } from './image-manifests.js';
import type { StoredIncident } from './incidents.js';
import { isCurrent } from './pushes.js';
import { Store } from './store.js';
import { WorkloadLedger } from './workload-ledger.js';

/** What else has what an incident was about. The lists are cut, the totals are not. */
export interface IncidentReach {
  /** What tags point to now, the image of the incident among it. */
  images: { items: ReachedImage[]; total: number };
  /** Workloads beside those of the incident that run one of its images, or one that shares something with them. */
  workloads: { items: ReachedWorkload[]; total: number };
  /** Other incidents that saw the same file, destination, secret or identity. */
  incidents: { id: string; number: number; title: string; shares: string[] }[];
}

export interface ReachedImage {
  registry: string;
  repository: string;
  tag: string;
  digest: Digest;
  /** `image`, `layer with /app/.helper`, `file /app/.helper`, `file sha256:…`, `package log4j-core`: the closest tie. */
  shares: string;
}

export interface ReachedWorkload {
  cluster: string | null;
  /** `namespace/Kind/name` */
  workload: string;
  imageDigest: Digest;
  /** Whether services of other clusters or the internet reach it; null while nobody told of services. */
  exposed: boolean | null;
  shares: string;
}

/** Something that images may share, closest first. */
interface Tie {
  shares: string;
  digests: Digest[];
}

/** Files of the story that are no package's. */
interface OwnFiles {
  /** Without the slash in front, as layers name them. */
  paths: Set<string>;
  /** By the sha256 of their bytes, what they are called. */
  contents: Map<string, string>;
}

const maxImages = 50;
const maxWorkloads = 50;
const maxIncidents = 20;
/** Files whose layers and bytes are looked for, and images in which they are. */
const maxFiles = 20;
const maxManifests = 3;
/** Entries of a layer that is looked into: an incident is told at once, or not at all. */
const maxEntries = 300_000;

/** How far something reaches that happened in one place. */
@Injectable()
export class IncidentReaches {
  constructor(
    private readonly store: Store,
    private readonly ledger: WorkloadLedger,
    private readonly manifests: ImageManifests,
  ) {}

  async of(incident: StoredIncident, findings: readonly ImageFinding[]): Promise<IncidentReach> {
    const digests = [...new Set([incident.imageDigest, ...incident.workloads.map((each) => each.imageDigest)])].flatMap(
      (digest) => digest ?? [],
    );
    const files = await this.#ownFiles(digests, incident);
    const ties = [
      { shares: 'image', digests },
      ...(await this.#layerTies(digests, files.paths)),
      ...(await this.#fileTies(files.contents)),
      ...(await this.#packageTies(digests, incident, findings)),
    ];
    const sharesOf = new Map<Digest, string>();
    // The closest tie is the one that is told.
    for (const tie of ties.toReversed()) for (const digest of tie.digests) sharesOf.set(digest, tie.shares);
    return {
      images: await this.#images(sharesOf, digests),
      workloads: await this.#workloads(sharesOf, incident),
      incidents: await this.#incidents(incident),
    };
  }

  async #workloads(
    sharesOf: ReadonlyMap<Digest, string>,
    incident: StoredIncident,
  ): Promise<IncidentReach['workloads']> {
    const known = new Set(incident.workloads.map(({ cluster, workload }) => placeOf(cluster, workload)));
    const running = await this.ledger.running([...sharesOf.keys()]);
    const others = running.flatMap(({ cluster, namespace, kind, name, digest, exposed }) => {
      const workload = `${namespace}/${kind}/${name}`;
      const shares = sharesOf.get(digest) ?? 'image';
      return known.has(placeOf(cluster, workload)) ? [] : [{ cluster, workload, imageDigest: digest, exposed, shares }];
    });
    return { items: others.slice(0, maxWorkloads), total: others.length };
  }

  /** The images that share the layer in which a file of the story lies. */
  async #layerTies(digests: readonly Digest[], wanted: Set<string>): Promise<Tie[]> {
    if (wanted.size === 0) return [];
    const layers = await this.store.query<{ diffId: string }>(
      `SELECT diff_id AS "diffId" FROM image_layer JOIN layer USING (diff_id)
       WHERE image_digest = ANY($1) AND entry_count <= $2 ORDER BY index DESC`,
      [digests, maxEntries],
    );
    const ties: Tie[] = [];
    for (const diffId of new Set(layers.map((layer) => layer.diffId))) {
      const path = await this.#firstIn(diffId, wanted);
      if (path === null) continue;
      const sharing = await this.store.query<{ digest: Digest }>(
        'SELECT DISTINCT image_digest AS digest FROM image_layer WHERE diff_id = $1',
        [diffId],
      );
      ties.push({ shares: `layer with /${path}`, digests: sharing.map(({ digest }) => digest) });
    }
    return ties;
  }

  /** The images that have a file of the story, wherever it lies and whoever built them. */
  async #fileTies(contents: ReadonlyMap<string, string>): Promise<Tie[]> {
    const ties: Tie[] = [];
    for (const [sha256, name] of [...contents].slice(0, maxFiles)) {
      const digests = await this.manifests.holding(sha256);
      const files = digests[0] ? await this.manifests.get(digests[0]) : null;
      if (files && !isOfPackage(files, sha256)) ties.push({ shares: `file ${name}`, digests });
    }
    return ties;
  }

  /**
   * Of the files of the story those that no package brought, since those are in everybody's base: what somebody put into the image, and
   * what is not in it. Bytes are called by their path in it, if they have one.
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

  /** Takes what it finds out of `wanted`: a file belongs to the topmost layer that has it. */
  async #firstIn(diffId: string, wanted: Set<string>): Promise<string | null> {
    if (wanted.size === 0) return null;
    const [layer] = await this.store.query<{ entries: Buffer }>('SELECT entries FROM layer WHERE diff_id = $1', [
      diffId,
    ]);
    // Those of before are read again when their image is.
    if (!layer || !canDecodeEntries(layer.entries)) return null;
    let first: string | null = null;
    for (const { path, type, whiteout } of decodeEntries(layer.entries)) {
      if (type !== 'file' || whiteout !== undefined || !wanted.delete(path)) continue;
      first ??= path;
    }
    return first;
  }

  /** The images that have a package of the story which is known to be bad: everybody has a shell. */
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
      const sharing = await this.store.query<{ digest: Digest }>(
        `SELECT DISTINCT other.image_digest AS digest
         FROM image_package AS ours JOIN package ON package.id = ours.package_id JOIN image_package AS other USING (package_id)
         WHERE ours.image_digest = ANY($1) AND package.name = $2 AND other.state = 'present' LIMIT 10000`,
        [digests, name],
      );
      ties.push({ shares: `package ${name}`, digests: sharing.map(({ digest }) => digest) });
    }
    return ties;
  }

  async #images(sharesOf: ReadonlyMap<Digest, string>, own: readonly Digest[]): Promise<IncidentReach['images']> {
    const rows = await this.store.query<Omit<ReachedImage, 'shares'> & { total: number }>(
      `SELECT coalesce(registry_host, connection) AS registry, repository, tag, held.digest, count(*) OVER ()::int AS total
       FROM (
         SELECT push_id AS id, min(image_digest) AS digest FROM push_image WHERE image_digest = ANY($1) GROUP BY push_id
         UNION SELECT id, digest FROM push WHERE digest = ANY($1)) AS held
       JOIN push USING (id)
       WHERE push.state = 'analyzed' AND tag IS NOT NULL AND ${isCurrent}
       ORDER BY (held.digest = ANY($2)) DESC, id DESC LIMIT ${maxImages}`,
      [[...sharesOf.keys()], own],
    );
    const items = rows.map(({ total: _, ...image }) => ({ ...image, shares: sharesOf.get(image.digest) ?? 'image' }));
    return { items, total: rows[0]?.total ?? 0 };
  }

  async #incidents({ id, artifacts }: StoredIncident): Promise<IncidentReach['incidents']> {
    // Paths and packages are alike everywhere.
    const telling = artifacts.filter(({ kind }) => kind !== 'path' && kind !== 'package');
    if (telling.length === 0) return [];
    return this.store.query(
      `SELECT other.id, other.number::float AS number, other.title, array_agg(DISTINCT kind || ' ' || value) AS shares
       FROM jsonb_to_recordset($2::jsonb) AS asked (kind text, value text)
       JOIN incident AS other ON other.artifacts @> jsonb_build_array(jsonb_build_object('kind', kind, 'value', value))
       WHERE other.id <> $1 AND other.state <> 'merged' GROUP BY other.id ORDER BY other.number DESC LIMIT ${maxIncidents}`,
      [id, JSON.stringify(telling)],
    );
  }
}

function isOfPackage(files: PackedManifest, sha256: string): boolean {
  return files.holding(sha256).some((file) => file.package !== null);
}

function placeOf(cluster: string | null, workload: string): string {
  return JSON.stringify([cluster, workload]);
}
