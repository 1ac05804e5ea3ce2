import type { AffectedPackage, KevList, MatchEvidence, PublishedRelease } from '@tidewaiter/advisories';
import type { FixState, MatchState, Severity } from '@tidewaiter/domain';
import {
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
} from 'typeorm';

import { DeletedWith, Permanent } from '../core/retention.js';
import { PackageRow } from '../images/package-rows.js';

/** One import of advisories, for display. */
@Permanent('replaced by the next import')
@Entity('advisory_import')
export class AdvisoryImportRow {
  @PrimaryGeneratedColumn('identity', {
    type: 'bigint',
    generatedIdentity: 'BY DEFAULT',
    primaryKeyConstraintName: 'advisory_import_pk',
  })
  id!: string;
  @Column('text') source!: string;
  @Column('integer') records!: number;
  @Column('integer') changed!: number;
  @Column('integer') rejected!: number;
  @CreateDateColumn({ name: 'imported_at', type: 'timestamptz' }) importedAt!: Date;
}

/** Time of the first load of an ecosystem, whose findings about the past are not all announced. */
@Permanent('replaced by the next import')
@Entity('advisory_ecosystem')
export class AdvisoryEcosystemRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'advisory_ecosystem_pk' }) ecosystem!: string;
  @CreateDateColumn({ name: 'first_loaded_at', type: 'timestamptz' }) firstLoadedAt!: Date;
  /** Findings announced on that day. */
  @Column('integer', { name: 'first_news', default: 0 }) firstNews!: number;
}

/** The parts of an OSV record that are used. */
@Permanent('replaced by the next import')
@Entity('advisory')
export class AdvisoryRow {
  /** OSV id, never an alias: aliases change, the id does not. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'advisory_pk' }) id!: string;
  @Index('advisory_vulnerability_ix')
  @Column('text', { name: 'vulnerability_id' })
  vulnerabilityId!: string;
  @Column('text', { array: true }) aliases!: string[];
  @Column('text') title!: string;
  @Column('text') severity!: Severity;
  @Column('text', { name: 'cvss_vector', nullable: true }) cvssVector!: string | null;
  @Column('real', { name: 'cvss_score', nullable: true }) cvssScore!: number | null;
  @Column('timestamptz') modified!: Date;
  @Column('timestamptz', { nullable: true }) published!: Date | null;
  @Column('timestamptz', { nullable: true }) withdrawn!: Date | null;
  /** Number of the transaction that wrote it last. */
  @Index('advisory_change_ix')
  @Column('bigint')
  change!: string;
}

/**
 * A package that an advisory names, with the ranges to evaluate versions by. Written with its
 * advisory, which is never deleted, and without a foreign key, whose check would take a fifth of a
 * load.
 */
@Permanent('replaced by the next import')
@Entity('advisory_package')
@Index('advisory_package_name_ix', ['ecosystem', 'name'])
@Index('advisory_package_release_ix', ['ecosystem', 'release'])
export class AdvisoryPackageRow {
  @PrimaryColumn('text', { name: 'advisory_id', primaryKeyConstraintName: 'advisory_package_pk' }) advisoryId!: string;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'advisory_package_pk' }) position!: number;
  @Column('text') ecosystem!: string;
  @Column('text', { nullable: true }) release!: string | null;
  @Column('text') name!: string;
  /** Without the values of `usualEntry` and of the other columns, or with them. */
  @Column('jsonb') affected!: Partial<AffectedPackage>;
}

