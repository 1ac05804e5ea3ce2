// node e2e/faults/report-of.ts FILE...: the report of recorded sittings; see docs/howto/faults.md.
import { readRecords } from './record.ts';
import { faultReport } from './report.ts';

console.log(faultReport(process.argv.slice(2).flatMap(readRecords)));
