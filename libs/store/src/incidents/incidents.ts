import { Injectable } from '@nestjs/common';
import type { Digest, Incident, IncidentChange, IncidentEvidence, IncidentState, Severity } from '@tidewaiter/domain';
import { draft, incidentOpened, incidentResolved, incidentUpdated } from '@tidewaiter/events';

import { type Page, pageOf, type PageRequest } from '../core/page.js';
import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { type IncidentChangeLines, incidentChanges, type RevisionKind } from './incident-changes.js';

/** A stored incident without its evidence, which may be long. */
export interface ListedIncident extends Omit<Incident, 'revision' | 'evidence'> {
  /** Number in its display name. */
  number: number;
  /** Number of notified states; the builder's own revision counts every change. */
  revision: number;
  openedAt: Date;
  updatedAt: Date;
  resolvedAt: Date | null;
  /** User who resolved it; null if it ended by itself. */
  resolvedBy: string | null;
}

export interface StoredIncident extends ListedIncident {
  evidence: IncidentEvidence[];
}

/** One state of an incident, as notified. */
export interface IncidentRevision extends IncidentChangeLines {
  revision: number;
  severity: Severity;
  /** User who caused it; null for automatic changes. */
  actor: string | null;
  at: Date;
}

/** Numbers of changes by effect; `quiet` ones are stored without a notification, `stale` ones were known. */
export type AppliedChanges = Record<RevisionKind | 'quiet' | 'stale', number>;

/** Filter of incidents. */
export interface IncidentFilter {
  state?: IncidentState | undefined;
  severity?: Severity | undefined;
}

const columns = `id, number::float AS number, title, title_rank AS "titleRank", sentence, severity, score, state, merged_into AS "mergedInto", revision,
  count::float AS count, workload, image, image_digest AS "imageDigest", cluster, namespace, opened_by AS "openedBy",
  first_seen AS "firstSeen", last_seen AS "lastSeen", findings, techniques, steps, workloads, artifacts, facts_used AS "factsUsed",
  next_steps AS "nextSteps", rules, opened_at AS "openedAt", updated_at AS "updatedAt", resolved_at AS "resolvedAt",
  resolved_by AS "resolvedBy"`;

/** Incidents: the builder's stories, and their notified revisions. */
@Injectable()
export class Incidents {
  constructor(private readonly store: Store) {}

