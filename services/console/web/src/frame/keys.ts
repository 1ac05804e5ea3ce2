import { useEffect, useRef } from 'react';

const setting = 'tidewaiter.keys';

/** Whether single keys are shortcuts; the help turns them off for users who dictate. */
export function areKeysOn(): boolean {
  return localStorage.getItem(setting) !== 'off';
}

export function setKeysOn(isOn: boolean): void {
  if (isOn) localStorage.removeItem(setting);
  else localStorage.setItem(setting, 'off');
}

let isPaused = false;
let early = '';

/** Pauses all shortcuts, from the key that opens a dialog to its end. */
export function pauseKeys(isNow: boolean): void {
  isPaused = isNow;
  early = '';
  if (isNow) addEventListener('keydown', noteEarly);
  else removeEventListener('keydown', noteEarly);
}

function noteEarly({ key, ctrlKey, metaKey, altKey, target }: KeyboardEvent): void {
  if (key.length === 1 && !ctrlKey && !metaKey && !altKey && !isTyping(target)) early += key;
}

/** Text that was typed after the key that opens a dialog, and before its field was there. */
export function earlyText(): string {
  return early;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input, textarea, select, [contenteditable], [role=dialog], [role=listbox]') !== null
  );
}

/**
 * Runs what a single key stands for, except while a user types or a dialog is open. A field with
 * completions passes its keys on to their list.
 */
export function useKeys(bindings: Readonly<Record<string, () => void>>): void {
  const current = useRef(bindings);
  current.current = bindings;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isPaused || !areKeysOn() || isTyping(event.target)) return;
      const run = current.current[event.key];
      if (!run) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
