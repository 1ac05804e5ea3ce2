import { useSyncExternalStore } from 'react';
import { Button } from 'react-aria-components/Button';

interface Toast {
  id: number;
  text: string;
  isProblem: boolean;
  undo: (() => void) | undefined;
}

const shownMs = 8_000;
/** Time to read what was done, and to go to the button. */
const shownWithUndoMs = 30_000;
const listeners = new Set<() => void>();
let toasts: readonly Toast[] = [];
let nextId = 1;

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function dismiss(id: number): void {
  change(toasts.filter((toast) => toast.id !== id));
}

/** Announces the result of an action, with a way back. A problem stays until it is dismissed. */
export function notify(text: string, isProblem = false, undo?: () => void): void {
  const id = nextId;
  nextId += 1;
  change([...toasts.slice(-2), { id, text, isProblem, undo }]);
  if (!isProblem) setTimeout(() => dismiss(id), undo ? shownWithUndoMs : shownMs);
}

/** Live region of the announcements; it is on the page from the start, so that readers watch it. */
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, isProblem, undo }) => (
        <div key={id} className={isProblem ? 'toast problem' : 'toast'}>
          <span>{text}</span>
          {undo && (
            <Button
              className="plain"
              onPress={() => {
                dismiss(id);
                undo();
              }}
            >
              Undo
            </Button>
          )}
          <Button className="plain" aria-label="Dismiss" onPress={() => dismiss(id)}>
            ✕
          </Button>
        </div>
      ))}
    </div>
  );
}
