import { Module } from '@nestjs/common';

import { ImagesModule } from '../images/images.module.js';
import { ReportRuns } from './report-runs.js';
import { StoredReports } from './stored-reports.js';
import { UnfixedFindings } from './unfixed-findings.js';

/** Reports of what is unfixed. */
@Module({
  imports: [ImagesModule],
  providers: [ReportRuns, StoredReports, UnfixedFindings],
  exports: [ReportRuns, StoredReports, UnfixedFindings],
})
export class ReportsModule {}
