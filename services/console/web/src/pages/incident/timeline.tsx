import type { IncidentDetail } from '../../api/types.js';
import { absoluteTime } from '../../parts/relative-time.js';
import { timelineDays } from './timeline-days.js';

type Entry = IncidentDetail['timeline'][number];

/** Kind of an entry as a shape and a word. */
const kinds: Record<Entry['kind'], readonly [string, string]> = {
  push: ['↥', 'push'],
  step: ['●', 'step'],
  state: ['◇', 'incident'],
  comment: ['❝', 'comment'],
  message: ['✉', 'message'],
};

/** One axis of pushes, steps of the attack, changes of the incident and messages. */
export function Timeline({ entries }: { entries: readonly Entry[] }) {
  return timelineDays(entries).map(({ day, entries: some }) => (
    <section key={day} className="timeline">
      <h3>{day}</h3>
      <ol>
        {some.map(({ clock, ...entry }, index) => (
          <TimelineEntry key={`${entry.at} ${index}`} entry={entry} clock={clock} />
        ))}
      </ol>
    </section>
  ));
}

function TimelineEntry({ entry, clock }: { entry: Entry; clock: string }) {
  const { at, kind, title, detail, severity } = entry;
  const [shape, word] = kinds[kind];
  return (
    <li className={kind}>
      <time dateTime={at} title={absoluteTime(at)}>
        {clock}
      </time>
      <span className={`shape ${severity ?? ''}`} aria-hidden="true">
        {shape}
      </span>
      <small className="kind">{word}</small>
      <span>
        {title} {detail !== null && (kind === 'comment' ? <q>{detail}</q> : <small className="quiet">{detail}</small>)}
      </span>
    </li>
  );
}