  /**
   * Stores the builder's changes and emits their news, in one transaction. Idempotent; an older
   * change has no effect. An incident that a user resolved stays so until there is a new step or it
   * gets worse. A story that continues under another id, as after late events about its beginning,
   * stays the same incident.
   */
  async apply(tx: Transaction, changes: readonly IncidentChange[]): Promise<AppliedChanges> {
    const applied: AppliedChanges = {
      opened: 0,
      updated: 0,
      acknowledged: 0,
      worsened: 0,
      reopened: 0,
      resolved: 0,
      merged: 0,
      quiet: 0,
      stale: 0,
    };
    const stories = newestOfEach(changes);
    for (const story of await this.#mergedFirst(tx, stories)) applied[await this.#merge(tx, story, stories)] += 1;
    for (const story of stories.values()) if (story.state !== 'merged') applied[await this.#keep(tx, story)] += 1;
    return applied;
  }

  async get(id: string): Promise<StoredIncident | null> {
    const [incident] = await this.store.query<StoredIncident>(
      `SELECT ${columns}, evidence FROM incident WHERE id = $1`,
      [id],
    );
    return incident ?? null;
  }

  /**
   * Several incidents, unordered, without the records of their evidence: those are long, and no
   * message contains them.
   */
  async getWithoutRecords(ids: readonly string[]): Promise<StoredIncident[]> {
    return this.store.query<StoredIncident>(
      `SELECT ${columns}, coalesce((SELECT jsonb_agg(said || '{"record": null}' ORDER BY place)
         FROM jsonb_array_elements(evidence) WITH ORDINALITY AS item (said, place)), '[]') AS evidence
       FROM incident WHERE id = ANY($1)`,
      [ids],
    );
  }

  /** Revisions of an incident, oldest first. */
  async revisions(id: string): Promise<IncidentRevision[]> {
    return (await this.revisionsOf([id])).get(id) ?? [];
  }

  /** {@link revisions} of several incidents, by their ids. */
  async revisionsOf(ids: readonly string[]): Promise<Map<string, IncidentRevision[]>> {
    const rows = await this.store.query<IncidentRevision & { id: string }>(
      `SELECT incident_id AS id, revision, kind, severity, news, actor, at FROM incident_revision
       WHERE incident_id = ANY($1) ORDER BY incident_id, revision`,
      [ids],
    );
    const revisions = new Map<string, IncidentRevision[]>(ids.map((id) => [id, []]));
    for (const { id, ...revision } of rows) revisions.get(id)?.push(revision);
    return revisions;
  }

  /** Incidents that match a filter, newest first; merged ones only if `state` selects them. */
  async list({ limit, after }: PageRequest, { state, severity }: IncidentFilter = {}): Promise<Page<ListedIncident>> {
    const rows = await this.store.query<ListedIncident>(
      // Ordered by number, as ids are not in the order of time here.
      `SELECT ${columns} FROM incident
       WHERE ($2::uuid IS NULL OR number < (SELECT number FROM incident WHERE id = $2))
         AND CASE WHEN $3::text IS NULL THEN state <> 'merged' ELSE state = $3 END AND ($4::text IS NULL OR severity = $4)
       ORDER BY number DESC LIMIT $1`,
      [limit + 1, after ?? null, state ?? null, severity ?? null],
    );
    return pageOf(rows, limit);
  }

  /** Resolves an incident and emits that; null when it is not open. */
  async resolve(tx: Transaction, id: string, by: string): Promise<ListedIncident | null> {
    const [incident] = await tx.query<ListedIncident>(
      `UPDATE incident SET state = 'resolved', resolved_at = now(), resolved_by = $2, revision = revision + 1, updated_at = now()
       WHERE id = $1 AND state = 'open' RETURNING ${columns}`,
      [id, by],
    );
    if (!incident) return null;
    await this.#tell(tx, incident, { kind: 'resolved', news: [] }, by);
    return incident;
  }

  /** Acknowledges an incident until it worsens or reopens; null when it is not open or is acknowledged already. */
  async acknowledge(tx: Transaction, id: string, by: string): Promise<ListedIncident | null> {
    const [incident] = await tx.query<ListedIncident>(
      `UPDATE incident SET revision = revision + 1, updated_at = now()
       WHERE id = $1 AND state = 'open' AND coalesce((SELECT kind FROM incident_revision WHERE incident_id = $1
         AND kind IN ('acknowledged', 'worsened', 'reopened') ORDER BY revision DESC LIMIT 1), '') <> 'acknowledged'
       RETURNING ${columns}`,
      [id],
    );
    if (!incident) return null;
    await this.#tell(tx, incident, { kind: 'acknowledged', news: [] }, by);
    return incident;
  }

  /** Adds a line about an action on an open incident, for its followers; false when it is not open. */
  async remark(tx: Transaction, id: string, line: string, by: string): Promise<boolean> {
    const [incident] = await tx.query<ListedIncident>(
      `UPDATE incident SET revision = revision + 1, updated_at = now() WHERE id = $1 AND state = 'open' RETURNING ${columns}`,
      [id],
    );
    if (incident) await this.#tell(tx, incident, { kind: 'updated', news: [line] }, by);
    return incident !== undefined;
  }

  /**
   * Adds a line to the open incidents of some images, once each, that the images are signed by now.
   * @param isAnnounced whether a finding of the image ended with it; else only incidents about a
   * missing signature get the line
   */
  async signed(
    tx: Transaction,
    images: readonly Digest[],
    { line, isAnnounced }: { line: string; isAnnounced: boolean },
  ): Promise<void> {
    const incidents = await tx.query<{ id: string }>(
      `SELECT id FROM incident WHERE state = 'open' AND image_digest = ANY($1)
         AND ($2 OR findings && ARRAY['unsigned-image', 'unsigned-image-running', 'image-unsigned', 'identity-missing'])
         AND NOT EXISTS (SELECT FROM incident_revision WHERE incident_id = incident.id AND $3 = ANY(news)) ORDER BY id`,
      [images, isAnnounced, line],
    );
    for (const { id } of incidents) await this.remark(tx, id, line, 'Tidewaiter');
  }

  async #keep(tx: Transaction, story: Incident): Promise<keyof AppliedChanges> {
    let before = await locked(tx, story.id);
    if (before === null) {
      if (await this.#open(tx, story)) return 'opened';
      before = (await locked(tx, story.id))!;
    }
    return this.#grow(tx, before, story);
  }

  async #grow(tx: Transaction, before: LockedIncident, story: Incident): Promise<keyof AppliedChanges> {
    if (story.revision <= before.storyRevision) return 'stale';
    const resolvedByPerson = before.state === 'resolved' && before.resolvedBy !== null;
    const news = incidentChanges(before, story, { resolvedByPerson });
    // A closed incident stays closed while there is no news.
    const state = news === null ? before.state : story.state;
    const revision = before.revision + (news === null ? 0 : 1);
    const [kept] = await tx.query<ListedIncident>(
      `UPDATE incident SET (${storyColumns}, state, revision) = (SELECT ${storyValues}, $2::text, $3::int), updated_at = now(),
         resolved_at = CASE WHEN $2::text = 'open' THEN NULL ELSE coalesce(resolved_at, now()) END,
         resolved_by = CASE WHEN $2::text = 'open' THEN NULL ELSE resolved_by END
       WHERE id = $4 RETURNING ${columns}`,
      [json(story), state, revision, before.id],
    );
    if (news === null) return 'quiet';
    await this.#tell(tx, kept!, news, null);
    return news.kind;
  }

  /** Opens an incident; false when another process did so meanwhile. */
  async #open(tx: Transaction, story: Incident): Promise<boolean> {
    const [opened] = await tx.query<ListedIncident>(
      `INSERT INTO incident (id, story_id, state, ${storyColumns})
       SELECT ($1::jsonb ->> 'id')::uuid, ($1::jsonb ->> 'id')::uuid, $1::jsonb ->> 'state', ${storyValues}
       ON CONFLICT DO NOTHING RETURNING ${columns}`,
      [json(story)],
    );
    if (opened) await this.#tell(tx, opened, incidentChanges(null, story, { resolvedByPerson: false }), null);
    return opened !== undefined;
  }