/** A match of an advisory and a package; images follow by join. */
@DeletedWith(() => PackageRow)
@Entity('package_match')
// GIN, which TypeORM cannot declare.
@Index('package_match_vulnerability_ix', { synchronize: false })
export class PackageMatchRow {
  @PrimaryColumn('bigint', { name: 'package_id', primaryKeyConstraintName: 'package_match_pk' }) packageId!: string;
  @ManyToOne(() => PackageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'package_id', foreignKeyConstraintName: 'package_match_package_fk' })
  package?: Relation<PackageRow>;
  @Index('package_match_advisory_ix')
  @PrimaryColumn('text', { name: 'advisory_id', primaryKeyConstraintName: 'package_match_pk' })
  advisoryId!: string;
  @ManyToOne(() => AdvisoryRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'advisory_id', foreignKeyConstraintName: 'package_match_advisory_fk' })
  advisory?: Relation<AdvisoryRow>;
  @Column('text') state!: MatchState;
  @Column('text', { name: 'fix_state' }) fixState!: FixState;
  @Column('text', { name: 'fix_version', nullable: true }) fixVersion!: string | null;
  /** The distribution's own severity for this package, if it differs from the advisory's. */
  @Column('text', { nullable: true }) severity!: Severity | null;
  /** The vulnerabilities that the advisory is about and this package has. */
  @Column('text', { name: 'vulnerability_ids', array: true, default: [] }) vulnerabilityIds!: string[];
  /** Compared versions, and the range that matched. */
  @Column('jsonb', { default: {} }) evidence!: MatchEvidence;
}

/** Source of advisories, with its state and the age of its data. */
@Permanent('replaced by the next import')
@Entity('advisory_feed')
export class AdvisoryFeedRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'advisory_feed_pk' }) name!: string;
  @Column('text') origin!: string;
  @Column('text', { nullable: true }) etag!: string | null;
  @Column('text', { name: 'last_modified', nullable: true }) lastModified!: string | null;
  @Column('timestamptz', { name: 'as_of' }) asOf!: Date;
  @Column('timestamptz', { name: 'checked_at' }) checkedAt!: Date;
  @Column('timestamptz', { name: 'changed_at' }) changedAt!: Date;
  @Column('integer') records!: number;
  @Column('integer') rejected!: number;
}

/** A vulnerability of a list of known exploited vulnerabilities (KEV). */
@Permanent('replaced by the next import')
@Entity('kev')
export class KevRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'kev_pk' }) cve!: string;
  /** Earliest date of the lists. */
  @Column('date', { name: 'added_on' }) addedOn!: string;
  /** Date on which each list added it; empty in rows of an older release, which are CISA's. */
  @Column('jsonb', { default: {} }) lists!: Partial<Record<KevList, string>>;
}

/** EPSS score of a vulnerability: FIRST's probability that it is exploited. */
@Permanent('replaced by the next import')
@Entity('epss')
export class EpssRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'epss_pk' }) cve!: string;
  @Column('double precision') score!: number;
  @Column('double precision') percentile!: number;
}

/** Releases of a product of endoflife.date, with the ends of their support. */
@Permanent('replaced by the next import')
@Entity('end_of_life')
export class EndOfLifeRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'end_of_life_pk' }) product!: string;
  @Column('text') title!: string;
  @Column('jsonb') releases!: PublishedRelease[];
  /** Days on which a support ends, so that verdicts are evaluated again after them. */
  @Column('date', { name: 'end_days', array: true }) endDays!: string[];
}

/** Products that a repository of Red Hat belongs to. */
@Permanent('replaced by the next import')
@Entity('repository_cpe')
export class RepositoryCpeRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'repository_cpe_pk' }) repository!: string;
  @Column('text', { array: true }) cpes!: string[];
}

/**
 * A CVE that was added to the catalog, or whose EPSS score rose while images had it, and whether
 * that was evaluated. Never deleted once announced, so that it is announced once: at most a row for
 * each entry of the catalog and each CVE of the fleet that rose.
 */
@Permanent('at most two rows for each CVE')
@Entity('exploitation_change')
@Index('exploitation_change_waiting_ix', ['reason'], { where: 'announced_at IS NULL' })
export class ExploitationChangeRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'exploitation_change_pk' }) cve!: string;
  @PrimaryColumn('text', { primaryKeyConstraintName: 'exploitation_change_pk' }) reason!: string;
  /** EPSS score before the first rise that is not evaluated yet; null if it had none. */
  @Column('double precision', { name: 'score_before', nullable: true }) scoreBefore!: number | null;
  @Column('timestamptz', { name: 'announced_at', nullable: true }) announcedAt!: Date | null;
}
