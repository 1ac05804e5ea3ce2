import { Injectable } from '@nestjs/common';
import { type IncidentChangeLines, incidentChanges } from '@tidewaiter/detection';
import type { Digest, Incident, IncidentChange } from '@tidewaiter/domain';

import { columnsOf, type RowOf } from '../core/columns.js';
import { recordsetOf } from '../core/row-sets.js';
import { Store, type Transaction } from '../core/store.js';
import { incidentColumns as columns } from './incident-list.js';
import { addRevision } from './incident-revisions.js';
import { IncidentRevisionRow, IncidentRow } from './incident-rows.js';

const wholeColumns = columns.and(columnsOf(IncidentRow, { only: ['evidence'] }));

/** Without the records of its evidence, which are long. */
const columnsWithoutRecords = columns.computed<Pick<IncidentRow, 'evidence'>>({
  evidence: `coalesce((SELECT jsonb_agg(shown || '{"record": null}' ORDER BY place)
    FROM jsonb_array_elements(evidence) WITH ORDINALITY AS item (shown, place)), '[]')`,
});

const lockedColumns = columns
  .and(columnsOf(IncidentRow, { only: ['storyRevision'] }))
  .computed<Pick<IncidentRow, 'evidence'>>({
    evidence: `(SELECT coalesce(jsonb_agg(item), '[]') FROM jsonb_array_elements(evidence) AS item WHERE item ->> 'source' = 'registry')`,
  });

const revisionColumns = columnsOf(IncidentRevisionRow);
const storyIdOnly = columnsOf(IncidentRow, { only: ['storyId'] });
const idOnly = columnsOf(IncidentRow, { only: ['id'] });

/** A stored incident without its evidence, which may be long. */
export type ListedIncident = RowOf<typeof columns>;

export type StoredIncident = RowOf<typeof wholeColumns>;

/** One state of an incident, as notified. */
export type IncidentRevision = Omit<RowOf<typeof revisionColumns>, 'incidentId'>;

/**
 * Numbers of changes by effect; `quiet` ones are stored without a notification, `stale` ones were
 * known.
 */
export type AppliedChanges = Record<IncidentChangeLines['kind'] | 'quiet' | 'stale', number>;

/** Incidents that one statement deletes, with a few dozen revisions each. */
const endedBatch = 100;

/** SQL condition on a row of `incident`: it ended some days ago, and no open one continues it. */
export const isIncidentExpired = (days: string) =>
  `state <> 'open' AND coalesce(resolved_at, updated_at) < now() - ${days}::int * interval '1 day'
    AND NOT EXISTS (SELECT FROM incident AS target WHERE target.id = incident.merged_into AND target.state = 'open')`;

/** Incidents: the builder's stories, and their notified revisions. */
@Injectable()
export class Incidents {
  constructor(private readonly store: Store) {}

