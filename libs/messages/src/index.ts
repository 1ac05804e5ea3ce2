export { evidenceText } from './kinds/finding-evidence.js';
export { sampleMessage } from './sample-messages.js';
export { summaryMessage } from './kinds/summary-message.js';
export type { SummaryNoteLines, EndingException } from './kinds/summary-message.js';
export { findingMessage, findingMessages } from './kinds/finding-message.js';
export type { AffectedPlace, FindingReport } from './kinds/finding-report.js';
export { incidentMessage } from './kinds/incident-message.js';
export type { IncidentReport } from './kinds/incident-report.js';
export { mergedMessage } from './merged-message.js';
export {
  clean,
  consoleLink,
  headWord,
  maxFactChars,
  maxItemChars,
  maxItems,
  maxTitleChars,
  messageKinds,
  risesAbove,
  severityWord,
} from './message.js';
export type { Message, MessageFact, MessageItem, MessageKind, MessageLink, MessageSection } from './message.js';
export type { PushFinding } from './kinds/push-message-groups.js';
export { correctedMessage, correctionMessage } from './kinds/correction-message.js';
export { isAlarming, isAlarmingSeverity, pushMessage } from './kinds/push-message.js';
export type { PushReport } from './kinds/push-message.js';
export { reminderMessage } from './kinds/reminder-message.js';
export type { StillFiring } from './kinds/reminder-message.js';
export { reportAlert, reportMessage } from './kinds/report-message.js';
export { viewAlert, viewMessage, type ViewNews } from './kinds/view-message.js';
export { repeatedMessage } from './repeated-message.js';
export { testAlert, testMessage } from './test-message.js';
export { failedPushMessage, failedPushSeverity } from './kinds/failed-push-message.js';
export type { FailedPushReport } from './kinds/failed-push-message.js';
export { sensorMessage, silenceSeverity } from './kinds/sensor-message.js';
export type { SensorReport } from './kinds/sensor-message.js';
export { templatesMarkdown } from './templates/templates-markdown.js';
export { readTemplates, Templates } from './templates/templates.js';
export type { TemplateFile } from './templates/templates.js';
