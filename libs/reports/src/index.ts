export { byRisk } from './finding-groups.js';
export type { Report, ReportFinding, ReportFormat, ReportLayer, ReportStats, ReportTarget } from './report.js';
export { reportFormats } from './report-formats.js';
export { fixText } from './wording.js';
