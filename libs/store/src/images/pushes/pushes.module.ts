import { Module } from '@nestjs/common';

import { PipelineReports } from './pipeline-reports.js';
import { Provenances } from './provenances.js';
import { PushBaselines } from './push-baselines.js';
import { PushDifferences } from './push-differences.js';
import { PushIdentities } from './push-identities.js';
import { PushTrends } from './push-trends.js';
import { Pushes } from './pushes.js';
import { RegistryTags } from './registry-tags.js';
import { Revisions } from './revisions.js';
import { SuspectPushes } from './suspect-pushes.js';
import { TagHistories } from './tag-histories.js';
import { TagLedger } from './tag-ledger.js';

const repositories = [
  PipelineReports,
  Provenances,
  PushBaselines,
  PushDifferences,
  PushIdentities,
  PushTrends,
  Pushes,
  RegistryTags,
  Revisions,
  SuspectPushes,
  TagHistories,
  TagLedger,
];

/** Pushes, the tag ledger, and what registries and pipelines report about images. */
@Module({ providers: repositories, exports: repositories })
export class PushesModule {}
