import { useState } from 'react';
import { Button } from 'react-aria-components/Button';

import type { IncidentDetail } from '../../api/types.js';
import { ActionButton } from '../../parts/action-button.js';
import { dialogLater } from '../../parts/later.js';
import { useMe } from '../../parts/use-me.js';
import { doneText, type TriageAct } from '../incidents/triage-acts.js';
import type { DialogKind } from '../incidents/triage-dialog.js';
import { perform, useTriage } from '../incidents/use-triage.js';

const TriageDialog = dialogLater(async () => (await import('../incidents/triage-dialog.js')).TriageDialog);

/** Work on one incident; nothing for users who may not. */
export function IncidentActions({ incident }: { incident: IncidentDetail }) {
  const { id, number, state, snoozedUntil, acknowledgedAt } = incident;
  const [dialog, setDialog] = useState<DialogKind | null>(null);
  const triage = useTriage();
  const { may } = useMe();
  if (!may('responder')) return null;
  const button = (act: TriageAct, text: string, kind?: 'primary') => (
    <ActionButton run={() => perform(act, id)} done={doneText(act, [number])} changes={[['incidents']]} kind={kind}>
      {text}
    </ActionButton>
  );
  const opener = (kind: DialogKind, text: string) => (
    <Button className="button" onPress={() => setDialog(kind)}>
      {text}
    </Button>
  );
  return (
    <div className="actions">
      {state === 'open' && acknowledgedAt === null && button({ kind: 'acknowledge' }, 'Acknowledge', 'primary')}
      {state === 'open' && opener('assign', 'Assign')}
      {state === 'open' &&
        (snoozedUntil === null ? opener('snooze', 'Snooze') : button({ kind: 'unsnooze' }, 'End snooze'))}
      {state === 'open' && opener('resolve', 'Resolve')}
      {state === 'resolved' && button({ kind: 'reopen' }, 'Open again')}
      {opener('comment', 'Comment')}
      {dialog !== null && (
        <TriageDialog
          kind={dialog}
          incidents={[incident]}
          act={(act) => void triage(act, [incident])}
          close={() => setDialog(null)}
        />
      )}
    </div>
  );
}
