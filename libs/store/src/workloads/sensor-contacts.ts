import { Injectable } from '@nestjs/common';

import { columnsOf, type RowOf } from '../core/columns.js';
import { Store, type Transaction } from '../core/store.js';
import { SensorContactRow } from './sensor-contact-row.js';

/** Events that a sensor sent since the last {@link SensorContacts.note}. */
export interface Contact {
  sensor: string;
  heardAt: Date;
  records: number;
  /** Events that it reports as lost. */
  dropped: number;
}

const columns = columnsOf(SensorContactRow);
const staleColumns = columnsOf(SensorContactRow, { only: ['sensor', 'heardAt', 'silentSince'] }).notNull(
  'heardAt',
  'silentSince',
);

/** A sensor that became stale, or has recovered. */
export type StaleSensor = RowOf<typeof staleColumns>;

/** Health of a sensor. */
export type SensorHealth = SensorContactRow;

/** Last contacts of the sensors, to detect stale ones. */
@Injectable()
export class SensorContacts {
  constructor(private readonly store: Store) {}

  /** Sets the configured sensors; the rows of others are deleted. */
  async expect(sensors: readonly { name: string; kind: string }[]): Promise<void> {
    const names = sensors.map(({ name }) => name);
    await this.store.transaction(async (tx) => {
      await tx.query('DELETE FROM sensor_contact WHERE sensor <> ALL ($1::text[])', [names]);
      await tx.query(
        `INSERT INTO sensor_contact (sensor, kind) SELECT * FROM unnest($1::text[], $2::text[]) ORDER BY 1
         ON CONFLICT (sensor) DO UPDATE SET kind = excluded.kind WHERE sensor_contact.kind <> excluded.kind`,
        [names, sensors.map(({ kind }) => kind)],
      );
    });
  }

  /** Records contacts; returns the sensors that recover by them, each once. */
  async note(tx: Transaction, contacts: readonly Contact[]): Promise<StaleSensor[]> {
    if (contacts.length === 0) return [];
    return tx.rows(
      staleColumns,
      (list) => `WITH heard AS (
         SELECT sensor_contact.sensor, silent_since, contact.* FROM sensor_contact
         JOIN unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[]) AS contact (name, at, records, dropped) ON name = sensor
         ORDER BY sensor FOR UPDATE OF sensor_contact
       ), noted AS (
         UPDATE sensor_contact SET heard_at = greatest(heard_at, heard.at), silent_since = NULL,
           records = sensor_contact.records + heard.records, dropped = sensor_contact.dropped + heard.dropped,
           dropped_at = CASE WHEN heard.dropped > 0 THEN heard.at ELSE dropped_at END
         FROM heard WHERE heard.sensor = sensor_contact.sensor
         RETURNING sensor_contact.sensor, sensor_contact.heard_at, heard.silent_since
       )
       SELECT ${list} FROM noted WHERE silent_since IS NOT NULL`,
      [
        contacts.map(({ sensor }) => sensor),
        contacts.map(({ heardAt }) => heardAt),
        contacts.map(({ records }) => records),
        contacts.map(({ dropped }) => dropped),
      ],
    );
  }

  /**
   * Finds sensors without events for too long, counted from `since` at the earliest; each outage is
   * found once. A sensor that has never sent anything is not stale, as it may not be set up yet.
   */
  async findSilent(
    tx: Transaction,
    limits: readonly { sensor: string; silentAfterMs: number }[],
    since: Date,
  ): Promise<StaleSensor[]> {
    if (limits.length === 0) return [];
    return tx.returning(
      staleColumns,
      `UPDATE sensor_contact SET silent_since = heard_at
       FROM unnest($1::text[], $2::bigint[]) AS silence (name, after_ms)
       WHERE name = sensor AND silent_since IS NULL
         AND heard_at IS NOT NULL AND greatest(heard_at, $3) < now() - after_ms * interval '1 millisecond'`,
      [limits.map(({ sensor }) => sensor), limits.map(({ silentAfterMs }) => silentAfterMs), since],
    );
  }

  /** Every configured sensor, by name. */
  async list(): Promise<SensorHealth[]> {
    return this.store.rows(columns, 'FROM sensor_contact ORDER BY sensor');
  }
}