  /**
   * Stores the builder's changes and emits their news, in one transaction. Idempotent; an older
   * change has no effect. An incident that a user resolved stays so until there is a new step or it
   * gets worse, and a snooze ends with news. A story that continues under another id, as after late
   * events about its beginning, stays the same incident.
   */
  async apply(tx: Transaction, changes: readonly IncidentChange[]): Promise<AppliedChanges> {
    const applied: AppliedChanges = {
      opened: 0,
      updated: 0,
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
    const [incident] = await this.store.rows(wholeColumns, 'FROM incident WHERE id = $1', [id]);
    return incident ?? null;
  }

  /** @param number 7 of `INC-7` */
  async numbered(number: number): Promise<StoredIncident | null> {
    const [incident] = await this.store.rows(wholeColumns, 'FROM incident WHERE number = $1', [number]);
    return incident ?? null;
  }

  /**
   * Several incidents, unordered, without the records of their evidence: those are long, and no
   * message contains them.
   */
  async getWithoutRecords(ids: readonly string[]): Promise<StoredIncident[]> {
    return this.store.rows(columnsWithoutRecords, 'FROM incident WHERE id = ANY($1)', [ids]);
  }

  /** Open incidents that changed since a time, the newest first and a hundred at most. */
  async changedSince(since: Date): Promise<ListedIncident[]> {
    return this.store.rows(
      columns,
      `FROM incident WHERE state = 'open' AND updated_at > $1 ORDER BY number DESC LIMIT 100`,
      [since],
    );
  }

  /** Revisions of an incident, oldest first. */
  async revisions(id: string): Promise<IncidentRevision[]> {
    return (await this.revisionsOf([id])).get(id) ?? [];
  }

  /** {@link revisions} of several incidents, by their ids. */
  async revisionsOf(ids: readonly string[]): Promise<Map<string, IncidentRevision[]>> {
    const rows = await this.store.rows(
      revisionColumns,
      'FROM incident_revision WHERE incident_id = ANY($1) ORDER BY incident_id, revision',
      [ids],
    );
    const revisions = new Map<string, IncidentRevision[]>(ids.map((id) => [id, []]));
    for (const { incidentId, ...revision } of rows) revisions.get(incidentId)?.push(revision);
    return revisions;
  }

  /**
   * Adds a line about an action on an open incident, for its followers; false when it is not open.
   */
  async remark(tx: Transaction, id: string, line: string, by: string): Promise<boolean> {
    const [incident] = await tx.returning(
      columns,
      "UPDATE incident SET revision = revision + 1, updated_at = now() WHERE id = $1 AND state = 'open'",
      [id],
    );
    if (incident) await addRevision(tx, incident, { kind: 'updated', news: [line], actor: by });
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
    const incidents = await tx.rows(
      idOnly,
      `FROM incident WHERE state = 'open' AND image_digest = ANY($1)
         AND ($2 OR findings && ARRAY['unsigned-image', 'unsigned-image-running', 'image-unsigned', 'identity-missing'])
         AND NOT EXISTS (SELECT FROM incident_revision WHERE incident_id = incident.id AND $3 = ANY(news)) ORDER BY id`,
      [images, isAnnounced, line],
    );
    for (const { id } of incidents) await this.remark(tx, id, line, 'Tidewaiter');
  }

  /**
   * Deletes incidents that ended more than `days` ago, with their revisions; returns how many. One
   * that an open incident continues stays.
   */
  async deleteEnded(days: number): Promise<number> {
    for (let deleted = 0; ;) {
      const gone = await this.store.query(
        `DELETE FROM incident WHERE id = ANY(ARRAY(
           SELECT id FROM incident WHERE ${isIncidentExpired('$1')}
           LIMIT ${endedBatch} FOR UPDATE SKIP LOCKED)) RETURNING id`,
        [days],
      );
      deleted += gone.length;
      if (gone.length < endedBatch) return deleted;
    }
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
    const [kept] = await tx.returning(
      columns,
      `UPDATE incident SET (${storySet.columns}, state, revision) = (SELECT ${storySet.values}, $2::text, $3::int FROM ${storySet.table}),
         updated_at = now(),
         resolved_at = CASE WHEN $2::text = 'open' THEN NULL ELSE coalesce(resolved_at, now()) END,
         resolved_by = CASE WHEN $2::text = 'open' THEN NULL ELSE resolved_by END,
         resolution = CASE WHEN $2::text = 'open' THEN NULL ELSE resolution END,
         snoozed_until = CASE WHEN $5::boolean THEN NULL ELSE snoozed_until END
       WHERE id = $4`,
      [...storySet.parameters([storyOf(story)]), state, revision, before.id, news !== null],
    );
    if (news === null) return 'quiet';
    await addRevision(tx, kept!, news);
    return news.kind;
  }

  /** Opens an incident; false when another process did so meanwhile. */
  async #open(tx: Transaction, story: Incident): Promise<boolean> {
    const [opened] = await tx.returning(
      columns,
      `INSERT INTO incident (${newStory.columns}, story_id) SELECT ${newStory.values}, id FROM ${newStory.table} ON CONFLICT DO NOTHING`,
      newStory.parameters([storyOf(story)]),
    );
    if (opened) await addRevision(tx, opened, incidentChanges(null, story, { resolvedByPerson: false }));
    return opened !== undefined;
  }

  /** Merged stories that have an incident, in the order of incident numbers. */
  async #mergedFirst(tx: Transaction, stories: ReadonlyMap<string, Incident>): Promise<Incident[]> {
    const merged = [...stories.values()].filter(({ state }) => state === 'merged');
    if (merged.length === 0) return [];
    const known = await tx.rows(storyIdOnly, 'FROM incident WHERE story_id = ANY($1) ORDER BY number', [
      merged.map(({ id }) => id),
    ]);
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
}

/**
 * Columns that the builder's story sets, beside `state` and `revision`, which count what was
 * notified.
 */
const storyNames = [
  'storyRevision',
  'title',
  'titleRank',
  'sentence',
  'severity',
  'score',
  'mergedInto',
  'count',
  'workload',
  'image',
  'imageDigest',
  'cluster',
  'namespace',
  'openedBy',
  'firstSeen',
  'lastSeen',
  'findings',
  'techniques',
  'steps',
  'evidence',
  'workloads',
  'artifacts',
  'factsUsed',
  'nextSteps',
  'rules',
] as const satisfies readonly (keyof IncidentRow)[];

const newStory = recordsetOf(IncidentRow, ['id', 'state', ...storyNames]);
const storySet = recordsetOf(IncidentRow, storyNames);

function storyOf({ revision, ...story }: Incident) {
  return { ...story, storyRevision: revision };
}

/**
 * Last state of each story, in the order of ids, in which all replicas lock them, so that they
 * cannot deadlock.
 */
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

/** An incident with the evidence of pushes alone, since the rest may be long. */
type LockedIncident = RowOf<typeof lockedColumns>;

async function locked(tx: Transaction, storyId: string): Promise<LockedIncident | null> {
  const [row] = await tx.rows(lockedColumns, 'FROM incident WHERE story_id = $1 FOR UPDATE', [storyId]);
  return row ?? null;
}
