import type { EntryKind, JsonObject, ManagedKind } from '@tidewaiter/domain';
import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';

import { safeInteger } from '../core/columns.js';
import { DeletedBy, Permanent } from '../core/retention.js';

/** Version of an entry that is managed by API. Rows are only added: an undo is a version, too. */
@Permanent('a row for each change by a maintainer, kept as history')
@Entity('managed_entry')
@Unique('managed_entry_revision_ux', ['revision'])
export class ManagedEntryRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'managed_entry_pk' }) kind!: ManagedKind;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'managed_entry_pk' }) name!: string;
  /** From 1, also across a deletion. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'managed_entry_pk' }) version!: number;
  /** Position among the changes of all entries. */
  @Column('bigint', { transformer: safeInteger }) revision!: number;
  /** As in `tidewaiter.yaml`, without its secrets. */
  @Column('jsonb') document!: JsonObject;
  /** Encrypted secrets by their paths in the document. */
  @Column('jsonb') sealed!: Record<string, string>;
  /** Name of the user or service account. */
  @Column('text') author!: string;
  @Column('timestamptz') at!: Date;
  /** Reason for the change. */
  @Column('text', { nullable: true }) comment!: string | null;
  @Column('boolean', { name: 'is_deleted' }) isDeleted!: boolean;
}

/** Entry of `tidewaiter.yaml`, as the console has read it last; listed beside the managed ones. */
@DeletedBy('FileEntries.replace')
@Entity('file_entry')
export class FileEntryRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'file_entry_pk' }) kind!: EntryKind;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'file_entry_pk' }) name!: string;
  /** Without its secrets. */
  @Column('jsonb') document!: JsonObject;
  @Column('integer') line!: number;
}
