/** SQL for a time in a JSON document, in the form that the API has elsewhere: UTC, milliseconds. */
export function isoTimeSql(time: string): string {
  return `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
