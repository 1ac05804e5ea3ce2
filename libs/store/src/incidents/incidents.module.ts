import { Module } from '@nestjs/common';

import { ImagesModule } from '../images/images.module.js';
import { PushesModule } from '../images/pushes/pushes.module.js';
import { WorkloadsModule } from '../workloads/workloads.module.js';
import { DetectionAlerts } from './detection-alerts.js';
import { DetectionMatches } from './detection-matches.js';
import { DetectionRules } from './detection-rules.js';
import { DetectorLeases } from './detector-leases.js';
import { IncidentContexts } from './incident-contexts.js';
import { IncidentOrigins } from './incident-origins.js';
import { IncidentReaches } from './incident-reaches.js';
import { IncidentTriage } from './incident-triage.js';
import { Incidents } from './incidents.js';
import { LearnedHabits } from './learned-habits.js';

const repositories = [
  DetectionAlerts,
  DetectionMatches,
  DetectionRules,
  DetectorLeases,
  IncidentContexts,
  Incidents,
  IncidentTriage,
  LearnedHabits,
];

/** Alerts of detection rules, the incidents built from them, and the state of the detector. */
@Module({
  imports: [ImagesModule, PushesModule, WorkloadsModule],
  providers: [...repositories, IncidentOrigins, IncidentReaches],
  exports: repositories,
})
export class IncidentsModule {}
