import { Button } from 'react-aria-components/Button';

import type { RowSelection } from '../../parts/table/use-selection.js';
import { useMe } from '../../parts/use-me.js';
import { counted } from '../../parts/words.js';
import type { TriageAct } from './triage-acts.js';
import type { DialogKind } from './triage-dialog.js';

interface Props {
  selection: RowSelection;
  rows: readonly { readonly id: string }[];
  act: (act: TriageAct) => void;
  ask: (kind: DialogKind) => void;
}

/** Actions on the selected incidents; nothing while none is selected. */
export function TriageBar({ selection, rows, act, ask }: Props) {
  const { may } = useMe();
  const { size } = selection.ids;
  if (size === 0 || !may('responder')) return null;
  return (
    <div className="selection-bar" role="group" aria-label="Actions on the selected incidents">
      <strong aria-live="polite">{counted(size, 'incident')} selected</strong>
      <Button className="button" onPress={() => act({ kind: 'acknowledge' })}>
        Acknowledge
      </Button>
      <Button className="button" onPress={() => ask('assign')}>
        Assign
      </Button>
      <Button className="button" onPress={() => ask('snooze')}>
        Snooze
      </Button>
      <Button className="button" onPress={() => ask('resolve')}>
        Resolve
      </Button>
      {size < rows.length && (
        <Button className="plain" onPress={() => selection.set(rows.map(({ id }) => id))}>
          Select all {rows.length} listed
        </Button>
      )}
      <Button className="plain" onPress={selection.clear}>
        Clear
      </Button>
    </div>
  );
}
