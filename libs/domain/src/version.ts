/** Version of every package of Tidewaiter. */
export const version = '0.2.0';
