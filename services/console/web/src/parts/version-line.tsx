import type { ComponentProps, ReactNode } from 'react';

import { ActionButton } from './action-button.js';
import { Moment } from './moment.js';

interface VersionLineProps {
  version: number;
  /** `changed` */
  change: string;
  author: string;
  at: string;
  note: string | null;
  /** Brings the version back; null where that is not possible. */
  undo: Pick<ComponentProps<typeof ActionButton>, 'run' | 'changes'> | null;
  /** Content of the version. */
  children: ReactNode;
}

/** A version of what people change, in a list of them, with the author and a way back to it. */
export function VersionLine({ version, change, author, at, note, undo, children }: VersionLineProps) {
  return (
    <li>
      <div className="line">
        <b>{version}</b>
        <span>{change}</span>
        <span>{author}</span>
        <Moment at={at} />
        <span className="quiet">{note}</span>
        {undo && (
          <ActionButton
            {...undo}
            done={`Version ${version} is in effect again`}
            label={`Bring back version ${version}`}
          >
            Bring back
          </ActionButton>
        )}
      </div>
      {children}
    </li>
  );
}
