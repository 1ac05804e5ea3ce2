export { parseDuration } from './config/duration.js';
export type { ChannelConfig, ChannelReader, ChannelReaders, Integration, ReceiverConfig } from './config/receiver.js';
export { parseMatchers, parseSilenceMatchers } from './matching/matcher-syntax.js';
export { formatMatcher, matches } from './matching/matcher.js';
export type { Matcher } from './matching/matcher.js';
export { builtInInhibitRules, Inhibitions } from './matching/inhibition.js';
export type { InhibitRule } from './matching/inhibition.js';
export { groupKey, groupLabels, isMuted, matchRoutes, routeAt } from './matching/route.js';
export type { RouteMatch } from './matching/route.js';
export { parseRouting } from './config/routing.js';
export type { RoutingConfig, RoutingSources } from './config/routing.js';
export { readMatcherList } from './config/read-matchers.js';
export { rendered, Section, templated } from './config/section.js';
export type { EnvironmentVariables, ReadFile } from './config/section.js';
export { showKey } from './config/yaml-document.js';
export type { YamlValue } from './config/yaml-document.js';
export { Silences } from './matching/silence.js';
export type { Silence } from './matching/silence.js';
export { summaryWaitMs } from './config/summary-schedule.js';
export type { SummarySchedule } from './config/summary-schedule.js';
export { channelsFor, groupByReceiver, groupByRoute } from './matching/group.js';
export type { Group, AlertSubject } from './matching/group.js';
export { MuteSnapshot } from './timing/mute-snapshot.js';
export type { MuteReason } from './timing/mute-snapshot.js';
export { reminding } from './timing/reminding.js';
export type { Reminding } from './timing/reminding.js';
export { lastPeriod, parseCron } from './timing/cron-schedule.js';
export { timeZoneProblem } from './timing/time-interval.js';
export { advisoryTimes, isStorm, mutedMs, sortDue, stormMs, waitOf } from './timing/waiting.js';
export type { GroupTimes, Sorted } from './timing/waiting.js';
export type { DelayedMessage, PastAlert, PastEvent, SimulatedMessage } from './simulation/past.js';
export { Simulation } from './simulation/simulation.js';
export { replayReport } from './simulation/replay-report.js';
export type {
  BusyGroup,
  DelayReport,
  MessageCounts,
  ReceiverReport,
  ReplayReport,
} from './simulation/replay-report.js';
