import { useSyncExternalStore } from 'react';
import { Button } from 'react-aria-components/Button';

interface Toast {
  id: number;
  text: string;
  isProblem: boolean;
}

const shownMs = 8_000;
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

/** Announces the result of an action. A problem stays until it is dismissed. */
export function notify(text: string, isProblem = false): void {
  const id = nextId;
  nextId += 1;
  change([...toasts.slice(-2), { id, text, isProblem }]);
  if (!isProblem) setTimeout(() => dismiss(id), shownMs);
}

/** Live region of the announcements; it is on the page from the start, so that readers watch it. */
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, isProblem }) => (
        <div key={id} className={isProblem ? 'toast problem' : 'toast'}>
          <span>{text}</span>
          <Button className="plain" aria-label="Dismiss" onPress={() => dismiss(id)}>
            ✕
          </Button>
        </div>
      ))}
    </div>
  );
}
