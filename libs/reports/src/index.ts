export type {
  RenderOptions,
  Report,
  ReportFinding,
  ReportFormat,
  ReportLayer,
  ReportPackage,
  ReportStats,
  ReportTarget,
  ReportVerdict,
  ReportWarning,
} from './report.js';
export { reportFormats } from './report-formats.js';
