import { useState } from 'react';
import { Button } from 'react-aria-components/Button';

import type { IncidentDetail } from '../../api/types.js';
import { useKeys } from '../../frame/keys.js';
import { ActionButton } from '../../parts/action-button.js';
import { dialogLater } from '../../parts/later.js';
import { useMe } from '../../parts/use-me.js';
import { doneText, type TriageAct } from '../incidents/triage-acts.js';
import type { DialogKind } from '../incidents/triage-dialog.js';
import { useActKeys } from '../incidents/use-triage-keys.js';
import { perform, useTriage } from '../incidents/use-triage.js';

const TriageDialog = dialogLater(async () => (await import('../incidents/triage-dialog.js')).TriageDialog);

interface Props {
  incident: IncidentDetail;
  /** Whether single keys act on it; beside the list those of the list do. */
  hasKeys?: boolean;
}

/** Work on one incident; nothing for users who may not. */
export function IncidentActions({ incident, hasKeys = false }: Props) {
  const { id, number, state, snoozedUntil, acknowledgedAt } = incident;
  const [dialog, setDialog] = useState<DialogKind | null>(null);
  const triage = useTriage();
  const { may } = useMe();
  const isOpen = state === 'open';
  const keys = useActKeys({
    act: (act) => void (isOpen && triage(act, [incident])),
    ask: (kind) => (isOpen || kind === 'comment') && setDialog(kind),
  });
  useKeys(hasKeys ? keys : {});
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
      {isOpen && acknowledgedAt === null && button({ kind: 'acknowledge' }, 'Acknowledge', 'primary')}
      {isOpen && opener('assign', 'Assign')}
      {isOpen && (snoozedUntil === null ? opener('snooze', 'Snooze') : button({ kind: 'unsnooze' }, 'End snooze'))}
      {isOpen && opener('resolve', 'Resolve')}
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
