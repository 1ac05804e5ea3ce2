import { Module } from '@nestjs/common';

import { ImagesModule } from '../images/images.module.js';
import { FixHistories } from './fix-histories.js';
import { ReportRuns } from './report-runs.js';
import { StoredReports } from './stored-reports.js';
import { UnfixedFindings } from './unfixed-findings.js';

/** Reports of what is unfixed, and of how long fixes took. */
@Module({
  imports: [ImagesModule],
  providers: [FixHistories, ReportRuns, StoredReports, UnfixedFindings],
  exports: [FixHistories, ReportRuns, StoredReports, UnfixedFindings],
})
export class ReportsModule {}
