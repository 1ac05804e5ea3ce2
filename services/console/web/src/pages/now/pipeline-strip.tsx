import { Link, type LinkProps } from '@tanstack/react-router';

import type { Receiver, Status } from '../../api/types.js';
import { durationText } from '../../parts/words.js';
import { pipelineStages, type StageState } from './pipeline.js';

const shapes: Record<StageState, string> = { good: '✓', waiting: '…', bad: '✕' };
const words: Record<StageState, string> = { good: 'keeps up', waiting: 'behind', bad: 'needs attention' };

interface Props {
  status: Status;
  deadLetters: number;
  channels: readonly Receiver[];
}

/** Stages from registry to message, each with its backlog and the age of the oldest item. */
export function PipelineStrip(props: Props) {
  return (
    <ol className="strip" aria-label="Pipeline">
      {pipelineStages(props).map(({ title, text, oldestSeconds, state, path }) => (
        <li key={title} className={state}>
          <Link to={path as LinkProps['to']}>
            <b>{title}</b>
            <span>{text}</span>
            <small>
              <span aria-hidden="true">{shapes[state]}</span> {words[state]}
              {oldestSeconds > 0 && `, oldest ${durationText(oldestSeconds)}`}
            </small>
          </Link>
        </li>
      ))}
    </ol>
  );
}
