import { Injectable } from '@nestjs/common';
import type { Sighting } from '@tidewaiter/detection';
import type { RuntimeEvent } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { type Page, pageOf, type PageRequest } from './page.js';
import { json } from './storable.js';
import { Store, type Transaction } from './store.js';

/** An incident without its evidence, which may be long. */
export interface ListedIncident extends Omit<Sighting, 'event' | 'subjectKey'> {
  id: string;
  /** What people call it by. */
  number: number;
  state: 'open' | 'resolved';
  revision: number;
  /** Events that it stands for. */
  count: number;
  /** ISO 8601, with every digit that the sensor gave. */
  firstSeen: string;
  lastSeen: string;
  /** Id of the runtime event. */
  openedBy: string;
  /** Of the evidence: ids and tags of its events. */
  eventIds: string[];
  tags: string[];
  openedAt: Date;
  resolvedAt: Date | null;
  resolvedBy: string | null;
}

export interface Incident extends ListedIncident {
  evidence: RuntimeEvent[];
}

/** What there is to tell of an incident that was just seen. */
export type SeenIncident = Pick<Incident, 'id' | 'revision' | 'severity'>;

/** How a sighting changed its incident. `repeated` is counted and tells nobody. */
export type IncidentChange = 'opened' | 'worsened' | 'repeated';

/** How many events an incident shows: the first ones say how it began. */
const maxEvidence = 20;

const columns = `id, number::float AS number, rule, title, severity, state, revision, count::float AS count,
  image_repository AS "imageRepository", image_tag AS "imageTag", image_digest AS "imageDigest", namespace, cluster,
  first_seen AS "firstSeen", last_seen AS "lastSeen", opened_by AS "openedBy", jsonb_path_query_array(evidence, '$[*].id') AS "eventIds",
  jsonb_path_query_array(evidence, '$[*].tags[*]') AS tags, opened_at AS "openedAt",
  resolved_at AS "resolvedAt", resolved_by AS "resolvedBy"`;

const rank = (severity: string) =>
  `array_position(ARRAY['critical', 'high', 'medium', 'low', 'negligible', 'unknown'], ${severity})`;

/** Incidents: opened by the first event of a rule about a subject, grown by the next ones. */
@Injectable()
export class Incidents {
  constructor(private readonly store: Store) {}

  /** Opens the incident or grows the one that is open. */
  async see(tx: Transaction, sighting: Sighting): Promise<{ incident: SeenIncident; change: IncidentChange }> {
    const { event } = sighting;
    const [before] = await tx.query<{ revision: number }>(
      `SELECT revision FROM incident WHERE rule = $1 AND subject_key = $2 AND state = 'open' FOR UPDATE`,
      [sighting.rule, sighting.subjectKey],
    );
    const [row] = await tx.query<SeenIncident & { isNew: boolean }>(
      `INSERT INTO incident (id, rule, subject_key, title, severity, count, image_repository, image_tag, image_digest, namespace, cluster,
         first_seen, last_seen, opened_by, evidence)
       VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $11, $12, jsonb_build_array($13::jsonb))
       ON CONFLICT (rule, subject_key) WHERE state = 'open' DO UPDATE SET
         count = incident.count + 1,
         first_seen = least(incident.first_seen, EXCLUDED.first_seen),
         last_seen = greatest(incident.last_seen, EXCLUDED.last_seen),
         revision = incident.revision + CASE WHEN ${rank('EXCLUDED.severity')} < ${rank('incident.severity')} THEN 1 ELSE 0 END,
         severity = CASE WHEN ${rank('EXCLUDED.severity')} < ${rank('incident.severity')} THEN EXCLUDED.severity ELSE incident.severity END,
         image_digest = coalesce(incident.image_digest, EXCLUDED.image_digest),
         evidence = CASE WHEN jsonb_array_length(incident.evidence) < ${maxEvidence}
           THEN incident.evidence || EXCLUDED.evidence ELSE incident.evidence END
       RETURNING id, revision, severity, xmax = 0 AS "isNew"`,
      [
        uuidv7(),
        sighting.rule,
        sighting.subjectKey,
        sighting.title,
        sighting.severity,
        sighting.imageRepository,
        sighting.imageTag,
        sighting.imageDigest,
        sighting.namespace,
        sighting.cluster,
        event.at,
        event.id,
        json(event),
      ],
    );
    const { isNew, ...incident } = row!;
    if (isNew) return { incident, change: 'opened' };
    return { incident, change: incident.revision > (before?.revision ?? 1) ? 'worsened' : 'repeated' };
  }

  async get(id: string): Promise<Incident | null> {
    const [incident] = await this.store.query<Incident>(`SELECT ${columns}, evidence FROM incident WHERE id = $1`, [
      id,
    ]);
    return incident ?? null;
  }

  /** Newest first. */
  async list({ limit, after }: PageRequest, state?: 'open' | 'resolved'): Promise<Page<ListedIncident>> {
    const rows = await this.store.query<ListedIncident>(
      `SELECT ${columns} FROM incident
       WHERE ($2::uuid IS NULL OR id < $2) AND ($3::text IS NULL OR state = $3)
       ORDER BY id DESC LIMIT $1`,
      [limit + 1, after ?? null, state ?? null],
    );
    return pageOf(rows, limit);
  }

  /** Closes an incident; null when it is not open. */
  async resolve(tx: Transaction, id: string, by: string): Promise<ListedIncident | null> {
    const [incident] = await tx.query<ListedIncident>(
      `UPDATE incident SET state = 'resolved', resolved_at = now(), resolved_by = $2, revision = revision + 1
       WHERE id = $1 AND state = 'open' RETURNING ${columns}`,
      [id, by],
    );
    return incident ?? null;
  }
}
