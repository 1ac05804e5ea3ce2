import { printable } from '@tidewaiter/domain';
import type { RoutingReplay } from '@tidewaiter/store';

import { count, counted, minuteOf } from '../terminal.js';

/** Times as the API writes them, and as a shell reads them. */
export type ReplayAnswer = Omit<RoutingReplay, 'since' | 'until' | 'history'> & {
  since: string;
  until: string;
  history: Omit<RoutingReplay['history'], 'knownSince'> & { knownSince: string | null };
};

const heldWords: Record<ReplayAnswer['would']['heldBack'][number]['why'], string> = {
  group: 'for others of their group',
  summary: 'for the hour of a summary',
  storm: 'in a flood, merged',
  silenced: 'silenced',
  inhibited: 'inhibited',
  muted: 'in a time interval without messages',
};

type Column = 'messages' | 'alerts' | 'reminders' | 'edits' | 'was sent';
const columns: readonly Column[] = ['messages', 'alerts', 'reminders', 'edits', 'was sent'];
/** Where there is no room for all. */
const fewColumns: readonly Column[] = ['messages', 'alerts', 'was sent'];
const [numberWidth, narrowestName, roomyWidth] = [10, 10, 70];

/** A replay for a person, with lines of at most this many characters. */
export function replayText(answer: ReplayAnswer, width: number): string {
  const lines = [
    ...headLines(answer),
    '',
    ...receiverLines(answer, width),
    ...heldLines(answer),
    ...busiestLines(answer, width),
    ...historyLines(answer),
  ];
  return `${lines.join('\n')}\n`;
}

function headLines({ since, until, would, sent }: ReplayAnswer): string[] {
  const really = sent.reduce((sum, { messages }) => sum + messages, 0);
  return [
    `${minuteOf(since)} to ${minuteOf(until)} UTC`,
    `would have sent ${counted(would.messages, 'message')} with ${counted(would.alerts, 'alert')}; sent were ${count(really)}`,
  ];
}

function receiverLines({ would, sent }: ReplayAnswer, width: number): string[] {
  const receivers = [...new Set([...would.receivers, ...sent].map(({ receiver }) => receiver))];
  const rows = receivers.flatMap((name): [string, Record<Column, number>][] => {
    const report = would.receivers.find(({ receiver }) => receiver === name);
    const really = sent.filter(({ receiver }) => receiver === name);
    const routes = [...new Set([...(report?.routes ?? []), ...really].map(({ route }) => route))];
    return [
      [printable(name), numbersOf(report, really)],
      ...routes.map((path): [string, Record<Column, number>] => {
        const wouldBe = report?.routes.find(({ route }) => route === path);
        const was = really.filter(({ route }) => route === path);
        return [`  ${printable(path)}`, numbersOf(wouldBe, was)];
      }),
    ];
  });
  return rows.length === 0 ? ['no messages, before or after'] : table(rows, width);
}

function table(rows: readonly [name: string, numbers: Record<Column, number>][], width: number): string[] {
  const shown = width < roomyWidth ? fewColumns : columns;
  const longest = Math.max('receiver'.length, ...rows.map(([name]) => name.length)) + 2;
  const nameWidth = Math.max(narrowestName, Math.min(longest, width - shown.length * numberWidth));
  const line = (name: string, cells: readonly string[]) =>
    cut(name, nameWidth - 1).padEnd(nameWidth) + cells.map((cell) => cell.padStart(numberWidth)).join('');
  return [
    line('receiver', shown),
    ...rows.map(([name, numbers]) =>
      line(
        name,
        shown.map((column) => count(numbers[column])),
      ),
    ),
  ];
}

function numbersOf(
  would: Record<'messages' | 'alerts' | 'reminders' | 'edits', number> | undefined,
  sent: ReplayAnswer['sent'],
): Record<Column, number> {
  const { messages = 0, alerts = 0, reminders = 0, edits = 0 } = would ?? {};
  return { messages, alerts, reminders, edits, 'was sent': sent.reduce((sum, each) => sum + each.messages, 0) };
}

function heldLines({ would: { heldBack } }: ReplayAnswer): string[] {
  if (heldBack.length === 0) return [];
  const lines = heldBack.map(({ why, sent, over, waits }) => {
    const outcomes = [
      sent > 0 ? `${count(sent)} sent later or merged` : '',
      over > 0 ? `${count(over)} over before that` : '',
      waits > 0 ? `${count(waits)} still waiting` : '',
    ];
    return `  ${heldWords[why]}: ${outcomes.filter((part) => part !== '').join(', ')}`;
  });
  return ['', 'held back', ...lines];
}

function busiestLines({ would: { busiest } }: ReplayAnswer, width: number): string[] {
  const often = busiest.filter(({ messages }) => messages > 1);
  if (often.length === 0) return [];
  return [
    '',
    'busiest groups',
    ...often.map(({ receiver, groupKey, messages }) =>
      cut(`${count(messages).padStart(6)}  ${printable(receiver)}  ${printable(groupKey)}`, width),
    ),
  ];
}

function historyLines({ history: { knownSince, isWhole } }: ReplayAnswer): string[] {
  if (knownSince === null) return ['', 'No recorded alerts yet: they are recorded from now on.'];
  return isWhole ? [] : ['', `Known since ${minuteOf(knownSince)} UTC: what came before is not in this.`];
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