  /** Merged stories that have an incident, in the order of incident numbers. */
  async #mergedFirst(tx: Transaction, stories: ReadonlyMap<string, Incident>): Promise<Incident[]> {
    const merged = [...stories.values()].filter(({ state }) => state === 'merged');
    if (merged.length === 0) return [];
    const known = await tx.query<{ storyId: string }>(
      'SELECT story_id AS "storyId" FROM incident WHERE story_id = ANY($1) ORDER BY number',
      [merged.map(({ id }) => id)],
    );
    return known.flatMap(({ storyId }) => stories.get(storyId) ?? []);
  }

  async #merge(
    tx: Transaction,
    story: Incident,
    stories: ReadonlyMap<string, Incident>,
  ): Promise<keyof AppliedChanges> {
    const before = await locked(tx, story.id);
    const target = targetOf(story, stories);
    if (before === null || target === null) return 'stale';
    const into = await locked(tx, target);
    if (into) return this.#grow(tx, before, { ...story, mergedInto: into.id });
    await tx.query('UPDATE incident SET story_id = $2, story_revision = 0 WHERE id = $1', [before.id, target]);
    return 'quiet';
  }

  async #tell(
    tx: Transaction,
    incident: ListedIncident,
    { kind, news }: IncidentChangeLines,
    actor: string | null,
  ): Promise<void> {
    const { id, revision, severity } = incident;
    await tx.query(
      'INSERT INTO incident_revision (incident_id, revision, kind, severity, news, actor) VALUES ($1, $2, $3, $4, $5, $6)',
      [id, revision, kind, severity, news, actor],
    );
    await tx.emit(draft(eventOf[kind], id, { incidentId: id, revision, severity }));
  }
}

