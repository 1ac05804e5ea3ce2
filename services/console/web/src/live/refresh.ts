/** Interval at which what is on the screen is read again; hidden pages are not. */
export const refreshMs = 5_000;

/** Interval for data that changes slowly, such as counts of whole tables. */
export const slowRefreshMs = 15_000;
