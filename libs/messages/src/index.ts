export { evidenceText } from './finding-evidence.js';
export { sampleMessage } from './sample-messages.js';
export { summaryMessage } from './summary-message.js';
export type { SummaryNoteLines, EndingException } from './summary-message.js';
export { findingMessage, findingMessages } from './finding-message.js';
export type { AffectedPlace, FindingReport } from './finding-report.js';
export { incidentMessage } from './incident-message.js';
export type { IncidentReport } from './incident-report.js';
export { mergedMessage } from './merged-message.js';
export {
  clean,
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
export type { PushFinding } from './push-message-groups.js';
export { correctedMessage, correctionMessage } from './correction-message.js';
export { isAlarming, pushMessage } from './push-message.js';
export type { PushReport } from './push-message.js';
export { reminderMessage } from './reminder-message.js';
export type { StillFiring } from './reminder-message.js';
export { repeatedMessage } from './repeated-message.js';
export { failedPushMessage, failedPushSeverity } from './failed-push-message.js';
export type { FailedPushReport } from './failed-push-message.js';
export { sensorMessage, silenceSeverity } from './sensor-message.js';
export type { SensorReport } from './sensor-message.js';
export { templatesMarkdown } from './templates/templates-markdown.js';
export { readTemplates, Templates } from './templates/templates.js';
export type { TemplateFile } from './templates/templates.js';