const eventOf = {
  opened: incidentOpened,
  updated: incidentUpdated,
  acknowledged: incidentUpdated,
  worsened: incidentUpdated,
  reopened: incidentUpdated,
  resolved: incidentResolved,
  merged: incidentResolved,
} as const;

const storyColumns = `story_revision, title, title_rank, sentence, severity, score, merged_into, count, workload, image, image_digest, cluster, namespace,
  opened_by, first_seen, last_seen, findings, techniques, steps, evidence, workloads, artifacts, facts_used, next_steps, rules`;

/** The story in `$1`, in the order of {@link storyColumns}. */
const storyValues = (() => {
  const at = (key: string, type: string) => `($1::jsonb ->> '${key}')::${type}`;
  const list = (key: string) => `ARRAY(SELECT jsonb_array_elements_text($1::jsonb -> '${key}'))`;
  const texts = (...keys: string[]) => keys.map((key) => at(key, 'text'));
  const documents = (...keys: string[]) => keys.map((key) => `$1::jsonb -> '${key}'`);
  return [
    at('revision', 'int'),
    ...texts('title'),
    at('titleRank', 'int'),
    ...texts('sentence', 'severity'),
    at('score', 'int'),
    at('mergedInto', 'uuid'),
    at('count', 'bigint'),
    ...texts('workload', 'image', 'imageDigest', 'cluster', 'namespace', 'openedBy', 'firstSeen', 'lastSeen'),
    ...['findings', 'techniques'].map(list),
    ...documents('steps', 'evidence', 'workloads', 'artifacts'),
    ...['factsUsed', 'nextSteps'].map(list),
    ...documents('rules'),
  ].join(', ');
})();

/** Last state of each story, in the order of ids, in which all replicas lock them, so that they cannot deadlock. */
function newestOfEach(changes: readonly IncidentChange[]): Map<string, Incident> {
  const newest = new Map<string, Incident>();
  for (const { incident } of changes.toSorted((a, b) => (a.incident.id < b.incident.id ? -1 : 1))) {
    const known = newest.get(incident.id);
    if (!known || known.revision < incident.revision) newest.set(incident.id, incident);
  }
  return newest;
}

/** Final target of a merged story; null if the merges form a cycle. */
function targetOf(story: Incident, stories: ReadonlyMap<string, Incident>): string | null {
  const passed = new Set<string>([story.id]);
  let { mergedInto } = story;
  while (mergedInto !== null && stories.get(mergedInto)?.state === 'merged') {
    if (passed.has(mergedInto)) return null;
    passed.add(mergedInto);
    mergedInto = stories.get(mergedInto)!.mergedInto;
  }
  return mergedInto;
}

interface LockedIncident extends ListedIncident {
  storyRevision: number;
  /** Evidence of pushes alone, since the rest may be long. */
  evidence: IncidentEvidence[];
}

async function locked(tx: Transaction, storyId: string): Promise<LockedIncident | null> {
  const [row] = await tx.query<LockedIncident>(
    `SELECT ${columns}, story_revision AS "storyRevision",
       (SELECT coalesce(jsonb_agg(item), '[]') FROM jsonb_array_elements(evidence) AS item WHERE item ->> 'source' = 'registry') AS evidence
     FROM incident WHERE story_id = $1 FOR UPDATE`,
    [storyId],
  );
  return row ?? null;
}
