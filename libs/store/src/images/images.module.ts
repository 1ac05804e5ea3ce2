import { Module } from '@nestjs/common';

import { AdvisoriesModule } from '../advisories/advisories.module.js';
import { AdvisoryAges } from '../advisories/advisory-ages.js';
import { ExposureTrends } from './exposure/exposure-trends.js';
import { FixTimes } from './exposure/fix-times.js';
import { FleetExposure } from './exposure/fleet-exposure.js';
import { FileContents } from './file-contents.js';
import { Findings } from './findings.js';
import { FleetFiles } from './fleet-files.js';
import { ImageFactsOf } from './image-facts.js';
import { ImageManifests } from './image-manifests.js';
import { ImageOrigins } from './image-origins.js';
import { ImageRetention } from './image-retention.js';
import { Images } from './images.js';
import { LayerFailures } from './layer-failures.js';
import { LayerPaths } from './layer-paths.js';
import { OwnerLabels } from './owner-labels.js';
import { PackageContents } from './package-contents.js';
import { PackageUses } from './package-use.js';
import { ImageComparison } from './pushes/image-comparison.js';
import { ImageStates } from './pushes/image-states.js';
import { Provenances } from './pushes/provenances.js';
import { PushesModule } from './pushes/pushes.module.js';
import { EvaluationRules, Verdicts } from './pushes/verdicts.js';
import { VexStatements } from './pushes/vex-statements.js';

const repositories = [
  ExposureTrends,
  FileContents,
  Findings,
  FixTimes,
  FleetExposure,
  FleetFiles,
  ImageFactsOf,
  ImageManifests,
  ImageOrigins,
  ImageRetention,
  ImageStates,
  Images,
  LayerFailures,
  LayerPaths,
  OwnerLabels,
  PackageContents,
  PackageUses,
  VexStatements,
];

/** Images, layers, packages and findings, and their evaluation by the rules of the settings. */
@Module({
  imports: [AdvisoriesModule, PushesModule],
  providers: [
    ...repositories,
    ImageComparison,
    {
      provide: Verdicts,
      useFactory: (
        images: Images,
        findings: Findings,
        provenances: Provenances,
        { rules }: EvaluationRules,
        ages: AdvisoryAges,
      ) => new Verdicts(images, findings, provenances, rules, ages),
      inject: [Images, Findings, Provenances, EvaluationRules, AdvisoryAges],
    },
  ],
  exports: [...repositories, ImageComparison, Verdicts],
})
export class ImagesModule {}
