import { printable } from '@tidewaiter/domain';

import type { ReplayAnswer } from './routes-replay.js';
import { count } from './terminal.js';

const heldWords: Record<ReplayAnswer['would']['heldBack'][number]['why'], string> = {
  group: 'for others of their group',
  digest: 'for the hour of a digest',
  storm: 'in a flood, told together',
  silenced: 'silenced',
  inhibited: 'inhibited',
  muted: 'at a time when nothing is told',
};

const columns = ['messages', 'alerts', 'reminders', 'edits', 'was sent'];
const numberWidth = 10;

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
    `would have sent ${plural(would.messages, 'message')} with ${plural(would.alerts, 'alert')}; sent were ${count(really)}`,
  ];
}

function receiverLines({ would, sent }: ReplayAnswer, width: number): string[] {
  const names = [...new Set([...would.receivers, ...sent].map(({ receiver }) => receiver))];
  if (names.length === 0) return ['nobody would have been told, and nobody was'];
  const nameWidth = Math.max(12, width - columns.length * numberWidth);
  const line = (name: string, numbers: readonly (number | string)[]) =>
    cut(name, nameWidth - 1).padEnd(nameWidth) +
    numbers.map((number) => (typeof number === 'number' ? count(number) : number).padStart(numberWidth)).join('');
  return [
    line('receiver', columns),
    ...names.flatMap((name) => {
      const report = would.receivers.find(({ receiver }) => receiver === name);
      const really = sent.filter(({ receiver }) => receiver === name);
      const routes = [...new Set([...(report?.routes ?? []), ...really].map(({ route }) => route))];
      return [
        line(printable(name), numbersOf(report, really)),
        ...routes.map((route) =>
          line(
            `  ${printable(route)}`,
            numbersOf(
              report?.routes.find((each) => each.route === route),
              really.filter((each) => each.route === route),
            ),
          ),
        ),
      ];
    }),
  ];
}

function numbersOf(
  would: Record<'messages' | 'alerts' | 'reminders' | 'edits', number> | undefined,
  sent: ReplayAnswer['sent'],
): number[] {
  const { messages = 0, alerts = 0, reminders = 0, edits = 0 } = would ?? {};
  return [messages, alerts, reminders, edits, sent.reduce((sum, each) => sum + each.messages, 0)];
}

function heldLines({ would: { heldBack } }: ReplayAnswer): string[] {
  if (heldBack.length === 0) return [];
  const lines = heldBack.map(({ why, told, over, waits }) => {
    const outcomes = [
      told > 0 ? `${count(told)} told later or with others` : '',
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
  if (knownSince === null) return ['', 'It is not known yet what there was to tell: that is kept from now on.'];
  return isWhole ? [] : ['', `Known since ${minuteOf(knownSince)} UTC: what came before is not in this.`];
}

function minuteOf(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

function plural(number: number, thing: string): string {
  return `${count(number)} ${thing}${number === 1 ? '' : 's'}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
