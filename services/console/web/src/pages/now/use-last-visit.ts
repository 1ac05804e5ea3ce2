import { useEffect, useState } from 'react';

import { readVisit, visitAt } from './last-visit.js';

const key = 'tidewaiter.visit';
const noteMs = 60_000;

/** End of the visit before this one; null in the first. */
export function useLastVisit(): string | null {
  const [visit] = useState(() => visitAt(readVisit(localStorage.getItem(key)), new Date()));
  useEffect(() => {
    const note = () => localStorage.setItem(key, JSON.stringify(visitAt(visit, new Date())));
    note();
    const timer = setInterval(note, noteMs);
    return () => clearInterval(timer);
  }, [visit]);
  return visit.previous;
}
