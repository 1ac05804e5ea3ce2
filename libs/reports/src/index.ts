export { csvLine } from './csv/csv.js';
export { byRisk } from './finding-groups.js';
export type {
  RenderOptions,
  Report,
  ReportFinding,
  ReportFormat,
  ReportLayer,
  ReportStats,
  ReportTarget,
} from './report.js';
export { reportFormats } from './report-formats.js';
export { paint, penOf } from './table/page.js';
export type { Pen } from './table/page.js';
export { wrap } from './table/wrap.js';
export { fixTimesCsv, groupFixTimes } from './fix-times.js';
export type { ExposureSpan, FixLimits, FixTimeFigures, FixTimeGroup, FixTimeQuestion } from './fix-times.js';
export { groupUnfixed, unfixedCsv } from './unfixed.js';
export type { UnfixedGroup, UnfixedRow } from './unfixed.js';
export { fixText } from './wording.js';
