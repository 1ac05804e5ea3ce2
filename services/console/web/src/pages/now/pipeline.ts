import type { Receiver, Status } from '../../api/types.js';

export type StageState = 'good' | 'waiting' | 'bad';

export interface Stage {
  title: string;
  text: string;
  oldestSeconds: number;
  state: StageState;
  /** Page that shows more. */
  path: string;
}

/** Age of the oldest queued item above which a stage counts as behind. */
const behindSeconds = 60;

interface Facts {
  status: Status;
  deadLetters: number;
  channels: readonly Pick<Receiver, 'state' | 'waiting' | 'waitingSince'>[];
}

/** Stages of the pipeline: received, matched, sent, and failed. */
export function pipelineStages({ status, deadLetters, channels }: Facts, now = Date.now()): Stage[] {
  const { pushes, advisories, queues } = status;
  const isStale = advisories.ages.some((age) => age.isStale);
  const broken = channels.filter(({ state }) => state === 'broken').length;
  const ofQueues = (names: readonly string[]) =>
    queues.filter(({ queue }) => names.includes(queue)).map(({ oldestSeconds }) => oldestSeconds);
  const ofMessages = channels.map(({ waitingSince }) =>
    waitingSince === null ? 0 : Math.max(0, (now - Date.parse(waitingSince)) / 1000),
  );
  return [
    stage(
      'Pushes',
      (pushes.accepted ?? 0) + (pushes.analyzing ?? 0),
      'in work',
      ofQueues(['push', 'layer']),
      '/images',
    ),
    {
      title: 'Advisories',
      text: advisories.advisories === 0 ? 'none yet' : advisories.advisories.toLocaleString('en'),
      oldestSeconds: Math.max(0, ...advisories.ages.map(({ ageSeconds }) => ageSeconds)),
      state: advisories.advisories === 0 || isStale ? 'bad' : 'good',
      path: '/system/advisories',
    },
    stage(
      'Messages',
      sum(channels.map(({ waiting }) => waiting)),
      'waiting',
      [...ofQueues(['delivery']), ...ofMessages],
      '/system/deliveries',
    ),
    {
      title: 'Channels',
      text: broken === 0 ? `${channels.length} in use` : `${broken} broken`,
      oldestSeconds: 0,
      state: broken === 0 ? 'good' : 'bad',
      path: '/policies/channels',
    },
    {
      title: 'Dead letters',
      text: deadLetters === 0 ? 'none' : String(deadLetters),
      oldestSeconds: 0,
      state: deadLetters === 0 ? 'good' : 'bad',
      path: '/system/dead-letters',
    },
  ];
}

function stage(title: string, count: number, noun: string, ages: readonly number[], path: string): Stage {
  const oldestSeconds = Math.max(0, ...ages);
  const state = oldestSeconds > behindSeconds ? 'waiting' : 'good';
  return {
    title,
    text: count === 0 ? `nothing ${noun}` : `${count.toLocaleString('en')} ${noun}`,
    oldestSeconds,
    state,
    path,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
