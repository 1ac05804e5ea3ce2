import { Column, CreateDateColumn, Entity, Generated, Index, PrimaryColumn } from 'typeorm';

/** What runtime events added up to. Only the detector writes it. */
@Entity('incident')
@Index('incident_open_ux', ['rule', 'subjectKey'], { unique: true, where: "state = 'open'" })
export class IncidentRow {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'incident_pk' }) id!: string;
  /** What people call it by: INC-7. */
  @Index('incident_number_ux', { unique: true })
  @Column('bigint')
  @Generated('increment')
  number!: string;
  @Column('text') rule!: string;
  /** What the incident is about: image, namespace and cluster. */
  @Column('text', { name: 'subject_key' }) subjectKey!: string;
  @Column('text') title!: string;
  @Column('text') severity!: string;
  /** `open` or `resolved`. */
  @Column('text', { default: 'open' }) state!: string;
  @Column('integer', { default: 1 }) revision!: number;
  /** Events that it stands for. */
  @Column('bigint') count!: string;
  @Column('text', { name: 'image_repository', nullable: true }) imageRepository!: string | null;
  @Column('text', { name: 'image_tag', nullable: true }) imageTag!: string | null;
  @Column('text', { name: 'image_digest', nullable: true }) imageDigest!: string | null;
  @Column('text', { nullable: true }) namespace!: string | null;
  @Column('text', { nullable: true }) cluster!: string | null;
  @Column('text', { name: 'first_seen' }) firstSeen!: string;
  @Column('text', { name: 'last_seen' }) lastSeen!: string;
  /** Id of the runtime event. */
  @Column('text', { name: 'opened_by' }) openedBy!: string;
  /** The first events: they say how it began. */
  @Column('jsonb') evidence!: unknown;
  @CreateDateColumn({ name: 'opened_at', type: 'timestamptz' }) openedAt!: Date;
  @Column('timestamptz', { name: 'resolved_at', nullable: true }) resolvedAt!: Date | null;
  @Column('text', { name: 'resolved_by', nullable: true }) resolvedBy!: string | null;
}
