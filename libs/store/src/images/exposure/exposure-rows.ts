import type { FindingKind, FixState, PackageType, Severity } from '@tidewaiter/domain';
import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';

import { DeletedBy, DeletedWith, Permanent, Retention } from '../../core/retention.js';
import { PackageRow } from '../package-rows.js';

/** A vulnerability of a package, by the consensus of the advisories that match it. */
@DeletedWith(() => PackageRow)
@Entity('package_vulnerability')
export class PackageVulnerabilityRow {
  @PrimaryColumn('bigint', { name: 'package_id', primaryKeyConstraintName: 'package_vulnerability_pk' })
  packageId!: string;
  @ManyToOne(() => PackageRow, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'package_id', foreignKeyConstraintName: 'package_vulnerability_package_fk' })
  package?: Relation<PackageRow>;
  @Index('package_vulnerability_id_ix')
  @PrimaryColumn('text', { name: 'vulnerability_id', primaryKeyConstraintName: 'package_vulnerability_pk' })
  vulnerabilityId!: string;
  @Column('text') kind!: FindingKind;
  @Column('text') severity!: Severity;
  @Column('text', { name: 'fix_state' }) fixState!: FixState;
  @Column('text', { name: 'fix_version', nullable: true }) fixVersion!: string | null;
  /** Version that fixes all that is fixable of the package; null where this one has no fix. */
  @Column('text', { name: 'upgrade_to', nullable: true }) upgradeTo!: string | null;
  /** False where a version could not be compared. */
  @Column('boolean', { name: 'is_certain' }) isCertain!: boolean;
  /** Advisory that decides. */
  @Column('text', { name: 'advisory_id' }) advisoryId!: string;
  /** Hash of the evaluated matches and advisories; the same in all rows of a package. */
  @Column('bigint') evaluation!: string;
}

/** A vulnerability of a package in an image that a tag points to, or that runs. */
@Retention({ days: 'vulnerabilityDays', since: 'gone_at', pace: 'hourly' })
@Entity('fleet_vulnerability')
export class FleetVulnerabilityRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'fleet_vulnerability_pk' }) id!: string;
  @Column('text') kind!: FindingKind;
  @Column('text') title!: string;
  /** Worst over its packages. */
  @Column('text') severity!: Severity;
  @Column('text', { array: true }) aliases!: string[];
  @Column('real', { nullable: true }) cvss!: number | null;
  @Column('timestamptz', { nullable: true }) published!: Date | null;
  @Column('boolean') kev!: boolean;
  @Column('double precision', { nullable: true }) epss!: number | null;
  /** Whether one of its packages has a version that fixes it. */
  @Column('boolean') fixable!: boolean;
  /** False where no version of a package could be compared. */
  @Column('boolean') certain!: boolean;
  @Column('text', { array: true }) packages!: string[];
  @Column('text', { array: true }) ecosystems!: string[];
  @Column('integer') images!: number;
  /** Null, and `workloads`, while no sensor reports containers. */
  @Column('integer', { name: 'running_images', nullable: true }) runningImages!: number | null;
  @Column('integer', { nullable: true }) workloads!: number | null;
  @Column('text', { array: true }) repositories!: string[];
  @Column('text', { array: true }) namespaces!: string[];
  @Column('text', { array: true }) clusters!: string[];
  /** First push of an image of today that has it, or its publication if that is later. */
  @Column('timestamptz', { name: 'first_seen' }) firstSeen!: Date;
  /** Time at which the last image lost it; null while one has it. */
  @Index('fleet_vulnerability_gone_ix', { where: 'gone_at IS NOT NULL' })
  @Column('timestamptz', { name: 'gone_at', nullable: true })
  goneAt!: Date | null;
  /** Orders vulnerabilities: running, KEV, EPSS score in tenths, fixable, severity. */
  @Column('integer') risk!: number;
}

/** An upgrade of a package that closes vulnerabilities of the fleet. */
@DeletedBy('FleetExposure.refresh')
@Entity('fleet_upgrade')
export class FleetUpgradeRow {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'fleet_upgrade_pk' }) id!: string;
  @Column('text') type!: PackageType;
  /** `Debian:12`, `npm` */
  @Column('text', { nullable: true }) ecosystem!: string | null;
  /** Source package, whose packages are upgraded together. */
  @Column('text') package!: string;
  @Column('text', { name: 'from_versions', array: true }) fromVersions!: string[];
  @Column('text', { name: 'to_version' }) toVersion!: string;
  @Column('text', { array: true }) packages!: string[];
  /** Vulnerabilities that it closes. */
  @Column('text', { array: true }) vulnerabilities!: string[];
  @Column('text') severity!: Severity;
  @Column('boolean') kev!: boolean;
  @Column('double precision', { nullable: true }) epss!: number | null;
  @Column('integer') images!: number;
  /** Null, and `workloads`, while no sensor reports containers. */
  @Column('integer', { name: 'running_images', nullable: true }) runningImages!: number | null;
  @Column('integer', { nullable: true }) workloads!: number | null;
  @Column('text', { array: true }) repositories!: string[];
  @Column('text', { array: true }) namespaces!: string[];
  @Column('text', { array: true }) clusters!: string[];
  /** Orders upgrades as vulnerabilities: by the worst that each closes. */
  @Column('integer') risk!: number;
}

/** Lease and state of the refresh of the tables above. One row. */
@Permanent('one row')
@Entity('fleet_refresh')
export class FleetRefreshRow {
  @PrimaryColumn('boolean', { primaryKeyConstraintName: 'fleet_refresh_pk' }) id!: boolean;
  /** A refresh whose process ended is taken over at this time. */
  @Column('timestamptz', { name: 'claimed_until' }) claimedUntil!: Date;
  /** Time at which the counts were known to be current. */
  @Column('timestamptz', { name: 'refreshed_at', nullable: true }) refreshedAt!: Date | null;
  /** Time at which they were last counted. */
  @Column('timestamptz', { name: 'counted_at', nullable: true }) countedAt!: Date | null;
  /** Hash over the images, their places and containers at that time. */
  @Column('text', { nullable: true }) state!: string | null;
  /** Number of the last change of advisories that was evaluated. */
  @Column('bigint', { name: 'advisory_change', default: 0 }) advisoryChange!: string;
}
