import { Module } from '@nestjs/common';

import { ImagesModule } from '../images/images.module.js';
import { ReportRuns } from './report-runs.js';
import { UnfixedFindings } from './unfixed-findings.js';

/** Reports of what is unfixed. */
@Module({
  imports: [ImagesModule],
  providers: [ReportRuns, UnfixedFindings],
  exports: [ReportRuns, UnfixedFindings],
})
export class ReportsModule {}
